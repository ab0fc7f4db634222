"""Restormer written plainly: every operation of the paper by itself, in its order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.restormer import Block, ChannelAttention, GatedFeedForward, Restormer
from baselines.networks.shape.norm import ChannelNorm


class PlainRestormer(Restormer):
    """The same parameters and function as `Restormer`, for sizes that are multiples of 8."""

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W)."""
        return u_shape(self, self.embed, image, blocks, blocks)


def u_shape(network: Any, embed: nn.Module, image: Tensor, level: Any, refine: Any) -> Tensor:
    """The encoder, the decoder and the residual image around `level(blocks, x)` and `refine(refinement, x)`."""
    x = embed(image)
    skips = []
    for k in range(3):
        x = level(network.encoder[k], x)
        skips.append(x)
        x = network.down[k](x)
    x = level(network.encoder[3], x)
    for k in (2, 1, 0):
        x = torch.cat([network.up[k](x), skips[k]], 1)
        x = level(network.decoder[k], network.reduce[k](x))
    output: Tensor = network.output(refine(network.refinement, x)) + image
    return output


def norm(module: ChannelNorm, x: Tensor) -> Tensor:
    """LayerNorm over the channels of tokens (N, HW, C), written out."""
    n, channels, height, width = x.shape
    tokens = x.permute(0, 2, 3, 1).reshape(n, height * width, channels)
    variance = tokens.var(-1, keepdim=True, unbiased=False)
    if module.bias is None:
        tokens = tokens / torch.sqrt(variance + 1e-5) * module.weight
    else:
        mean = tokens.mean(-1, keepdim=True)
        tokens = (tokens - mean) / torch.sqrt(variance + 1e-5) * module.weight + module.bias
    return tokens.reshape(n, height, width, channels).permute(0, 3, 1, 2).contiguous()


def heads(x: Tensor, count: int) -> Tensor:
    """(N, C, H, W) to (N, heads, C/heads, HW)."""
    n, channels, height, width = x.shape
    return x.reshape(n, count, channels // count, height * width)


def similarity(module: ChannelAttention, x: Tensor) -> tuple[Tensor, Tensor]:
    """The cosines of normalised queries and keys times the temperature, and the values."""
    q, k, v = (heads(part, module.heads) for part in module.qkv_depthwise(module.qkv(x)).chunk(3, 1))
    q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
    return (q @ k.transpose(-2, -1)) * module.temperature, v


def attention(module: ChannelAttention, x: Tensor) -> Tensor:
    """Softmax attention across channels, then the projection."""
    scores, v = similarity(module, x)
    output: Tensor = module.project((scores.softmax(-1) @ v).reshape(x.shape))
    return output


def feed_forward(module: GatedFeedForward, x: Tensor) -> Tensor:
    """The gated feed-forward part."""
    gate, value = module.depthwise(module.project_in(x)).chunk(2, 1)
    output: Tensor = module.project_out(F.gelu(gate) * value)
    return output


def blocks(sequence: Iterable[Block], x: Tensor) -> Tensor:
    """Transformer blocks, one after the other."""
    for block in sequence:
        x = x + attention(block.attention, norm(block.norm1, x))
        x = x + feed_forward(block.feed_forward, norm(block.norm2, x))
    return x


def build(**arguments: Any) -> nn.Module:
    """A plain Restormer of the same arguments as `Restormer`."""
    return PlainRestormer(**arguments)
