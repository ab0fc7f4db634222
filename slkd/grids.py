"""Local averages of feature maps: the Gaussian blur of Equation 1 and sums over blocks, each with its exact adjoint."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

SHORT = 48


def blur(x: Tensor, size: int = 7, sigma: float = 7 / 6) -> Tensor:
    """Gaussian blur of (N, C, H, W), borders reflected without repeating the edge (repeated where a side is too short).

    Short sides are two products with small matrices, long ones a depthwise convolution: the same sums, each where it
    is faster.
    """
    if min(x.shape[-2:]) >= max(SHORT, size):
        blurred: Tensor = _Blur.apply(x, size, sigma)  # type: ignore[no-untyped-call]
        return blurred
    rows = _as(x, _blur_matrix(x.shape[-2], size, sigma))
    columns = _as(x, _blur_matrix(x.shape[-1], size, sigma))
    return rows @ (x @ columns.T)


def block_sums(x: Tensor, block: tuple[int, int]) -> Tensor:
    """Sums of (N, C, H, W) over blocks (N, C, H/bh, W/bw); both sides are whole multiples of the block's."""
    count, channels, height, width = x.shape
    rows = x.reshape(count, channels, height // block[0], block[0], width).sum(-2)
    return rows.reshape(count, channels, height // block[0], width // block[1], block[1]).sum(-1)


def spread(sums: Tensor, block: tuple[int, int]) -> Tensor:
    """The adjoint of `block_sums`, ready for broadcasting over the rows of a block: (N, C, h, w) to (N, C, h, 1, W)."""
    return sums.repeat_interleave(block[1], dim=-1).unsqueeze(-2)


class _Blur(torch.autograd.Function):
    """The depthwise convolution of a reflected map and its adjoint: a full convolution whose border is folded back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, sigma: float) -> Tensor:
        ctx.kernel = size, sigma
        radius = size // 2
        padded = F.pad(x, (radius, radius, radius, radius), mode="reflect")
        return F.conv2d(padded, _kernel(x, size, sigma), groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        size, sigma = ctx.kernel
        radius = size // 2
        full = F.conv2d(gradient, _kernel(gradient, size, sigma), padding=2 * radius, groups=gradient.shape[1])
        return _folded(_folded(full, -2, radius), -1, radius), None, None


def _folded(x: Tensor, axis: int, radius: int) -> Tensor:
    """The adjoint of reflecting `radius` lines at both ends of an axis."""
    length = x.shape[axis] - 2 * radius
    inner = x.narrow(axis, radius, length)
    inner.narrow(axis, 1, radius).add_(x.narrow(axis, 0, radius).flip(axis))
    inner.narrow(axis, length - 1 - radius, radius).add_(x.narrow(axis, radius + length, radius).flip(axis))
    return inner


def _kernel(x: Tensor, size: int, sigma: float) -> Tensor:
    line = _as(x, _gaussian(size, sigma))
    return (line[:, None] * line).expand(x.shape[1], 1, size, size)


def _as(x: Tensor, matrix: Tensor) -> Tensor:
    return _moved(matrix, x.dtype, x.device)


@lru_cache(maxsize=256)
def _moved(matrix: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return matrix.to(device, dtype, copy=True)


@lru_cache(maxsize=8)
def _gaussian(size: int, sigma: float) -> Tensor:
    with torch.inference_mode(False):
        offsets = torch.arange(size, dtype=torch.float64) - size // 2
        weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
        return weights / weights.sum()


@lru_cache(maxsize=128)
def _blur_matrix(length: int, size: int, sigma: float) -> Tensor:
    with torch.inference_mode(False):
        radius = size // 2
        source = torch.arange(length)[:, None] + torch.arange(-radius, size - radius)
        if length > radius:
            source = source.abs()
            source = torch.where(source >= length, 2 * (length - 1) - source, source)
        else:
            source = source.clamp(0, length - 1)
        weights = _gaussian(size, sigma).expand(length, size)
        return torch.zeros(length, length, dtype=torch.float64).scatter_add_(1, source, weights)
