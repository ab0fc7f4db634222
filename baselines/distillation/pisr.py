"""Privileged information for restoration, Lee et al., ECCV 2020: the closest ancestor of a teacher that sees the clean
image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.distillation.objective import at_least_float32, l1, pointwise, same_area
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller


class PISR(Distiller):
    """L = |S(I) - G|_1 + weight mean_k [log b_k + |T_k(G) - mu_k| / b_k]: variational distillation from a teacher of
    clean images.

    mu_k and b_k, location and scale of a Laplace distribution of the teacher's features, are 1x1 convolutions of the
    student's.
    Paper: the teacher encodes the high-resolution image itself, is trained for it, and its decoder starts the student.
    / Here: the frozen restoration teacher is fed the clean image; the student starts as in every other row.
    Paper: one layer, weight tuned to its network. / Here: all decoder levels, divided by the teacher's RMS, weight .01.
    """

    def __init__(self, teacher: nn.Module, student: nn.Module, weight: float = 0.01) -> None:
        super().__init__(teacher, student)
        self.weights = {"information": weight}
        self.location = pointwise(student.decoder_widths, teacher.decoder_widths)  # type: ignore[arg-type]
        self.scale = pointwise(student.decoder_widths, teacher.decoder_widths)  # type: ignore[arg-type]

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `truth` and `information` for a batch of (N, 3, H, W) images in [0, 1]."""
        with torch.no_grad():
            guide = self.teacher.features(clean)
        ours = self.student.features(degraded)
        return {
            "truth": l1(ours.restored, clean),
            "information": information_loss(self.location, self.scale, ours.decoder, guide.decoder),
        }


def information_loss(
    location: nn.ModuleList, scale: nn.ModuleList, student: Sequence[Tensor], teacher: Sequence[Tensor]
) -> Tensor:
    """The mean over levels of the negative log-likelihood (less log 2) of the teacher's features; it may be
    negative."""
    losses = []
    for mean, spread, *pair in zip(location, scale, student, teacher, strict=False):
        ours, theirs = same_area(*pair)
        goal = at_least_float32(theirs)
        goal = goal * torch.rsqrt(goal.square().mean() + 1e-6)
        width = F.softplus(at_least_float32(spread(ours))) + 0.01
        losses.append((torch.log(width) + (goal - at_least_float32(mean(ours))).abs() / width).mean())
    return torch.stack(losses).mean()


SPEC = DistillerSpec(
    id="pisr",
    title="PISR, privileged information",
    citation="Lee et al., ECCV 2020",
    target="baselines.distillation.pisr:PISR",
    row="PISR",
    licence="code: no licence read",
    options={"weight": 0.01},
)
