"""Uformer, plainly: tokens (N, H W, C), a roll and a mask in every shifted block, one projection after the other."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Window attention with logits written out."""

    index: Tensor

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        place = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")).flatten(1)
        offset = place[:, :, None] - place[:, None, :] + window - 1
        self.register_buffer("index", offset[0] * (2 * window - 1) + offset[1], persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, T, C) to the same; the mask is (windows, T, T)."""
        batch, tokens, width = x.shape
        each = width // self.heads
        weight, bias = self.qkv.weight, self.qkv.bias
        query = nn.functional.linear(x, weight[:width], bias[:width])
        query = query.reshape(batch, tokens, self.heads, each).permute(0, 2, 1, 3)
        both = nn.functional.linear(x, weight[width:], bias[width:])
        key, value = both.reshape(batch, tokens, 2, self.heads, each).permute(2, 0, 3, 1, 4)
        query = query * each**-0.5
        logits = query @ key.transpose(-2, -1)
        position = self.bias_table[self.index.view(-1)].view(tokens, tokens, -1).permute(2, 0, 1).contiguous()
        logits = logits + position.unsqueeze(0)
        if mask is not None:
            count = mask.shape[0]
            logits = logits.view(batch // count, count, self.heads, tokens, tokens) + mask.unsqueeze(1).unsqueeze(0)
            logits = logits.view(batch, self.heads, tokens, tokens)
        mixed = torch.softmax(logits, dim=-1) @ value
        output: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return output


class FeedForward(nn.Module):
    """Linear, depthwise convolution on a rearranged copy, linear."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.expand = nn.Linear(width, 4 * width)
        self.depthwise = nn.Conv2d(4 * width, 4 * width, 3, padding=1, groups=4 * width)
        self.project = nn.Linear(4 * width, width)
        self.activation = nn.GELU()

    def forward(self, x: Tensor, height: int) -> Tensor:
        """(N, H W, C) to the same."""
        hidden = self.activation(self.expand(x))
        n, _, channels = hidden.shape
        image = hidden.transpose(1, 2).reshape(n, channels, height, -1)
        image = self.activation(self.depthwise(image))
        output: Tensor = self.project(image.flatten(2).transpose(1, 2).contiguous())
        return output


def cut(x: Tensor, window: int) -> Tensor:
    """(N, H, W, C) to windows (B, window, window, C)."""
    n, height, width, channels = x.shape
    x = x.view(n, height // window, window, width // window, window, channels)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, window, window, channels)


def paste(windows: Tensor, window: int, height: int, width: int) -> Tensor:
    """The inverse of `cut`."""
    x = windows.view(-1, height // window, width // window, window, window, windows.shape[-1])
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(x.shape[0], height, width, -1)


class Block(nn.Module):
    """One transformer block."""

    def __init__(self, width: int, heads: int, window: int, shift: int, modulated: bool) -> None:
        super().__init__()
        self.window, self.shift = window, shift
        self.modulator = nn.Parameter(torch.zeros(window * window, width)) if modulated else None
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, window)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width)

    def mask(self, like: Tensor, height: int, width: int) -> Tensor:
        """The mask of the shifted windows, (windows, T, T)."""
        regions = like.new_zeros((1, height, width, 1))
        cuts = slice(0, -self.window), slice(-self.window, -self.shift), slice(-self.shift, None)
        for i, rows in enumerate(cuts):
            for j, columns in enumerate(cuts):
                regions[:, rows, columns] = 3 * i + j
        labels = cut(regions, self.window).view(-1, self.window**2)
        differ = labels.unsqueeze(1) - labels.unsqueeze(2)
        return differ.masked_fill(differ != 0, -100.0).masked_fill(differ == 0, 0.0)

    def forward(self, x: Tensor, height: int) -> Tensor:
        """(N, H W, C) to the same."""
        n, length, channels = x.shape
        width = length // height
        mask = self.mask(x, height, width) if self.shift else None
        kept = x
        x = self.norm1(x).view(n, height, width, channels)
        if self.shift:
            x = torch.roll(x, shifts=(-self.shift, -self.shift), dims=(1, 2))
        windows = cut(x, self.window).view(-1, self.window**2, channels)
        if self.modulator is not None:
            windows = windows + self.modulator
        windows = self.attention(windows, mask).view(-1, self.window, self.window, channels)
        x = paste(windows, self.window, height, width)
        if self.shift:
            x = torch.roll(x, shifts=(self.shift, self.shift), dims=(1, 2))
        x = kept + x.view(n, length, channels)
        output: Tensor = x + self.feed_forward(self.norm2(x), height)
        return output


def as_image(tokens: Tensor, height: int) -> Tensor:
    """(N, H W, C) to (N, C, H, W)."""
    return tokens.transpose(1, 2).contiguous().view(tokens.shape[0], tokens.shape[2], height, -1)


def as_tokens(image: Tensor) -> Tensor:
    """(N, C, H, W) to (N, H W, C)."""
    return image.flatten(2).transpose(1, 2).contiguous()


def run(level: nn.Module, x: Tensor) -> Tensor:
    """The blocks of a level in order."""
    for block in level.children():
        x = block(x, isqrt(x.shape[1]))
    return x


class PlainUformer(nn.Module):
    """The whole network on square images of a multiple of 128."""

    def __init__(self, width: int, depths: Sequence[int], window: int, heads: Sequence[int], built_for: int) -> None:
        super().__init__()
        self.levels = levels = len(depths) // 2
        strides = [*range(levels), levels, *reversed(range(levels))]
        widths = [width << k for k in range(levels + 1)] + [2 * width << k for k in reversed(range(levels))]

        def level(i: int) -> nn.ModuleList:
            shift = window // 2 if built_for >> strides[i] > window else 0
            return nn.ModuleList(
                Block(widths[i], heads[i], window, shift if j % 2 else 0, i > levels) for j in range(depths[i])
            )

        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.encoder = nn.ModuleList(level(i) for i in range(levels))
        self.down = nn.ModuleList(nn.Conv2d(widths[i], 2 * widths[i], 4, 2, 1) for i in range(levels))
        self.bottleneck = level(levels)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(widths[levels + i], widths[levels + i + 1] // 2, 2, 2) for i in range(levels)
        )
        self.decoder = nn.ModuleList(level(levels + 1 + i) for i in range(levels))
        self.head = nn.Conv2d(2 * width, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, S, S) to the same."""
        x = as_tokens(nn.functional.leaky_relu(self.stem(image), 0.01))
        skips = []
        for level, down in zip(self.encoder, self.down, strict=True):
            x = run(level, x)
            skips.append(x)
            x = as_tokens(down(as_image(x, isqrt(x.shape[1]))))
        x = run(self.bottleneck, x)
        for up, level in zip(self.up, self.decoder, strict=True):
            x = as_tokens(up(as_image(x, isqrt(x.shape[1]))))
            x = torch.cat([x, skips.pop()], -1)
            x = run(level, x)
        output: Tensor = image + self.head(as_image(x, isqrt(x.shape[1])))
        return output


def build(
    width: int = 32,
    depths: Sequence[int] = (1, 2, 8, 8, 2, 8, 8, 2, 1),
    window: int = 8,
    heads: Sequence[int] = (1, 2, 4, 8, 16, 16, 8, 4, 2),
    built_for: int = 256,
    **_: object,
) -> nn.Module:
    """The plain form of `baselines.networks.uformer.Uformer` with these arguments."""
    return PlainUformer(width, depths, window, heads, built_for)
