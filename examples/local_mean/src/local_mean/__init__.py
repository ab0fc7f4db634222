"""A method from outside, complete: a tiny denoising network and the factory that gives it to slkd-bench."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LocalMean(nn.Module):
    """Moves each pixel towards the mean of its neighbourhood, the more the smaller the variance there is.

    The best linear estimate of a signal of variance v - n behind noise of variance n, where v is seen.

    Source: Lee, "Digital image enhancement and noise filtering by use of local statistics", IEEE TPAMI 1980, equation 8.
    """

    def __init__(self, size: int = 5, noise: float = 0.03) -> None:
        super().__init__()
        self.size = size
        self.noise = nn.Parameter(torch.tensor(noise**2))  # a variance; a real network would load trained weights

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] of any size to the same; what lies outside [0, 1] is clamped when it is scored."""
        mean = self._mean(image)
        variance = (self._mean(image * image) - mean * mean).clamp_min(1e-8)
        return mean + (1 - self.noise / variance).clamp(0, 1) * (image - mean)

    def _mean(self, image: Tensor) -> Tensor:
        margin = self.size // 2
        return F.avg_pool2d(F.pad(image, (margin,) * 4, mode="replicate"), self.size, stride=1)


def build() -> nn.Module:
    """The network, ready for use. A factory that wants to know the task takes it as an argument: `build(task)`."""
    return LocalMean()


build.tasks = ("denoising",)  # type: ignore[attr-defined]  # without this line the method runs on every task
