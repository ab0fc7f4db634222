"""Fast forms of the convolutional networks: parts that see zeros left out, norms and neighbours folded into filters."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks import deamnet, prenet, rcdnet
from baselines.networks.shape.layout import pointwise


class PReNet(prenet.PReNet):
    """Without the half of the first stage's convolution that sees zeros."""

    def gate(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        """The four gates before their squashing, (N, 4 channels, H, W)."""
        if hidden is not None:
            return super().gate(x, hidden)
        return F.conv2d(x, self.gates.weight[:, : self.channels], self.gates.bias, padding=1)


class ResidualBlock(rcdnet.ResidualBlock):
    """With the norms, which are fixed in evaluation, folded into the convolutions."""

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) to the same."""
        inner = _normalised(self.conv1, self.norm1, features).relu_()
        return _normalised(self.conv2, self.norm2, inner).add_(features).relu_()


def _normalised(conv: nn.Conv2d, norm: nn.BatchNorm2d, features: Tensor) -> Tensor:
    mean, variance = norm.running_mean, norm.running_var
    if norm.training or mean is None or variance is None:
        raise RuntimeError("expected a network in evaluation; found one in training: leave fast_inference to train it")
    assert conv.bias is not None
    inverse = torch.rsqrt(variance + norm.eps)
    kernel = conv.weight * (norm.weight * inverse).view(-1, 1, 1, 1)
    bias = (conv.bias - mean) * inverse * norm.weight + norm.bias
    return F.conv2d(features, kernel, bias, padding=1)


class RCDNet(rcdnet.RCDNet):
    """Filters by rows of the kernels: as many products, but 27 outputs to fill a CPU's registers with in place of 3."""

    def rain_layer(self, maps: Tensor, kernels: Tensor) -> Tensor:
        """The rain (N, 3, H, W) of maps (N, M, H, W) with kernels (3, M, 9, 9)."""
        if maps.device.type != "cpu":
            return super().rain_layer(maps, kernels)
        size, height = rcdnet.KERNEL, maps.shape[2]
        by_row = kernels.permute(2, 0, 1, 3).reshape(size * 3, -1, 1, size)
        rows = F.conv2d(maps, by_row, padding=size // 2).split(3, 1)
        rain: Tensor = rows[0][:, :, :height].clone()
        for shift in range(1, size):
            rain += rows[shift][:, :, shift : shift + height]
        return rain


class Blend(deamnet.Blend):
    """Nothing stands between `own` and its share of `join`: together they are one convolution."""

    def joined(self, kept: Tensor, other: Tensor) -> Tensor:
        """The features (N, C, H, W) that the weight is made from."""
        ours, theirs = self.join.weight.chunk(2, 1)
        assert self.own.bias is not None
        assert self.join.bias is not None
        kernel = torch.einsum("om,mikl->oikl", ours[..., 0, 0], self.own.weight)
        bias = torch.addmv(self.join.bias, ours[..., 0, 0], self.own.bias)
        return F.conv2d(kept, kernel, bias, padding=1).add_(pointwise(other, theirs))


class Up(deamnet.Up):
    """As one transposed convolution with 4/9 of the multiplications.

    Repeating pixels is a transposed convolution with ones; a convolution after it makes one with a larger kernel.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, 2H, 2W)."""
        kernel = self.conv.weight.flip(2, 3).transpose(0, 1)
        kernel = F.pad(kernel, (0, 1)) + F.pad(kernel, (1, 0))
        kernel = F.pad(kernel, (0, 0, 0, 1)) + F.pad(kernel, (0, 0, 1, 0))
        return F.conv_transpose2d(features, kernel, self.conv.bias, stride=2, padding=1).relu_()
