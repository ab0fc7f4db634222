"""Uformer's loss: the Charbonnier distance of the restored image (Wang et al., CVPR 2022, Equation 5)."""

from __future__ import annotations

from torch import Tensor

from benchmark.training.objectives.direct import Direct
from benchmark.training.objectives.mprnet import charbonnier


class Charbonnier(Direct):
    """L = sqrt(|I' - I|^2 + epsilon^2), epsilon 1e-3, the mean over all values."""

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The term `charbonnier` for a batch of (N, 3, H, W) images in [0, 1]."""
        return {"charbonnier": charbonnier(self.student(degraded), clean)}
