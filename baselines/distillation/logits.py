"""The simplest distillation for restoration: the teacher's output beside the ground truth."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.distillation.objective import l1
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller


class Logits(Distiller):
    """L = |S(I) - G|_1 + |S(I) - T(I)|_1.

    Source: Hinton et al., Distilling the Knowledge in a Neural Network, 2015; an image restorer's output takes the
    place of the logits, as in the comparisons of the super-resolution distillers.
    Paper: no weights are published for restoration. / Here: both terms weigh 1.
    """

    def __init__(self, teacher: nn.Module, student: nn.Module) -> None:
        super().__init__(teacher, student)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `truth` and `teacher` for a batch of (N, 3, H, W) images in [0, 1]."""
        with torch.no_grad():
            target = self.teacher(degraded)
        restored = self.student(degraded)
        return {"truth": l1(restored, clean), "teacher": l1(restored, target)}


SPEC = DistillerSpec(
    id="logits",
    title="output distillation",
    citation="L1 to the clean image and to the teacher's output (Hinton et al., 2015)",
    target="baselines.distillation.logits:Logits",
    row="logits",
    kind="control",
)
