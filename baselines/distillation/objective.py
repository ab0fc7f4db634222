"""What the distillers share: comparisons of images and of features, and adapters between widths."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def l1(result: Tensor, target: Tensor) -> Tensor:
    """The mean absolute difference of two tensors of one shape, in float32 or better."""
    return (at_least_float32(result) - at_least_float32(target)).abs().mean()


def at_least_float32(x: Tensor) -> Tensor:
    """Half-precision tensors as float32; others as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def same_area(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Two feature maps cut to their common height and width: networks of other strides pad further right and down."""
    height = min(first.shape[-2], second.shape[-2])
    width = min(first.shape[-1], second.shape[-1])
    return first[..., :height, :width], second[..., :height, :width]


def pointwise(inputs: Sequence[int], outputs: Sequence[int]) -> nn.ModuleList:
    """One 1x1 convolution a level, from a width to another, the shallowest level first.

    A level whose two widths are equal starts as the identity. Levels beyond the shorter of the two lists get none.
    """
    layers = nn.ModuleList()
    for before, after in zip(inputs, outputs, strict=False):
        layer = nn.Conv2d(before, after, 1)
        if before == after:
            nn.init.dirac_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        layers.append(layer)
    return layers
