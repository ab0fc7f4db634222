"""The memory layout that convolutions run fastest in."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def fast_layout(image: Tensor) -> Tensor:
    """`image` (N, C, H, W), the same values; channels last on a CPU, which spares oneDNN a reorder a layer."""
    return image.contiguous(memory_format=torch.channels_last) if image.device.type == "cpu" else image


def pointwise(features: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The 1 x 1 convolution of `features` (N, C, H, W) with `weight` (O, C, 1, 1); on a CPU as one matrix product."""
    if features.device.type != "cpu":
        return F.conv2d(features, weight, bias)
    return F.linear(features.permute(0, 2, 3, 1), weight[..., 0, 0], bias).permute(0, 3, 1, 2)


def only_inference(network: nn.Module) -> bool:
    """Whether a form of `network` may run that costs less than the published one but is neither trained nor counted.

    True in evaluation mode without gradients. False while a graph is traced, so that an operator count and an exported
    graph hold the published operations.
    """
    return not (network.training or torch.is_grad_enabled() or torch.jit.is_tracing())
