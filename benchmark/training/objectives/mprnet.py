"""MPRNet's loss: Charbonnier and edge loss on three stages (Zamir et al., CVPR 2021, Equations 1 to 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.training.objectives.direct import Direct, smooth, taps

EPSILON = 1e-3
BINOMIAL = (0.05, 0.25, 0.4, 0.25, 0.05)  # Burt and Adelson's generating kernel, a = .4


def charbonnier(first: Tensor, second: Tensor) -> Tensor:
    """The mean of sqrt((first - second)^2 + epsilon^2), epsilon 1e-3 (Equation 2)."""
    return ((first.float() - second.float()).square() + EPSILON**2).sqrt().mean()


def laplacian(image: Tensor) -> Tensor:
    """The finest band of a Laplacian pyramid without decimation: the image (N, C, H, W) less its blur, borders cut."""
    return image[..., 2:-2, 2:-2] - smooth(image, taps(BINOMIAL, image))


class CharbonnierEdge(Direct):
    """L = sum over three stages of L_char(X_s, Y) + .05 L_edge(X_s, Y), L_edge the Charbonnier of Laplacians.

    Paper: the Laplacian's kernel is not given. Here: see `laplacian`.
    """

    def __init__(self, student: nn.Module) -> None:
        super().__init__(student, edge=0.05)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """`charbonnier` and `edge`, each summed over the stages."""
        stages = self.student.stages(degraded)  # type: ignore[operator]
        with torch.autocast(degraded.device.type, enabled=False):
            edges = laplacian(clean.float())
            return {
                "charbonnier": torch.stack([charbonnier(stage, clean) for stage in stages]).sum(),
                "edge": torch.stack([charbonnier(laplacian(stage.float()), edges) for stage in stages]).sum(),
            }
