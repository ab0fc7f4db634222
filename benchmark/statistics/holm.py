"""Holm's correction: several tests asked one question together."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given: each may be held against the level as if it were the only one.

    The k-th smallest of m is multiplied by m - k + 1, never lowered below a smaller one's and at most 1. NaN stays NaN and
    does not count among the tests. Raises ValueError for a number outside [0, 1].
    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    if tested and not (tested[0][0] >= 0 and tested[-1][0] <= 1):
        raise ValueError(f"expected p-values in [0, 1], found {tested[0][0]} to {tested[-1][0]}")
    adjusted, highest = [math.nan] * len(p_values), 0.0
    for rank, (p, place) in enumerate(tested):
        highest = max(highest, min(1.0, p * (len(tested) - rank)))
        adjusted[place] = highest
    return adjusted
