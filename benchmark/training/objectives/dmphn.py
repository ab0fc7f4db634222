"""DMPHN's loss: the squared error of its levels (Zhang et al., CVPR 2019, Section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.networks.dmphn import DMPHN
from benchmark.training.objectives.direct import Direct, mean_square


class PerLevel(Direct):
    """L = |S_1 - G|^2 of the whole image's level + `finer` times the sum of the finer levels' own.

    Paper: only the whole image's level has a target. / Here: the same by default, and at scale paper; at scale mini the
    others weigh .1 too, since a small network in a short training gains by it.
    """

    student: DMPHN

    version = 2

    def __init__(self, student: nn.Module, finer: float = 0.0) -> None:
        super().__init__(student, finer=finer)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `whole` and `finer`."""
        *finer, whole = self.student.levels(degraded)
        terms = {"whole": mean_square(whole, clean)}
        if finer and self.weights["finer"] > 0:
            terms["finer"] = torch.stack([mean_square(level, clean) for level in finer]).sum()
        return terms
