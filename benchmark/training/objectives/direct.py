"""What a method that is trained directly, without a teacher, has in common: a student and weights of its terms."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from baselines.objective import Objective


class Direct(Objective):
    """An objective for one network; called on (degraded, clean), each (N, 3, H, W) in [0, 1], it gives scalar terms."""

    def __init__(self, student: nn.Module, **weights: float) -> None:
        super().__init__(student, weights=weights)


def mean_square(result: Tensor, target: Tensor) -> Tensor:
    """The mean squared difference, in float32."""
    return (result.float() - target.float()).square().mean()


def smooth(image: Tensor, kernel: Tensor) -> Tensor:
    """`image` (N, C, H, W) filtered with the outer product of `kernel` with itself, on valid positions only."""
    channels = image.shape[1]
    down = kernel.to(image).view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    across = kernel.to(image).view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    return torch.conv2d(torch.conv2d(image, down, groups=channels), across, groups=channels)


def gaussian(size: int, sigma: float, like: Tensor) -> Tensor:
    """A Gaussian window of `size` taps that sums to one, where `like` lies."""
    positions = torch.arange(size, dtype=torch.float32, device=like.device) - (size - 1) / 2
    window = torch.exp(-positions.square() / (2 * sigma**2))
    return window / window.sum()


def taps(values: Sequence[float], like: Tensor) -> Tensor:
    """A window of these taps where `like` lies, made there: a tensor of the host's would have to be waited for."""
    return torch.cat([like.new_full((1,), value) for value in values])
