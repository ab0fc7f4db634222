"""The memory layout that convolutions run fastest in."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def fast_layout(image: Tensor) -> Tensor:
    """`image` (N, C, H, W), the same values; channels last on a CPU, which spares oneDNN a reorder a layer."""
    return image.contiguous(memory_format=torch.channels_last) if image.device.type == "cpu" else image


def pointwise(features: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The 1 x 1 convolution of `features` (N, C, H, W) with `weight` (O, C, 1, 1); on a CPU as one matrix product."""
    if features.device.type != "cpu":
        return F.conv2d(features, weight, bias)
    return F.linear(features.permute(0, 2, 3, 1), weight[..., 0, 0], bias).permute(0, 3, 1, 2)


def by_pixel(x: Tensor) -> bool:
    """Whether the channels of a pixel of `x` (N, C, H, W) lie side by side in memory."""
    return x.is_contiguous(memory_format=torch.channels_last)
