"""Layer norm over the channels of each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """Normalises (N, C, H, W) over each pixel's channels; without `bias` the mean is left in, as the authors do."""

    def __init__(self, width: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """The normalised features, of the same shape. Paper: epsilon is not given. Here: 1e-5, the authors' value."""
        variance, mean = torch.var_mean(x, 1, correction=0, keepdim=True)
        scale = torch.rsqrt(variance + 1e-5)
        if self.bias is None:
            return x * scale * self.weight[:, None, None]
        return torch.addcmul(self.bias[:, None, None], (x - mean) * scale, self.weight[:, None, None])
