"""The control every distiller has to beat: the same student, the same steps, no teacher."""

from __future__ import annotations

from torch import Tensor, nn

from baselines.distillation.objective import l1
from baselines.distillation.spec import DistillerSpec
from baselines.objective import Objective


class Scratch(Objective):
    """The student trained on the ground truth alone: L = |S(I) - G|_1.

    Paper: has no such row. / Here: mandatory, at the same number of iterations as every distilled row.
    """

    def __init__(self, student: nn.Module) -> None:
        super().__init__(student)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The term `truth` for a batch of (N, 3, H, W) images in [0, 1]."""
        return {"truth": l1(self.student(degraded), clean)}


SPEC = DistillerSpec(
    id="scratch",
    title="from scratch",
    citation="no teacher: L1 to the clean image",
    target="baselines.distillation.scratch:Scratch",
    row="scratch",
    kind="control",
    needs_teacher=False,
)
