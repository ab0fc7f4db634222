"""Sums over blocks that the two extractors need, in few passes over the map and with hand-written gradients.

Plain autograd would keep and revisit some thirty intermediate maps per level; these functions keep the input alone.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from slkd.grids import block_sums, spread

# The second factor of each product of neighbours: rows down, columns right of the first (H, V, D1, D2).
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
DIFFERENTIABLE = 4


def neighbour_sums(x: Tensor, block: tuple[int, int]) -> Tensor:
    """Sums over blocks of moments of `x` (N, C, H, W) and of its four products of neighbours, as (5, 6, N, C, h, w).

    First axis: x itself, then the products H, V, D1 and D2, by slices (nothing wraps around). Second axis: |p|, p^2,
    p|p|, p, and, without gradient, the sign of p and whether p is not 0. Sides are whole multiples of the block's.
    """
    sums: Tensor = _NeighbourSums.apply(x.contiguous(), block)  # type: ignore[no-untyped-call]
    return sums


class _NeighbourSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, block: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(x)
        ctx.block = block
        signals = [_moments(x, torch.empty_like(x), block)]
        product, scratch = torch.empty_like(x), torch.empty_like(x)
        for offset in NEIGHBOURS:
            first, second, rest = _slices(x.shape, offset)
            torch.mul(x[first], x[second], out=product[first])
            for part in rest:
                product[part] = 0
            signals.append(_moments(product, scratch, block))
        return torch.stack(signals)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        result = _slope(x, gradient[0], ctx.block)
        product = torch.empty_like(x)
        for offset, part in zip(NEIGHBOURS, gradient[1:], strict=True):
            first, second, rest = _slices(x.shape, offset)
            torch.mul(x[first], x[second], out=product[first])
            for border in rest:
                product[border] = 0
            slope = _slope(product, part, ctx.block)[first]
            result[first].addcmul_(slope, x[second])
            result[second].addcmul_(slope, x[first])
        return result, None


def _slices(shape: torch.Size, offset: tuple[int, int]) -> tuple[Any, Any, list[Any]]:
    """Where the first and the second factor of a product lie, and the borders where there is none."""
    height, width = shape[-2:]
    down, right = offset
    rows, below = slice(0, height - down), slice(down, height)
    left, shifted = slice(0, width - abs(right)), slice(abs(right), width)
    columns, beside = (left, shifted) if right >= 0 else (shifted, left)
    rest: list[Any] = []
    if down:
        rest.append((..., slice(height - down, height), slice(None)))
    if right:
        rest.append((..., slice(None), slice(width - 1, width) if right > 0 else slice(0, 1)))
    return (..., rows, columns), (..., below, beside), rest


def _moments(signal: Tensor, scratch: Tensor, block: tuple[int, int]) -> Tensor:
    average = block_sums(signal, block)
    absolute = block_sums(torch.abs(signal, out=scratch), block)
    signed_square = block_sums(scratch.mul_(signal), block)
    square = block_sums(scratch.abs_(), block)
    torch.sign(signal, out=scratch)
    sign = block_sums(scratch, block)
    return torch.stack([absolute, square, signed_square, average, sign, block_sums(scratch.abs_(), block)])


def _slope(signal: Tensor, gradient: Tensor, block: tuple[int, int]) -> Tensor:
    """The gradient with respect to `signal` of its first four moments' block sums."""
    absolute, square, signed_square, average = (spread(part, block) for part in gradient[:DIFFERENTIABLE])
    blocked = signal.unflatten(-2, (-1, block[0]))
    slope = blocked.abs().mul_(signed_square).addcmul_(blocked, square).mul_(2)
    slope.addcmul_(blocked.sign(), absolute).add_(average)
    return slope.flatten(-3, -2)


def block_parts(x: Tensor, block: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What PIQE looks at in every block of `x` (N, C, H, W), sides whole multiples of `block`.

    The sum and the sum of squares, (N, C, h, w); the two centre columns, (N, C, H, w, 2); and the four edges (top,
    bottom, left, right), (N, C, h, w, 4, block).
    """
    sums, squares, centre, edges = _BlockParts.apply(x.contiguous(), block)  # type: ignore[no-untyped-call]
    return sums, squares, centre, edges


class _BlockParts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, block: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        ctx.save_for_backward(x)
        ctx.block = block
        pair = (block, block)
        tiles = _tiles(x, block)
        edges = torch.stack(
            [
                tiles[..., 0, :, :],
                tiles[..., -1, :, :],
                tiles[..., 0].transpose(-1, -2),
                tiles[..., -1].transpose(-1, -2),
            ],
            dim=-2,
        )
        return block_sums(x, pair), block_sums(x.square(), pair), _centre(x, block).clone(), edges

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, sums: Tensor, squares: Tensor, centre: Tensor, edges: Tensor
    ) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        block = ctx.block
        pair = (block, block)
        blocked = x.unflatten(-2, (-1, block))
        result = torch.addcmul(spread(sums, pair), blocked, 2 * spread(squares, pair)).flatten(-3, -2)
        _centre(result, block).add_(centre)
        tiles = _tiles(result, block)
        tiles[..., 0, :, :].add_(edges[..., 0, :])
        tiles[..., -1, :, :].add_(edges[..., 1, :])
        tiles[..., 0].transpose(-1, -2).add_(edges[..., 2, :])
        tiles[..., -1].transpose(-1, -2).add_(edges[..., 3, :])
        return result, None


def _tiles(x: Tensor, block: int) -> Tensor:
    """A view (N, C, h, block, w, block) of (N, C, H, W)."""
    return x.unflatten(-1, (-1, block)).unflatten(-3, (-1, block))


def _centre(x: Tensor, block: int) -> Tensor:
    """A view (N, C, H, w, 2) of the two centre columns of every block."""
    return x.unflatten(-1, (-1, block))[..., block // 2 - 1 : block // 2 + 1]
