"""DeamNet's loss: the squared error of the restored image (Ren et al., CVPR 2021)."""

from __future__ import annotations

from torch import Tensor

from benchmark.training.objectives.direct import Direct, mean_square


class SquaredError(Direct):
    """L = |F(y) - x|^2, the mean over all values.

    Paper: divides by twice the batch as well. Here: not, which the optimiser's step does not see.
    """

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The term `square`."""
        return {"square": mean_square(self.student(degraded), clean)}
