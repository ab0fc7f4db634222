"""Feature-affinity distillation, He et al., ICIP 2020."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.objective import at_least_float32, l1, same_area
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller

GRID = 16


class FAKD(Distiller):
    """L = .5 |S(I) - G|_1 + .5 |S(I) - T(I)|_1 + 10 sum_k |A_k(S) - A_k(T)|_1, A the spatial affinity of level k.

    A = F'F with the columns of F (C, HW) of unit length, so that student and teacher may differ in width.
    Paper: affinities of whole super-resolution patches, small at the input's resolution. / Here: features are averaged
    to at most 16x16 positions first (a 128x128 map has 2.7e8 affinities).
    Paper: the sum over chosen layers, three in the authors' released command, which has the same weights. / Here: the sum
    over all encoder and decoder levels, seven for Restormer, so the affinities weigh 7/3 of theirs.
    """

    version = 2

    def __init__(self, teacher: nn.Module, student: nn.Module) -> None:
        super().__init__(teacher, student)
        self.weights = {"truth": 0.5, "teacher": 0.5, "affinity": 10.0}

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `truth`, `teacher` and `affinity` for a batch of (N, 3, H, W) images in [0, 1]."""
        with torch.no_grad():
            guide = self.teacher.features(degraded)
        ours = self.student.features(degraded)
        return {
            "truth": l1(ours.restored, clean),
            "teacher": l1(ours.restored, guide.restored),
            "affinity": affinity_loss(ours.encoder + ours.decoder, guide.encoder + guide.decoder),
        }


def affinity_loss(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """The sum over levels of the L1 distance of the affinities of features (N, C, H, W), widths of any kind."""
    pairs = [same_area(ours, theirs) for ours, theirs in zip(student, teacher, strict=False)]
    return torch.stack([l1(affinity(ours), affinity(theirs)) for ours, theirs in pairs]).sum()


def affinity(features: Tensor) -> Tensor:
    """Cosines between all positions of the averaged features: (N, C, H, W) to (N, P, P), P at most 256."""
    height, width = (min(side, GRID) for side in features.shape[-2:])
    columns = F.normalize(
        F.adaptive_avg_pool2d(at_least_float32(features), (height, width)).flatten(2), dim=1, eps=1e-6
    )
    return columns.transpose(1, 2) @ columns


SPEC = DistillerSpec(
    id="fakd",
    title="FAKD, feature affinity",
    citation="He et al., ICIP 2020",
    target="baselines.distillation.fakd:FAKD",
    row="FAKD",
    licence="code: no licence read",
)
