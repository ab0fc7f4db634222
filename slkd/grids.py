"""Local averages of feature maps: the Gaussian blur of Equation 1 and the sums over windows that the extractors need.

Both are products with small matrices that depend on the map's size alone. They are made on the map's own device and
kept, so that a pass makes no tensor elsewhere and waits for nothing.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

SHORT = 96


def blur(x: Tensor, size: int = 7, sigma: float = 7 / 6) -> Tensor:
    """Gaussian blur of (N, C, H, W), borders reflected without repeating the edge (repeated where a side is too short).

    Short sides on a CPU are two products with small matrices, the others a depthwise convolution: the same sums, each
    where it is faster. A GPU always convolves: its products may be of reduced precision.
    """
    if _convolves(x, size):
        blurred: Tensor = _Blur.apply(x, size, sigma)  # type: ignore[no-untyped-call]
        return blurred
    rows, columns = (_blur_matrix(side, size, sigma, x.dtype, x.device) for side in x.shape[-2:])
    return rows @ (x @ columns.T)


def blur_adjoint(gradient: Tensor, size: int = 7, sigma: float = 7 / 6) -> Tensor:
    """The adjoint of `blur`: what a gradient (N, C, H, W) for its result is for its input."""
    if _convolves(gradient, size):
        return _adjoint(gradient, size, sigma)
    rows, columns = (_blur_matrix(side, size, sigma, gradient.dtype, gradient.device) for side in gradient.shape[-2:])
    return rows.T @ (gradient @ columns)


def _convolves(x: Tensor, size: int) -> bool:
    shortest = min(x.shape[-2:])
    return shortest >= SHORT if x.device.type == "cpu" else shortest > size // 2


def window_sums(x: Tensor, window: int, shrink: bool = False) -> Tensor:
    """Sums of (..., H, W) over half-overlapping square windows: (..., h, w).

    Windows are `window` wide, evenly laid from border to border, one where a side is no longer; 0 is the whole map.
    With `shrink` a side below two windows has windows of half of it instead, on a grid that starts at the first pixel.
    """
    rows, columns = (_window_matrix(side, window, shrink, x.dtype, x.device) for side in x.shape[-2:])
    step = row_step(x.shape[-2], window, shrink)
    if step > 1:  # every window is made of whole bands of rows: their sums are a pass over the map in its own order
        x, rows = x.unflatten(-2, (-1, step)).sum(-2), rows[:, ::step]
    return rows @ (x @ columns.T)


def spread_windows(sums: Tensor, size: tuple[int, int], window: int, shrink: bool = False) -> Tensor:
    """The adjoint of `window_sums` for maps of `size` (H, W): (..., h, w) to (..., H, W)."""
    rows, columns = (_window_matrix(side, window, shrink, sums.dtype, sums.device) for side in size)
    return (rows.T @ sums) @ columns


def spread_bands(sums: Tensor, size: tuple[int, int], window: int, shrink: bool = False) -> Tensor:
    """`spread_windows` with one line for each band of `row_step` rows, which all have it: (..., h, w) to (..., H / step, W)."""
    rows, columns = (_window_matrix(side, window, shrink, sums.dtype, sums.device) for side in size)
    return (rows[:, :: row_step(size[0], window, shrink)].T @ sums) @ columns


def window_counts(like: Tensor, offsets: tuple[tuple[int, int], ...], window: int, shrink: bool = False) -> Tensor:
    """How many pixels of a map like (..., H, W) each window holds that have a neighbour at each offset: (K, h, w)."""
    return _counts(tuple(like.shape[-2:]), offsets, (window, shrink), like.dtype, like.device)


class _Blur(torch.autograd.Function):
    """The depthwise convolution of a reflected map and its adjoint: a full convolution whose border is folded back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, sigma: float) -> Tensor:
        ctx.size, ctx.sigma = size, sigma
        radius = size // 2
        padded = F.pad(x, (radius, radius, radius, radius), mode="reflect")
        return F.conv2d(padded, _kernel(x, size, sigma), groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _adjoint(gradient, ctx.size, ctx.sigma), None, None


def _adjoint(gradient: Tensor, size: int, sigma: float) -> Tensor:
    radius = size // 2
    full = F.conv2d(gradient, _kernel(gradient, size, sigma), padding=2 * radius, groups=gradient.shape[1])
    return _folded(_folded(full, -2, radius), -1, radius)


def _folded(x: Tensor, axis: int, radius: int) -> Tensor:
    """The adjoint of reflecting `radius` lines at both ends of an axis."""
    length = x.shape[axis] - 2 * radius
    inner = x.narrow(axis, radius, length)
    inner.narrow(axis, 1, radius).add_(x.narrow(axis, 0, radius).flip(axis))
    inner.narrow(axis, length - 1 - radius, radius).add_(x.narrow(axis, radius + length, radius).flip(axis))
    return inner


def _kernel(x: Tensor, size: int, sigma: float) -> Tensor:
    line = _gaussian(size, sigma, x.dtype, x.device)
    return (line[:, None] * line).expand(x.shape[1], 1, size, size)


@lru_cache(maxsize=64)
def _gaussian(size: int, sigma: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False), torch.no_grad():
        offsets = torch.arange(size, dtype=torch.float64, device=device) - size // 2
        weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
        return (weights / weights.sum()).to(dtype)


@lru_cache(maxsize=256)
def _blur_matrix(length: int, size: int, sigma: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(length, length): row i holds the weights of the pixels that the blurred pixel i is made of."""
    with torch.inference_mode(False), torch.no_grad():
        radius = size // 2
        source = torch.arange(length, device=device)[:, None] + torch.arange(-radius, size - radius, device=device)
        if length > radius:
            source = source.abs()
            source = torch.where(source >= length, 2 * (length - 1) - source, source)
        else:
            source = source.clamp(0, length - 1)
        weights = _gaussian(size, sigma, torch.float64, device).expand(length, size)
        matrix = torch.zeros(length, length, dtype=torch.float64, device=device)
        return matrix.scatter_add_(1, source, weights).to(dtype)


@lru_cache(maxsize=256)
def row_step(length: int, window: int, shrink: bool = False) -> int:
    """The height of the bands of rows that every window of a map of this height is whole in: 1 where there are none."""
    wide, starts = _windows(length, window, shrink)
    ends = [min(start + wide, length) for start in starts]
    return math.gcd(length, *starts, *ends)


def _windows(length: int, window: int, shrink: bool) -> tuple[int, list[int]]:
    """How wide the windows along a side are, and where each begins."""
    if shrink and window:
        step = window // 2 if length >= 2 * window else max(length // 4, 1)
        return 2 * step, [step * n for n in range(max(-(-length // step) - 1, 1))]
    wide = min(window or length, length)
    count = 1 + -(-2 * (length - wide) // wide)
    return wide, [(n * (length - wide) + (count - 1) // 2) // max(count - 1, 1) for n in range(count)]


@lru_cache(maxsize=256)
def _window_matrix(length: int, window: int, shrink: bool, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(windows, length): 1 where a pixel lies in a window."""
    with torch.inference_mode(False), torch.no_grad():
        wide, starts = _windows(length, window, shrink)
        first = torch.tensor(starts, device=device)[:, None]
        place = torch.arange(length, device=device)
        return ((place >= first) & (place < first + wide)).to(dtype)


@lru_cache(maxsize=256)
def _counts(
    size: tuple[int, int],
    offsets: tuple[tuple[int, int], ...],
    windows: tuple[int, bool],
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    with torch.inference_mode(False), torch.no_grad():
        rows, columns = (_window_matrix(side, *windows, dtype, device) for side in size)
        counts = []
        for down, right in offsets:
            whole = rows[:, : size[0] - down].sum(1)
            kept = columns[:, : size[1] - right] if right >= 0 else columns[:, -right:]
            counts.append(whole[:, None] * kept.sum(1))
        return torch.stack(counts)
