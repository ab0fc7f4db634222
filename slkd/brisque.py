"""The BRISQUE-based extractor: local natural-scene statistics of a feature map, "natural and colour" (Section II-B).

Source: Mittal et al. 2012 (the paper's [18]): a GGD for the MSCN coefficients, an AGGD for each of their four products
of neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from slkd.gaussians import FLOOR, aggd_mean, aggd_ratio, ggd_ratio, scale_of, shape_from_ratio, shape_from_ratio_cubic
from slkd.grids import row_step, spread_bands, spread_windows, window_counts, window_sums

NEIGHBOURS = (
    (0, 1),
    (1, 0),
    (1, 1),
    (1, -1),
)  # the second factor of each product: rows down, columns right (H, V, D1, D2)
NAMES = (
    "MSCN shape",
    "MSCN variance",
    *(
        f"{product} {what}"
        for product in ("H", "V", "D1", "D2")
        for what in ("shape", "mean", "left variance", "right variance")
    ),
)
SMALLEST_DEVIATION, LARGEST_DEVIATION = 0.03, 3.0
INVERSIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "ratio": lambda ratio: ratio,
    "table": shape_from_ratio,
    "cubic": shape_from_ratio_cubic,
}


@dataclass(frozen=True)
class Fit:
    """How the 18 descriptors are taken from MSCN coefficients.

    shape: "ratio" takes a shape's moment ratio, in (0, 1], in which the gradient is even (d alpha / d ratio grows from 4
    to 335 between alpha 1 and 8), and the mean of a product for eta; "table" and "cubic" invert it to alpha, in [.2, 10].
    window: the side of the half-overlapping windows, 0 for the whole map; a map that is no wider is one window.
    shrink: a side below two windows has windows of half of it (`slkd.grids.window_sums`), however few samples are left.
    logarithms: of the variances.
    Raises ValueError for another `shape`.
    """

    shape: str = "ratio"
    window: int = 32
    shrink: bool = False
    logarithms: bool = True

    def __post_init__(self) -> None:
        if self.shape not in INVERSIONS:
            raise ValueError(f"expected shape to be {', '.join(INVERSIONS)}; found '{self.shape}'. Choose one of them.")


@dataclass(frozen=True)
class Moments:
    """Means over windows of the coefficients and of their four products of neighbours, each (5, N, C, h, w).

    `left` and `right` are the root mean squares of what is negative and of what is positive.
    """

    absolute: Tensor
    square: Tensor
    mean: Tensor
    left: Tensor
    right: Tensor


def moments(coefficients: Tensor, fit: Fit = Fit()) -> Moments:
    """The moments of MSCN `coefficients` (N, C, H, W) and of their products H, V, D1 and D2, taken in one sweep.

    Raises ValueError for maps with a side below 2.
    """
    height, width = coefficients.shape[-2:]
    if min(height, width) < 2:
        raise ValueError(f"expected features at least 2x2; found {height}x{width}. Use larger patches.")
    sums: Tensor = _WindowSums.apply(coefficients, fit.window, fit.shrink)  # type: ignore[no-untyped-call]
    counts = window_counts(coefficients, ((0, 0), *NEIGHBOURS), fit.window, fit.shrink)[:, None, None]
    absolute, square, _, mean = (sums[:4] / counts).unbind()
    sign, some = sums[4:].detach()
    sides = [(sums[1] + way * sums[2]).clamp_min(0) / (some + way * sign).clamp_min(1) for way in (-1, 1)]
    left, right = ((side + FLOOR).sqrt() for side in sides)
    return Moments(absolute, square, mean, left, right)


class _WindowSums(torch.autograd.Function):
    """Sums over windows of |p|, p^2, p|p|, p, the sign of p and its size, for each p of a map and its products: (6, 5, N, C,
    h, w).

    Plain autograd would keep and revisit some forty maps a level; this keeps the input alone. The last two have no gradient.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, window: int, shrink: bool) -> Tensor:
        ctx.save_for_backward(x)
        ctx.window, ctx.shrink = window, shrink
        if _one_by_one(x):
            return _sums_one_by_one(x, window, shrink)
        signals = _with_products(x)
        size, sign = signals.abs(), signals.sign()
        parts = (size, size * size, size * signals, signals, sign, sign.abs())
        return torch.stack([window_sums(part, window, shrink) for part in parts])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        if _one_by_one(x):
            return _slopes_one_by_one(x, gradient, ctx.window, ctx.shrink), None, None
        signals = _with_products(x)
        size, square, signed, itself = (
            spread_windows(part, (x.shape[-2], x.shape[-1]), ctx.window, ctx.shrink) for part in gradient[:4]
        )
        slope = torch.addcmul(itself, signals, square, value=2)
        slope = torch.addcmul(slope, signals.sign(), torch.addcmul(size, signals, signed, value=2))
        height, width = x.shape[-2:]
        padded = _padded(x)
        own = slope[0]
        passed = torch.zeros_like(padded)
        for place, part in zip(NEIGHBOURS, slope[1:], strict=True):
            own = torch.addcmul(own, part, _neighbour(padded, place, x))
            _neighbour(passed, place, x).add_(part * x)
        return own + passed[..., :height, 1 : 1 + width], None, None


