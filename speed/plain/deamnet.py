"""DeamNet written plainly: upsampling and convolution apart, the two shares of every blend added up."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.deamnet import LEVELS, DeamNet


class PlainDeamNet(DeamNet):
    """The same parameters and function as `DeamNet`, for sizes that need no padding."""

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W) in [0, 1]."""
        extracted = self.extract(image)
        lifted = extracted + self.lift(extracted)
        current = lifted
        for blend in self.blends:
            current = _blend(blend, lifted, self._operate(current))
        output: Tensor = self.reconstruct(self.lower(current) + current)
        return output

    def _operate(self, features: Tensor) -> Tensor:
        part: Any = self.operator
        below, skips = features, []
        for encoder in part.encoders:
            for layer in encoder.convs[:2]:
                below = torch.relu(layer(below))
            skips.append(below)
            below = torch.relu(encoder.convs[2](below))
        below = part.middle(below)
        for level in reversed(range(LEVELS)):
            skip = _blend(part.blends[level], skips[level], _enlarge(part.ups[level].conv, below))
            decoder = part.decoders[level]
            enlarged = _enlarge(decoder.up.conv, below)
            below = decoder.join(torch.cat((torch.relu(decoder.own(skip)), enlarged), dim=1))
            for layer in decoder.convs:
                below = torch.relu(layer(below))
        output: Tensor = features + part.final(below)
        return output


def _enlarge(layer: nn.Module, features: Tensor) -> Tensor:
    return torch.relu(layer(F.interpolate(features, scale_factor=2)))


def _blend(attention: Any, kept: Tensor, other: Tensor) -> Tensor:
    joined = attention.join(torch.cat((attention.own(kept), other), dim=1))
    share = torch.sigmoid(attention.excite(torch.relu(attention.squeeze(joined))))
    return (1 - share) * other + share * kept


def build(**arguments: Any) -> PlainDeamNet:
    """The plain network with the constructor arguments of `DeamNet`."""
    return PlainDeamNet(**arguments)
