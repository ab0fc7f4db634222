"""Numbers in print: with as many decimals as usual, and with more where these would leave nothing of a small one."""

from __future__ import annotations

import math

FIGURES = 3


def decimal(value: float, decimals: int, most: int = 9) -> str:
    """`value` with `decimals`; below 1 with at least three figures, but never more than `most` decimals.

    >>> decimal(3.537, 1), decimal(0.1199, 1), decimal(29e-6, 1, most=6), decimal(0.0, 1)
    ('3.5', '0.120', '0.000029', '0.0')
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:.{decimals}f}"
    exponent = int(f"{value:.{FIGURES - 1}e}".partition("e")[2])  # after rounding: of .9999 it is 0
    needed = FIGURES - 1 - exponent if exponent < 0 else decimals
    return f"{value:.{min(max(decimals, needed), most)}f}"


def gigas(value: float) -> str:
    """Multiply-accumulates in 1e9: `176.7G`, `3.54G`, `0.0102G`."""
    return f"{decimal(value, 1 if abs(value) >= 10 else 2)}G"


def millions(value: float) -> str:
    """Parameters in 1e6, to a single one where there are few: `26.1M`, `0.120M`, `0.000029M`."""
    return f"{decimal(value, 1, most=6)}M"
