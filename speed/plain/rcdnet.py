"""RCDNet written plainly: norms apart from convolutions, kernels as they are, every stage's results kept."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.networks.rcdnet import RCDNet


class PlainRCDNet(RCDNet):
    """The same parameters and function as `RCDNet`."""

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W) in [0, 1]."""
        rainy = 255 * image
        auxiliary = F.conv2d(rainy, self.auxiliary, padding=1)
        both = _blocks(self.background_start, torch.cat((rainy, auxiliary), dim=1))
        background, auxiliary = both[:, :3], both[:, 3:]
        backgrounds: list[Tensor] = []
        rains: list[Tensor] = []

        excess = torch.relu(rainy - background - self.rain_threshold)
        maps = F.conv_transpose2d(excess, self.first_kernels / 10, padding=4)
        steps = torch.cat((self.first_background_step[None], self.background_steps))
        for stage in range(len(self.rain_nets)):
            if stage:
                error = rains[-1] - (rainy - background)
                gradient = F.conv_transpose2d(error, self.kernels[1] / 10, padding=4)
                maps = maps - self.rain_steps[stage - 1] / 10 * gradient
            maps = _rain(self.rain_nets[stage], maps)
            rains.append(F.conv2d(maps, self.kernels[1] / 10, padding=4))
            estimate = rainy - rains[-1]
            background = background - steps[stage] / 10 * (background - estimate)
            both = _blocks(self.background_nets[stage], torch.cat((background, auxiliary), dim=1))
            background, auxiliary = both[:, :3], both[:, 3:]
            backgrounds.append(background)
        backgrounds.append(_blocks(self.background_end, both)[:, :3])
        return backgrounds[-1] / 255


def _blocks(blocks: Any, features: Tensor) -> Tensor:
    for block in blocks:
        inner = torch.relu(block.norm1(block.conv1(features)))
        features = torch.relu(features + block.norm2(block.conv2(inner)))
    return features


def _rain(net: Any, maps: Tensor) -> Tensor:
    return torch.relu(_blocks(net.blocks, maps) - net.threshold)


def build(**arguments: Any) -> PlainRCDNet:
    """The plain network with the constructor arguments of `RCDNet`."""
    return PlainRCDNet(**arguments)
