"""Validation while training: the mean RGB PSNR on a few pairs that are no test pairs, for the curve in the card."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


@torch.no_grad()
def mean_psnr(network: nn.Module, pairs: Sequence[tuple[Tensor, Tensor]], device: torch.device) -> float:
    """The mean PSNR in dB over `pairs` of (degraded, clean), each (3, H, W) or (N, 3, H, W) in [0, 1].

    PSNR is of each image, on all channels, output clamped to [0, 1] and not rounded. The network's mode is given back.
    """
    training = network.training
    network.eval()
    values: list[float] = []
    for degraded, clean in pairs:
        batch, target = (image.unsqueeze(0) if image.dim() == 3 else image for image in (degraded, clean))
        restored = network(batch.to(device)).float().clamp(0, 1)
        errors = (restored - target.to(device)).double().square().mean(dim=(1, 2, 3))
        values.extend((-10 * torch.log10(errors)).tolist())
    network.train(training)
    return sum(values) / len(values)
