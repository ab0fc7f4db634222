"""Attention transfer, Zagoruyko and Komodakis, ICLR 2017 (the paper's [23])."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.objective import at_least_float32, l1, same_area
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller


class AttentionTransfer(Distiller):
    """L = |S(I) - G|_1 + beta/2 mean_k || Q_k(S)/||Q_k(S)||_2 - Q_k(T)/||Q_k(T)||_2 ||_2, Q the sum of squares over
    channels.

    Paper: classification, a cross-entropy and beta of 1e3 over the map's size. / Here: L1 to the ground truth, beta
    .1, over all encoder and decoder levels; the norm's square root has a floor, as two equal maps have no direction.
    """

    def __init__(self, teacher: nn.Module, student: nn.Module, beta: float = 0.1) -> None:
        super().__init__(teacher, student)
        self.weights = {"attention": beta / 2}

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `truth` and `attention` for a batch of (N, 3, H, W) images in [0, 1]."""
        with torch.no_grad():
            guide = self.teacher.features(degraded)
        ours = self.student.features(degraded)
        return {
            "truth": l1(ours.restored, clean),
            "attention": attention_loss(ours.encoder + ours.decoder, guide.encoder + guide.decoder),
        }


def attention_loss(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """The mean over levels and samples of the distance of normalised attention maps; widths may differ."""
    distances = []
    for pair in zip(student, teacher, strict=False):
        ours, theirs = (attention_map(x) for x in same_area(*pair))
        distances.append((((ours - theirs).square().sum(-1) + 1e-12).sqrt() - 1e-6).mean())
    return torch.stack(distances).mean()


def attention_map(features: Tensor) -> Tensor:
    """The sum of squares over channels of (N, C, H, W) as a vector (N, HW) of unit length."""
    return F.normalize(at_least_float32(features).square().sum(1).flatten(1), dim=1, eps=1e-6)


SPEC = DistillerSpec(
    id="at",
    title="attention transfer",
    citation="Zagoruyko and Komodakis, ICLR 2017",
    target="baselines.distillation.attention_transfer:AttentionTransfer",
    row="AT",
    licence="code: no licence read",
    options={"beta": 0.1},
)