def _one_by_one(x: Tensor) -> bool:
    """Whether signals are taken one after the other: on a CPU, where what stays in its cache is worth more than few calls."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def _sums_one_by_one(x: Tensor, window: int, shrink: bool) -> Tensor:
    """What `_WindowSums` gives for `x` (N, C, H, W), over one signal at a time in memory that is used again."""
    padded = _padded(x)
    parts = x.new_empty(6, *x.shape)
    size, square, signed, signal, sign, some = parts
    sums = []
    for place in (None, *NEIGHBOURS):
        _signal(x, padded, place, signal)
        torch.abs(signal, out=size)
        torch.mul(size, size, out=square)
        torch.mul(size, signal, out=signed)
        torch.sign(signal, out=sign)
        torch.abs(sign, out=some)
        sums.append(window_sums(parts, window, shrink))
    return torch.stack(sums, dim=1)


def _slopes_one_by_one(x: Tensor, gradient: Tensor, window: int, shrink: bool) -> Tensor:
    """The gradient for `x` (N, C, H, W) of that for its sums, `gradient`, over one signal at a time."""
    height, width = x.shape[-2:]
    step = row_step(height, window, shrink)
    by_band = spread_bands(gradient[:4], (height, width), window, shrink)[..., None, :]
    by_band[1:3] *= 2
    padded, passed = _padded(x), torch.zeros_like(_padded(x))
    own = torch.zeros_like(x)
    signal, other, slope = torch.empty_like(x), torch.empty_like(x), torch.empty_like(x)
    bands, others, slopes = (part.unflatten(-2, (-1, step)) for part in (signal, other, slope))
    for number, place in enumerate((None, *NEIGHBOURS)):
        size, square, signed, itself = by_band[:, number]
        _signal(x, padded, place, signal)
        torch.addcmul(itself, bands, square, out=slopes)
        torch.sign(signal, out=other)
        slopes.addcmul_(others, size)
        torch.abs(signal, out=other)
        slopes.addcmul_(others, signed)
        if place is None:
            own += slope
        else:
            own.addcmul_(slope, _neighbour(padded, place, x))
            _neighbour(passed, place, x).addcmul_(slope, x)
    return own.add_(passed[..., :height, 1 : 1 + width])


def _padded(x: Tensor) -> Tensor:
    """`x` (N, C, H, W) with a column of zeros at each side and a row below: every neighbour of `NEIGHBOURS`."""
    return F.pad(x, (1, 1, 0, 1))


def _neighbour(padded: Tensor, place: tuple[int, int], like: Tensor) -> Tensor:
    """The view of `padded` that holds the neighbours at `place` of every pixel of a map `like` (N, C, H, W)."""
    down, right = place
    height, width = like.shape[-2:]
    return padded[..., down : down + height, 1 + right : 1 + right + width]


def _signal(x: Tensor, padded: Tensor, place: tuple[int, int] | None, out: Tensor) -> None:
    """`x` itself, or its product with the neighbours at `place`, into `out`."""
    if place is None:
        out.copy_(x)
    else:
        torch.mul(x, _neighbour(padded, place, x), out=out)


def natural_map(coefficients: Tensor, fit: Fit = Fit()) -> Tensor:
    """The 18 descriptors (`NAMES`) of every channel and window of MSCN `coefficients` (N, C, H, W), as (N, C, 18, h, w).

    Two of the GGD (shape, variance) and four of each AGGD (shape, mean eta, left and right variance).
    Raises ValueError for maps with a side below 2.
    Paper: "GGD and AGGD fits [18]", indexed (i, j). / Here: fitted in windows, from moments, so that there is a gradient.
    """
    found = moments(coefficients, fit)
    invert = INVERSIONS[fit.shape]
    variance = _logarithm if fit.logarithms else _as_is
    left, right = found.left[1:], found.right[1:]
    own = torch.stack([invert(ggd_ratio(found.absolute[0], found.square[0])), variance(found.square[0])])
    form = invert(aggd_ratio(found.absolute[1:], found.square[1:], left, right))
    eta = found.mean[1:] if fit.shape == "ratio" else aggd_mean(form, left, right)
    sides = variance(left.square()), variance(right.square())
    products = torch.stack([form, eta, *sides], dim=1).flatten(0, 1)
    return torch.cat([own, products]).movedim(0, 2)


def natural_distributions(coefficients: Tensor, fit: Fit = Fit()) -> tuple[Tensor, Tensor, Tensor]:
    """The five distributions fitted in each window of MSCN `coefficients` (N, C, H, W): a GGD and four AGGDs.

    Gives their shape alpha, left scale and right scale beta, three (N, C, 5, h, w). Shapes are kept within [.5, 4] and
    deviations within [.03, 3], where the closed-form divergence is tame.
    Raises ValueError for maps with a side below 2.
    """
    found = moments(coefficients, fit)
    own = ggd_ratio(found.absolute[:1], found.square[:1])
    products = aggd_ratio(found.absolute[1:], found.square[1:], found.left[1:], found.right[1:])
    alpha = shape_from_ratio(torch.cat([own, products])).clamp(0.5, 4)
    deviation = (found.square[:1] + FLOOR).sqrt()
    sides = (
        torch.cat([deviation, side[1:]]).clamp(SMALLEST_DEVIATION, LARGEST_DEVIATION)
        for side in (found.left, found.right)
    )
    left, right = (scale_of(alpha, side) for side in sides)
    return alpha.movedim(0, 2), left.movedim(0, 2), right.movedim(0, 2)


def _with_products(x: Tensor) -> Tensor:
    """`x` (N, C, H, W) and its four products of neighbours, 0 where there is no neighbour: (5, N, C, H, W)."""
    padded = _padded(x)
    shifted = [_neighbour(padded, place, x) for place in NEIGHBOURS]
    return torch.cat([x[None], x * torch.stack(shifted)])


def _logarithm(variance: Tensor) -> Tensor:
    return torch.log(variance + 1e-4)


def _as_is(x: Tensor) -> Tensor:
    return x
