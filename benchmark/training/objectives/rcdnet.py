"""RCDNet's loss: every stage's background and rain layer (Wang et al., CVPR 2020, Equation 18)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.networks.rcdnet import RCDNet
from benchmark.training.objectives.direct import Direct, mean_square


class AllStages(Direct):
    """L = sum_s lambda_s |B_s - B|^2 + gamma_s |O - B - R_s|^2, lambda and gamma 1 at the last stage and .1 before.

    Paper: images in [0, 255]. Here: in [0, 1], which the optimiser's step does not see.
    """

    student: RCDNet

    def __init__(self, student: nn.Module) -> None:
        super().__init__(student, backgrounds=0.1, rain_layers=0.1)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """`background` and `rain` of the last stage, `backgrounds` and `rain_layers` summed over those before."""
        images, layers = self.student.estimates(degraded)
        rain = degraded - clean
        return {
            "background": mean_square(images[-1], clean),
            "rain": mean_square(layers[-1], rain),
            "backgrounds": torch.stack([mean_square(image, clean) for image in images[:-1]]).sum(),
            "rain_layers": torch.stack([mean_square(layer, rain) for layer in layers[:-1]]).sum(),
        }
