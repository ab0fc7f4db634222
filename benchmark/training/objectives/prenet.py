"""PReNet's loss: the negative SSIM of the last stage (Ren et al., CVPR 2019, Section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.training.objectives.direct import Direct, gaussian, smooth


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """The mean SSIM of two batches (N, C, H, W) in [0, 1], channel by channel (Wang et al., 2004, Equation 13).

    Window 11 x 11, sigma 1.5, on valid positions; needs H and W of 11 or more.
    """
    window = gaussian(11, 1.5, first)
    pair = torch.cat([first, second, first * first, second * second, first * second], 1).float()
    mean_a, mean_b, square_a, square_b, product = smooth(pair, window).chunk(5, 1)
    variance_a, variance_b = square_a - mean_a**2, square_b - mean_b**2
    covariance = product - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (numerator / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))).mean()


class NegativeSSIM(Direct):
    """L = - SSIM(x_T, x_gt): single supervision of the last stage.

    Paper: SSIM on which channels is not said. Here: on R, G and B, averaged.
    """

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The term `ssim`, from -1 (equal images) to 1."""
        restored = self.student(degraded)
        with torch.autocast(degraded.device.type, enabled=False):
            return {"ssim": -ssim(restored.float(), clean.float())}
