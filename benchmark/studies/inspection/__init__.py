"""What to look at before a distillation is trusted: the teacher on clean images, gradients by term, feature maps."""
