"""What to look at before any distillation is trusted: the teacher on clean images, gradients by term, features by level."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


@torch.no_grad()
def clean_psnr(teacher: nn.Module, clean: Tensor) -> Tensor:
    """PSNR in dB of a teacher's output on clean images (N, 3, H, W) in [0, 1] against themselves: (N,), infinite if equal.

    It bounds what a student can reach that learns from this output and not from the clean image.
    """
    restored = teacher(clean)
    restored = restored.to(torch.promote_types(restored.dtype, torch.float32)).clamp(0, 1)
    error = (restored - clean).square().mean(dim=(1, 2, 3))
    return -10 * torch.log10(error)


def gradient_norms(objective: nn.Module, terms: dict[str, Tensor], weighted: bool = False) -> dict[str, float]:
    """The norm of each term's gradient with respect to the student's parameters, 0 for a term that does not reach them.

    `terms` come from one call of the objective and can still be used afterwards; `weighted` multiplies by their
    weights.
    """
    student: nn.Module = objective.student  # type: ignore[assignment]
    weights: dict[str, float] = getattr(objective, "weights", {})
    parameters = [p for p in student.parameters() if p.requires_grad]
    norms = {}
    for name, term in terms.items():
        norm = 0.0
        if term.requires_grad:
            gradients = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
            norm = math.sqrt(sum(float(g.double().square().sum()) for g in gradients if g is not None))
        norms[name] = norm * (weights.get(name, 1.0) if weighted else 1.0)
    return norms


@torch.no_grad()
def feature_maps(network: nn.Module, image: Tensor) -> dict[str, Tensor]:
    """The features of (N, 3, H, W), one tensor (N, C, h, w) for each of `encoder 1`, ..., `decoder 1`, ..., and
    `restored`."""
    found = network.features(image)  # type: ignore[operator]
    maps = {f"encoder {k}": level for k, level in enumerate(found.encoder, 1)}
    maps |= {f"decoder {k}": level for k, level in enumerate(found.decoder, 1)}
    return maps | {"restored": found.restored}
