"""Small inline drawings as SVG text: numbers in, markup out. Colours come from the page's style sheet by class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean, quantiles

from markupsafe import Markup, escape

WIDTH, HEIGHT = 104, 16  # of a strip, in CSS pixels
RUG_LIMIT = 96  # more images than these are drawn as box and whiskers alone


def strip(values: Sequence[float], low: float, high: float, unit: str = "dB") -> Markup:
    """The distribution of `values` between `low` and `high`: a tick an image, the quartiles as a box, median, mean.

    With more than 96 values the ticks give way to whiskers from the 5th to the 95th percentile. Infinite values (images
    restored exactly) are counted in the label and not drawn. Empty when nothing finite is left.
    """
    finite = sorted(v for v in values if math.isfinite(v))
    if not finite:
        return Markup("")
    first, median, third = quantiles(finite, n=4, method="inclusive") if len(finite) > 1 else finite * 3
    place = _scale(low, high, 2, WIDTH - 2)
    middle = HEIGHT / 2
    drawn = [
        f'<rect class="box" x="{place(first):.1f}" y="3" '
        f'width="{max(place(third) - place(first), 0.5):.1f}" height="{HEIGHT - 6}"/>'
    ]
    if len(finite) <= RUG_LIMIT:
        ticks = "".join(f"M{place(v):.1f} 5v6" for v in finite)
        drawn.append(f'<path class="rug" d="{ticks}"/>')
    else:
        cuts = quantiles(finite, n=20, method="inclusive")
        drawn.append(
            f'<path class="rug" d="M{place(cuts[0]):.1f} {middle}H{place(first):.1f}'
            f'M{place(third):.1f} {middle}H{place(cuts[-1]):.1f}"/>'
        )
    drawn.append(f'<path class="median" d="M{place(median):.1f} 2v{HEIGHT - 4}"/>')
    drawn.append(f'<circle class="mean" cx="{place(fmean(finite)):.1f}" cy="{middle}" r="2"/>')
    exact = len(values) - len(finite)
    label = f"{len(values)} images, {finite[0]:.2f} to {finite[-1]:.2f} {unit}, median {median:.2f}" + (
        f", {exact} restored exactly" if exact else ""
    )
    return Markup(  # nosec B704  # numbers, and a label that is escaped
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(label)}"><title>{escape(label)}</title>{"".join(drawn)}</svg>'
    )


def span(values: Sequence[float]) -> tuple[float, float]:
    """The range that all finite `values` share, a little widened; (0, 1) when there are none."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    return (low - 0.5, high + 0.5) if high - low < 1e-9 else (low, high)


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (min(max(value, low), high) - low) / (high - low) * (end - start)
