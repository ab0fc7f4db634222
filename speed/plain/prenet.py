"""PReNet written plainly: both concatenations and the four gates of every stage by themselves."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.prenet import PReNet


class PlainPReNet(PReNet):
    """The same parameters and function as `PReNet`, four gate convolutions a stage."""

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W) of the last stage."""
        n, _, height, width = image.shape
        x = image
        hidden = torch.zeros(n, self.channels, height, width)
        cell = torch.zeros(n, self.channels, height, width)
        gates = list(zip(self.gates.weight.chunk(4), self.gates.bias.chunk(4), strict=True))  # type: ignore[union-attr]
        for _ in range(self.count):
            x = torch.relu(self.inlet(torch.cat([image, x], 1)))
            x = torch.cat([x, hidden], 1)
            take, keep, give, candidate = (F.conv2d(x, weight, bias, padding=1) for weight, bias in gates)
            cell = torch.sigmoid(keep) * cell + torch.sigmoid(take) * torch.tanh(candidate)
            hidden = torch.sigmoid(give) * torch.tanh(cell)
            x = hidden
            for block in self.blocks:
                x = torch.relu(block(x) + x)
            x = self.outlet(x) + image
        return x


def build(**arguments: Any) -> nn.Module:
    """A plain PReNet of the same arguments as `PReNet`."""
    return PlainPReNet(**arguments)
