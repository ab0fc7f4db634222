"""What every training objective is: a student that learns, perhaps a frozen teacher, and named loss terms for a batch."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from baselines.networks.shape.features import EncoderDecoder


class Objective(nn.Module):
    """A training objective: called on `(degraded, clean)`, both (N, 3, H, W) in [0, 1], it gives named scalar terms.

    The loss is `sum(weights.get(name, 1.0) * term)`, which `total` computes. Whatever has `requires_grad` in
    `parameters()` is trained: the student and, where a method needs them, adapters. The teacher is frozen, stays in
    eval mode whatever `train()` says, and is run without gradients.

    Raises ValueError if teacher and student share weights (freezing the one would freeze the other).
    """

    version = 1  # of the formulas: raised by hand where the values of the terms or their gradients move
    balance_reference = ""  # the term whose gradient the others' are compared with; empty: no comparison

    def __init__(
        self, student: nn.Module, teacher: nn.Module | None = None, weights: dict[str, float] | None = None
    ) -> None:
        super().__init__()
        if teacher is not None and share_weights(student, teacher):
            raise ValueError("expected two networks; found one module as teacher and student. Copy it with deepcopy.")
        self.student = student
        self.teacher = teacher
        self.weights: dict[str, float] = weights or {}
        for network in self.frozen():
            freeze(network)

    def frozen(self) -> list[nn.Module]:
        """The networks that are asked and never trained."""
        return [] if self.teacher is None else [self.teacher]

    def train(self, mode: bool = True) -> Self:
        """Training mode for the student and the adapters; teachers stay in eval mode."""
        super().train(mode)
        for network in self.frozen():
            network.eval()
        return self

    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """What has to be done before step `step` of `total` on a batch (N, 3, H, W); nothing here."""

    def settled_at(self, total: int) -> int:
        """The first step of `total` at which every term has its whole gradient: where comparing them means something."""
        return 0

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms of one call."""
        return torch.stack([self.weights.get(name, 1.0) * term for name, term in terms.items()]).sum()


class Distiller(Objective):
    """An objective with a teacher; see `Objective`. Those that compare features need encoder-decoders, or what acts as one."""

    teacher: EncoderDecoder
    student: EncoderDecoder

    def __init__(self, teacher: nn.Module, student: nn.Module, **weights: float) -> None:
        super().__init__(student, teacher, weights)


def freeze(network: nn.Module) -> None:
    """Puts a network in eval mode and takes its parameters out of training."""
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)


def share_weights(first: nn.Module, second: nn.Module) -> bool:
    """Whether freezing one would freeze a part of the other."""
    return first is second or not {id(p) for p in first.parameters()}.isdisjoint(id(p) for p in second.parameters())
