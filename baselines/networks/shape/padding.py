"""Padding an image to a multiple of a network's stride, for any size however small."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(image: Tensor, multiple: int | tuple[int, int]) -> Tensor:
    """Reflects `image` (N, C, H, W) at the right and the bottom until H and W are multiples of `multiple`.

    `multiple` may be a pair, for H and for W. An image smaller than its own padding is reflected as often as needed;
    a side of one pixel is replicated.
    """
    height, width = image.shape[-2:]
    rows, columns = multiple if isinstance(multiple, tuple) else (multiple, multiple)
    down, right = -height % rows, -width % columns
    while down or right:
        step_down, step_right = min(down, image.shape[-2] - 1), min(right, image.shape[-1] - 1)
        if step_down == 0 and step_right == 0:
            return F.pad(image, (0, right, 0, down), mode="replicate")
        image = F.pad(image, (0, step_right, 0, step_down), mode="reflect")
        down, right = down - step_down, right - step_right
    return image
