"""The BRISQUE-based extractor: local natural-scene statistics of a feature map, "natural and colour" (Section II-B).

Source: Mittal et al. 2012 (the paper's [18]): a GGD for the MSCN coefficients, an AGGD for each of their four products
of neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from slkd.gaussians import FLOOR, aggd_mean, aggd_ratio, ggd_ratio, scale_of, shape_from_ratio, shape_from_ratio_cubic
from slkd.moments import NEIGHBOURS, neighbour_sums

WINDOW = 32
SMALLEST_DEVIATION = 0.03
INVERSIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "ratio": lambda ratio: ratio,
    "table": shape_from_ratio,
    "cubic": shape_from_ratio_cubic,
}


@dataclass(frozen=True)
class Statistics:
    """Moments of the coefficients, (N, C, h, w), and of their four products of neighbours, (4, N, C, h, w), by window.

    `left` and `right` are the deviations of the two sides of a product's distribution.
    """

    mean_absolute: Tensor
    mean_square: Tensor
    product_absolute: Tensor
    product_square: Tensor
    product_mean: Tensor
    left: Tensor
    right: Tensor


def statistics(coefficients: Tensor, local: bool = True) -> Statistics:
    """The moments of MSCN `coefficients` (N, C, H, W) on a grid of half-overlapping windows, or over the whole map.

    Windows are 32 wide where the map has 64 or more, else half of it, so that every level has at least 3x3 of them.
    Raises ValueError for maps with a side below 2.
    """
    height, width = coefficients.shape[-2:]
    if min(height, width) < 2:
        raise ValueError(f"expected features at least 2x2; found {height}x{width}. Use larger patches.")
    block = (_step(height), _step(width)) if local else (height, width)
    padded = F.pad(coefficients, (0, -width % block[1], 0, -height % block[0]))
    sums = _windows(neighbour_sums(padded, block))
    sizes = _windows(_as_counts(height, width, block, coefficients))
    means = sums / sizes[:, None, None, None]
    absolute, square, signed_square, average, sign, nonzero = means.unbind(1)
    left = _deviation(square - signed_square, (nonzero - sign).detach())
    right = _deviation(square + signed_square, (nonzero + sign).detach())
    return Statistics(absolute[0], square[0], absolute[1:], square[1:], average[1:], left[1:], right[1:])


def natural_map(coefficients: Tensor, shape: str = "ratio", local: bool = True, logarithms: bool = True) -> Tensor:
    """The 18 descriptors of every channel and window of MSCN `coefficients` (N, C, H, W), as (N, C, 18, h, w).

    Two of the GGD (shape, variance) and four of each AGGD (shape, mean eta, left and right variance). `shape` "ratio"
    takes the shape's moment ratio, in (0, 1], in which the gradient is even (d alpha / d ratio grows from 4 to 335
    between alpha 1 and 8), and the mean of the product for eta; "table" and "cubic" invert it to alpha, in [.2, 10].
    `logarithms` takes those of the variances. Without `local` the grid is one window, h = w = 1.
    Raises ValueError for another `shape`, and for maps with a side below 2.
    Paper: "GGD and AGGD fits [18]", indexed (i, j). / Here: fitted in windows, from moments, so that there is a gradient.
    """
    if shape not in INVERSIONS:
        raise ValueError(f"expected shape to be {', '.join(INVERSIONS)}; found '{shape}'. Choose one of them.")
    found = statistics(coefficients, local)
    invert = INVERSIONS[shape]
    variance = _logarithm if logarithms else _as_is
    form = invert(aggd_ratio(found.product_absolute, found.product_square, found.left, found.right))
    eta = found.product_mean if shape == "ratio" else aggd_mean(form, found.left, found.right)
    sides = variance(found.left.square()), variance(found.right.square())
    products = torch.stack([form, eta, *sides], dim=1).flatten(0, 1)
    ratio = ggd_ratio(found.mean_absolute, found.mean_square)
    own = torch.stack([invert(ratio), variance(found.mean_square)])
    return torch.cat([own, products]).movedim(0, 2)


def natural_distributions(coefficients: Tensor, local: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """The five distributions fitted in each window of MSCN `coefficients` (N, C, H, W): a GGD and four AGGDs.

    Gives their shape alpha, left scale and right scale beta, three (N, C, 5, h, w). Shapes are kept within [.5, 6] and
    deviations above .03, where the closed-form divergence is tame.
    Raises ValueError for maps with a side below 2.
    """
    found = statistics(coefficients, local)
    own = ggd_ratio(found.mean_absolute, found.mean_square)
    products = aggd_ratio(found.product_absolute, found.product_square, found.left, found.right)
    alpha = shape_from_ratio(torch.cat([own[None], products])).clamp(0.5, 6)
    deviation = (found.mean_square + FLOOR).sqrt()[None]
    left = scale_of(alpha, torch.cat([deviation, found.left]).clamp_min(SMALLEST_DEVIATION))
    right = scale_of(alpha, torch.cat([deviation, found.right]).clamp_min(SMALLEST_DEVIATION))
    return alpha.movedim(0, 2), left.movedim(0, 2), right.movedim(0, 2)


def _step(side: int) -> int:
    """Half a window's side."""
    return WINDOW // 2 if side >= 2 * WINDOW else max(side // 4, 1)


def _windows(blocks: Tensor) -> Tensor:
    """Sums over half-overlapping windows of two blocks a side, from sums over blocks (..., h, w)."""
    if blocks.shape[-2] > 1:
        blocks = blocks[..., :-1, :] + blocks[..., 1:, :]
    if blocks.shape[-1] > 1:
        blocks = blocks[..., :-1] + blocks[..., 1:]
    return blocks


def _as_counts(height: int, width: int, block: tuple[int, int], like: Tensor) -> Tensor:
    """How many values each block has of the coefficients and of the four products: (5, h, w)."""
    counts = []
    for down, right in ((0, 0), *NEIGHBOURS):
        rows = _occupied(height, block[0], height - down, 0)
        columns = _occupied(width, block[1], width - abs(right), 1 if right < 0 else 0)
        counts.append(rows[:, None] * columns)
    return torch.stack(counts).to(like.device, like.dtype)


def _occupied(length: int, block: int, count: int, first: int) -> Tensor:
    line = torch.zeros(length + -length % block)
    line[first : first + count] = 1
    return line.view(-1, block).sum(1)


def _deviation(twice_mean_square: Tensor, twice_share: Tensor) -> Tensor:
    return (twice_mean_square.clamp_min(0) / twice_share.clamp_min(1e-6) + FLOOR).sqrt()


def _logarithm(variance: Tensor) -> Tensor:
    return torch.log(variance + 1e-4)


def _as_is(x: Tensor) -> Tensor:
    return x
