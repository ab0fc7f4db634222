"""FitNets: hints from the teacher's features, Romero et al., ICLR 2015 (the paper's [22])."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from baselines.distillation.objective import at_least_float32, l1, pointwise, same_area
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Distiller


class FitNets(Distiller):
    """L = |S(I) - G|_1 + weight mean_k 1/2 ||r_k(S_k) - T_k||^2 / ||T_k||^2 with a 1x1 regressor r_k a level (Equation
    3 there).

    Paper: one hint layer, trained before the rest. / Here: all encoder and decoder levels, together with the L1 loss,
    each level divided by the teacher's mean square so that one weight serves all: .01, as .1 cost .8 dB on the mini
    validation pairs against no hint at all.
    """

    def __init__(self, teacher: nn.Module, student: nn.Module, weight: float = 0.01) -> None:
        super().__init__(teacher, student)
        self.weights = {"hint": weight}
        self.encoder = pointwise(student.encoder_widths, teacher.encoder_widths)  # type: ignore[arg-type]
        self.decoder = pointwise(student.decoder_widths, teacher.decoder_widths)  # type: ignore[arg-type]

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `truth` and `hint` for a batch of (N, 3, H, W) images in [0, 1]."""
        with torch.no_grad():
            guide = self.teacher.features(degraded)
        ours = self.student.features(degraded)
        hints = hint_losses(self.encoder, ours.encoder, guide.encoder)
        hints += hint_losses(self.decoder, ours.decoder, guide.decoder)
        return {"truth": l1(ours.restored, clean), "hint": torch.stack(hints).mean()}


def hint_losses(regressors: nn.ModuleList, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> list[Tensor]:
    """Half the mean square error of each level's regressed features, over the teacher's mean square."""
    losses = []
    for regressor, *pair in zip(regressors, student, teacher, strict=False):
        ours, theirs = same_area(*pair)
        goal = at_least_float32(theirs)
        error = at_least_float32(regressor(ours)) - goal
        losses.append(0.5 * error.square().mean() / (goal.square().mean() + 1e-6))
    return losses


SPEC = DistillerSpec(
    id="fitnets",
    title="FitNets",
    citation="Romero et al., ICLR 2015",
    target="baselines.distillation.fitnets:FitNets",
    licence="code: none used",
    options={"weight": 0.01},
)
