"""DMPHN written plainly: one encoder call a patch, one decoder call a part, results of every addition kept."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.dmphn import DMPHN, ResidualBlock


class PlainDMPHN(DMPHN):
    """The same parameters and function as `DMPHN`, for sizes that need no padding."""

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W) in [0, 1]."""
        degraded = image - 0.5
        residual = torch.zeros_like(degraded)
        features = None
        for level in reversed(range(len(self.grids))):
            rows, columns = self.grids[level]
            encoded = _by_patch(self.encoders[level], degraded + residual, rows, columns)
            features = encoded if features is None else encoded + features
            rows, columns = self.grids[max(level - 1, 0)]
            residual = _by_patch(self.decoders[level], features, rows, columns)
        return residual + 0.5


def _by_patch(part: nn.Module, image: Tensor, rows: int, columns: int) -> Tensor:
    height, width = image.shape[2] // rows, image.shape[3] // columns
    lines = []
    for row in range(rows):
        line = []
        for column in range(columns):
            top, left = row * height, column * width
            line.append(_run(part, image[:, :, top : top + height, left : left + width]))
        lines.append(torch.cat(line, 3))
    return torch.cat(lines, 2)


def _run(part: nn.Module, features: Tensor) -> Tensor:
    for layer in part.children():
        if isinstance(layer, ResidualBlock):
            features = layer.conv2(torch.relu(layer.conv1(features))) + features
        else:
            features = layer(features)
    return features


def build(**arguments: Any) -> PlainDMPHN:
    """The plain network with the constructor arguments of `DMPHN`."""
    return PlainDMPHN(**arguments)
