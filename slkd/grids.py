"""Local averages as products with small fixed matrices: Gaussian blur and means over a grid of windows.

Both are separable and linear, so `rows @ x @ columns.T` gives them in two matrix products with an exact, cheap
gradient, no padded copy and no loop over channels or windows.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def blur(x: Tensor, size: int = 7, sigma: float = 7 / 6) -> Tensor:
    """Gaussian blur of (..., H, W), borders reflected without repeating the edge (repeating where a side is too
    short)."""
    rows = _on(x, _blur_matrix(x.shape[-2], size, sigma))
    columns = _on(x, _blur_matrix(x.shape[-1], size, sigma))
    return rows @ (x @ columns.T)


def window_means(x: Tensor, window: tuple[int, int], step: tuple[int, int]) -> Tensor:
    """Means of (..., H, W) over windows `step` apart; a last window that reaches over the border counts what it
    covers."""
    rows = _on(x, _window_matrix(x.shape[-2], window[0], step[0]))
    columns = _on(x, _window_matrix(x.shape[-1], window[1], step[1]))
    return rows @ (x @ columns.T)


def _on(x: Tensor, matrix: Tensor) -> Tensor:
    return _moved(matrix, x.dtype, x.device)


@lru_cache(maxsize=256)
def _moved(matrix: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return matrix.to(device, dtype, copy=True)


@lru_cache(maxsize=128)
def _blur_matrix(length: int, size: int, sigma: float) -> Tensor:
    with torch.inference_mode(False):
        radius = size // 2
        offsets = torch.arange(-radius, size - radius)
        weights = torch.exp(-0.5 * (offsets.double() / sigma) ** 2)
        weights = weights / weights.sum()
        source = torch.arange(length)[:, None] + offsets
        if length > radius:
            source = source.abs()
            source = torch.where(source >= length, 2 * (length - 1) - source, source)
        else:
            source = source.clamp(0, length - 1)
        return torch.zeros(length, length, dtype=torch.float64).scatter_add_(1, source, weights.expand(length, size))


@lru_cache(maxsize=128)
def _window_matrix(length: int, window: int, step: int) -> Tensor:
    with torch.inference_mode(False):
        count = max(1, -(-(length - window) // step) + 1)
        position = torch.arange(length)
        start = step * torch.arange(count)[:, None]
        covered = ((position >= start) & (position < start + window)).double()
        return covered / covered.sum(1, keepdim=True)
