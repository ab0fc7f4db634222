"""MT-RNN written plainly: every iteration begins anew with the two images and the remembered features joined."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.mtrnn import MTRNN


class PlainMTRNN(MTRNN):
    """The same parameters and function as `MTRNN`, for sizes that need no padding."""

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W) in [0, 1]."""
        degraded = 255 * image
        shown = degraded
        memories: tuple[Tensor, Tensor] | None = None
        for _ in range(self.times):
            shown, memories = self._iterate(degraded, shown, memories)
        return shown / 255

    def _iterate(
        self, degraded: Tensor, shown: Tensor, memories: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        degraded, shown = self.off_mean(degraded), self.off_mean(shown)
        full = _residual(self.encoder, self.first(torch.cat((degraded, shown), dim=1)))
        half = _leaky(self.down(full))
        half = self.recall(torch.cat((half, memories[0] if memories else half), dim=1))
        half = _residual(self.encoder_half, half)
        quarter = _leaky(self.down_half(half))
        quarter = self.recall_quarter(torch.cat((quarter, memories[1] if memories else quarter), dim=1))
        quarter = _residual(self.bottleneck, quarter)
        half = self.join_half(torch.cat((_leaky(self.up_half(quarter)), half), dim=1))
        half = _residual(self.decoder_half, half)
        full = self.join(torch.cat((_leaky(self.up(half)), full), dim=1))
        full = _residual(self.decoder, full)
        return self.back_mean(self.last(full) + degraded), (half, quarter)


def _leaky(features: Tensor) -> Tensor:
    return F.leaky_relu(features, 0.1, inplace=True)


def _residual(blocks: nn.Module, features: Tensor) -> Tensor:
    block: Any
    for block in blocks.children():
        features = block.conv2(_leaky(block.conv1(features))) + features
    return features


def build(**arguments: Any) -> PlainMTRNN:
    """The plain network with the constructor arguments of `MTRNN`."""
    return PlainMTRNN(**arguments)
