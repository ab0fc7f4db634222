"""What every distiller is: a student that learns, a frozen teacher, and named loss terms for a batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Objective(nn.Module):
    """A training objective: called on `(degraded, clean)`, both (N, 3, H, W) in [0, 1], it gives named scalar terms.

    The loss is `sum(weights.get(name, 1.0) * term)`, which `total` computes. Whatever has `requires_grad` in
    `parameters()` is trained: the student and, where a method needs them, adapters. The teacher is frozen, stays in
    eval mode whatever `train()` says, and is run without gradients.

    Raises ValueError if teacher and student are the same module (freezing the one would freeze the other).
    """

    weights: dict[str, float]

    def __init__(self, student: nn.Module, teacher: nn.Module | None = None) -> None:
        super().__init__()
        if teacher is student:
            raise ValueError("expected two networks; found one module as teacher and student. Copy it with deepcopy.")
        self.student = student
        self.teacher = teacher
        self.weights = {}
        if teacher is not None:
            freeze(teacher)

    def train(self, mode: bool = True) -> Objective:
        """Training mode for the student and the adapters; the teacher stays in eval mode."""
        super().train(mode)
        if self.teacher is not None:
            self.teacher.eval()
        return self

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms of one call."""
        return torch.stack([self.weights.get(name, 1.0) * term for name, term in terms.items()]).sum()


def freeze(network: nn.Module) -> None:
    """Puts a network in eval mode and takes its parameters out of training."""
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)


def l1(result: Tensor, target: Tensor) -> Tensor:
    """The mean absolute difference of two tensors of one shape, in float32 or better."""
    return (at_least_float32(result) - at_least_float32(target)).abs().mean()


def at_least_float32(x: Tensor) -> Tensor:
    """Half-precision tensors as float32; others as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def same_area(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Two feature maps cut to their common height and width: networks of other strides pad further right and down."""
    height = min(first.shape[-2], second.shape[-2])
    width = min(first.shape[-1], second.shape[-1])
    return first[..., :height, :width], second[..., :height, :width]


def pointwise(inputs: Sequence[int], outputs: Sequence[int]) -> nn.ModuleList:
    """One 1x1 convolution a level, from a width to another, the shallowest level first.

    A level whose two widths are equal starts as the identity. Levels beyond the shorter of the two lists get none.
    """
    layers = nn.ModuleList()
    for before, after in zip(inputs, outputs, strict=False):
        layer = nn.Conv2d(before, after, 1)
        if before == after:
            nn.init.dirac_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        layers.append(layer)
    return layers
