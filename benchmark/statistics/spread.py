"""How far training runs that differ by their seed alone lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1) over `count` seeds; the deviation is NaN with a single one."""

    mean: float
    deviation: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    """The spread of one number a seed. Raises ValueError for none."""
    if not values:
        raise ValueError("expected one number a seed, found none")
    finite = all(map(math.isfinite, values))
    return Spread(fmean(values), stdev(values) if len(values) > 1 and finite else math.nan, len(values))
