"""The BRISQUE-based extractor: local natural-scene statistics of a feature map, "natural and colour" (Section II-B).

Source: Mittal et al. 2012 (the paper's [18]): a GGD for the MSCN coefficients, an AGGD for each of their four products
of neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from slkd.gaussians import (
    FLOOR,
    aggd_mean,
    aggd_ratio,
    ggd_ratio,
    scale_of,
    shape_from_ratio,
    shape_from_ratio_cubic,
)
from slkd.grids import window_means

WINDOW = 32
INVERSIONS = {"table": shape_from_ratio, "cubic": shape_from_ratio_cubic}


@dataclass(frozen=True)
class Statistics:
    """Moments of the coefficients and of the products of neighbours in every window: tensors (N, C, h, w), four of
    each product.

    `left` and `right` are the deviations of the two sides of a product's distribution.
    """

    mean_absolute: Tensor
    mean_square: Tensor
    products: tuple[tuple[Tensor, Tensor, Tensor, Tensor, Tensor], ...]


def neighbour_products(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Products of horizontal, vertical and the two diagonal neighbours of (N, C, H, W), by slices: nothing wraps
    around."""
    return (
        x[..., :, :-1] * x[..., :, 1:],
        x[..., :-1, :] * x[..., 1:, :],
        x[..., :-1, :-1] * x[..., 1:, 1:],
        x[..., :-1, 1:] * x[..., 1:, :-1],
    )


def statistics(coefficients: Tensor, local: bool = True) -> Statistics:
    """The moments of MSCN `coefficients` (N, C, H, W) on a grid of half-overlapping windows, or over the whole map.

    Windows are 32 wide where the map has 64 or more, else half of it, so that every level has at least 3x3 of them.
    Raises ValueError for maps with a side below 2.
    """
    if min(coefficients.shape[-2:]) < 2:
        raise ValueError(
            f"expected features at least 2x2; found {tuple(coefficients.shape[-2:])}. Use larger patches."
        )
    window, step = _grid(coefficients.shape[-2:], local)

    def mean(x: Tensor) -> Tensor:
        return window_means(x, window, step)

    products = []
    for product in neighbour_products(coefficients):
        size, square, signed = product.abs(), product.square(), product.detach()
        mean_square, difference = mean(square), mean(product * size)
        left = _deviation(mean_square - difference, mean((signed < 0).to(product.dtype)))
        right = _deviation(mean_square + difference, mean((signed > 0).to(product.dtype)))
        products.append((mean(size), mean_square, mean(product), left, right))
    return Statistics(mean(coefficients.abs()), mean(coefficients.square()), tuple(products))


def natural_map(coefficients: Tensor, shape: str = "ratio", local: bool = True, logarithms: bool = True) -> Tensor:
    """The 18 descriptors of every channel and window of MSCN `coefficients` (N, C, H, W), as (N, C, 18, h, w).

    Two of the GGD (shape, variance) and four of each AGGD (shape, mean eta, left and right variance). `shape` "ratio"
    takes the shape's moment ratio, in which the gradient is even (d alpha / d ratio grows from 4 to 335 between alpha
    1 and 8), and the mean of the product for eta; "table" and "cubic" invert it to alpha. `logarithms` takes those of
    the variances.
    """
    found = statistics(coefficients, local)
    variance = _logarithm if logarithms else _as_is
    ratio = ggd_ratio(found.mean_absolute, found.mean_square)
    invert = INVERSIONS.get(shape, _as_is)
    descriptors = [invert(ratio), variance(found.mean_square)]
    for mean_absolute, mean_square, average, left, right in found.products:
        form = invert(aggd_ratio(mean_absolute, mean_square, left, right))
        eta = average if shape == "ratio" else aggd_mean(form, left, right)
        descriptors += [form, eta, variance(left.square()), variance(right.square())]
    return torch.stack(descriptors, dim=2)


def natural_distributions(coefficients: Tensor, local: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """The five fitted distributions of every channel and window: shape, left and right scale beta, each (N, C, 5, h,
    w).

    Shapes are kept within [.5, 6] and deviations above 1e-3, where the closed-form divergence is tame.
    """
    found = statistics(coefficients, local)
    shapes = [shape_from_ratio(ggd_ratio(found.mean_absolute, found.mean_square))]
    lefts = rights = [(found.mean_square + FLOOR).sqrt()]
    for mean_absolute, mean_square, _, left, right in found.products:
        shapes.append(shape_from_ratio(aggd_ratio(mean_absolute, mean_square, left, right)))
        lefts, rights = [*lefts, left], [*rights, right]
    alpha = torch.stack(shapes, dim=2).clamp(0.5, 6)
    left_scale = scale_of(alpha, torch.stack(lefts, dim=2).clamp_min(1e-3))
    right_scale = scale_of(alpha, torch.stack(rights, dim=2).clamp_min(1e-3))
    return alpha, left_scale, right_scale


def _grid(shape: torch.Size, local: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    if not local:
        return (shape[0], shape[1]), (shape[0], shape[1])
    height, width = (WINDOW if side >= 2 * WINDOW else max(side // 2, 1) for side in shape)
    return (height, width), (max(height // 2, 1), max(width // 2, 1))


def _deviation(twice_mean_square: Tensor, share: Tensor) -> Tensor:
    return (0.5 * twice_mean_square.clamp_min(0) / share.clamp_min(1e-6) + FLOOR).sqrt()


def _logarithm(variance: Tensor) -> Tensor:
    return torch.log(variance + 1e-4)


def _as_is(x: Tensor) -> Tensor:
    return x
