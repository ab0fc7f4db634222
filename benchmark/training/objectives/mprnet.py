"""MPRNet's loss: Charbonnier and edge loss on three stages (Zamir et al., CVPR 2021, Equations 1 to 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.mprnet import MPRNet
from benchmark.training.objectives.direct import Direct, smooth, taps

EPSILON = 1e-3
BINOMIAL = (0.05, 0.25, 0.4, 0.25, 0.05)  # Burt and Adelson's generating kernel, a = .4


def charbonnier(first: Tensor, second: Tensor) -> Tensor:
    """The mean of sqrt((first - second)^2 + epsilon^2), epsilon 1e-3 (Equation 2)."""
    return ((first.float() - second.float()).square() + EPSILON**2).sqrt().mean()


def laplacian(image: Tensor) -> Tensor:
    """The finest band of Burt and Adelson's Laplacian pyramid of an image (N, C, H, W): the image less what is left of it
    after halving and doubling; borders are repeated."""
    halved = _blurred(image)[..., ::2, ::2]
    doubled = torch.zeros_like(image)
    doubled[..., ::2, ::2] = 4 * halved
    return image - _blurred(doubled)


def _blurred(image: Tensor) -> Tensor:
    return smooth(F.pad(image, (2, 2, 2, 2), mode="replicate"), taps(BINOMIAL, image))


class CharbonnierEdge(Direct):
    """L = sum over three stages of L_char(X_s, Y) + .05 L_edge(X_s, Y), L_edge the Charbonnier of Laplacians.

    Paper: the edge loss for every task. / Here, as the authors' code has it: not for denoising (`edge=0`), where the two
    terms would weigh about alike, the Laplacian of noise being as large as the noise.
    """

    student: MPRNet

    version = 2

    def __init__(self, student: nn.Module, edge: float = 0.05) -> None:
        super().__init__(student, edge=edge)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """`charbonnier` and, where it has a weight, `edge`, each summed over the stages."""
        stages = self.student.stages(degraded)
        with torch.autocast(degraded.device.type, enabled=False):
            terms = {"charbonnier": torch.stack([charbonnier(stage, clean) for stage in stages]).sum()}
            if self.weights["edge"] > 0:
                edges = laplacian(clean.float())
                terms["edge"] = torch.stack([charbonnier(laplacian(stage.float()), edges) for stage in stages]).sum()
            return terms
