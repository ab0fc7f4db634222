"""Paired differences with what chance may explain, reckoned over scenes.

Images of one photograph or video resemble each other. So the interval resamples whole scenes, and the test turns the
signs of whole scenes. With few scenes the test is exact, and its p-value cannot fall below 2 / 2^scenes: .0078 with the
eight scenes of the mini sets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 10_000
SEED = 20_250_101
LEVEL = 0.95
EXACT = 16  # scenes up to which all sign flips are enumerated: 2^15 of them, the other half being their mirror
_ROWS = 1024  # sign vectors drawn at once


@dataclass(frozen=True)
class Difference:
    """B minus A of one number over the images of one data set.

    `mean` has the interval [`low`, `high`] (95 % percentile bootstrap over scenes; NaN with a single scene) and the
    two-sided p-value `chance` of the sign-flip test over scenes. `wins` counts the images where B is better.
    """

    mean: float
    low: float
    high: float
    chance: float
    wins: int
    losses: int

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def difference(values: Sequence[float], scenes: Sequence[str]) -> Difference:
    """The mean of paired differences with its interval and test, both over scenes; the same for the same values."""
    import numpy as np

    (sums,), counts = scene_sums(scenes, values)
    low = high = math.nan
    if len(sums) > 1:
        draws = resampled(len(sums))
        low, high = interval(sums[draws].sum(1) / counts[draws].sum(1))
    wins, losses = int(np.sum(np.asarray(values) > 0)), int(np.sum(np.asarray(values) < 0))
    return Difference(fmean(values), low, high, _chance(sums), wins, losses)


def sign_flip(values: Sequence[float], scenes: Sequence[str]) -> float:
    """The two-sided p-value of the sign-flip test over scenes alone: how often turning the signs of whole scenes gives a
    mean as far from zero; NaN with a single scene.

    Exact up to 16 scenes (never below 2 / 2^scenes), else from 10,000 draws (never below 1 / 10,001).
    Source: Fisher, "The Design of Experiments", 1935, section 21; Winkler et al., NeuroImage 2014, for whole blocks.
    """
    (sums,), _ = scene_sums(scenes, values)
    return _chance(sums)


def scene_sums(scenes: Sequence[str], *columns: Sequence[float]) -> tuple[list[np.ndarray], np.ndarray]:
    """The sum of each column over the images of each scene, and how many images each scene has."""
    import numpy as np

    order = {scene: place for place, scene in enumerate(dict.fromkeys(scenes))}
    places = np.array([order[scene] for scene in scenes])
    return [np.bincount(places, column) for column in columns], np.bincount(places)


def resampled(scenes: int) -> np.ndarray:
    """The bootstrap's draws of whole scenes, (10,000, scenes) indices; the same at every call."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(SEED)).integers(0, scenes, (RESAMPLES, scenes))


def interval(resamples: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval of a resampled number, which may be infinite."""
    import numpy as np

    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    finite = bool(np.isfinite(resamples).all())  # between infinite numbers nothing can be interpolated
    low, high = np.quantile(resamples, ends) if finite else np.quantile(resamples, ends, method="inverted_cdf")
    return float(low), float(high)


def _chance(sums: np.ndarray) -> float:
    import numpy as np

    if len(sums) < 2:
        return math.nan
    bound = abs(sums.sum()) * (1 - 1e-12)
    exact = len(sums) <= EXACT
    as_far, drawn = (0, 0) if exact else (1, 1)  # a draw counts what was observed among what chance gives
    for signs in _all_signs(len(sums)) if exact else _random_signs(len(sums)):
        as_far += int((np.abs(signs @ sums) >= bound).sum())
        drawn += len(signs)
    return as_far / drawn


def _all_signs(count: int) -> Iterator[np.ndarray]:
    """Every vector of signs that begins with +1; the others are their mirror images and as far from zero."""
    import numpy as np

    bits = np.arange(2 ** (count - 1))[:, None] >> np.arange(count - 1) & 1
    yield np.hstack([np.ones((len(bits), 1)), 1.0 - 2 * bits])


def _random_signs(count: int) -> Iterator[np.ndarray]:
    import numpy as np

    rng = np.random.Generator(np.random.PCG64(SEED))
    for start in range(0, RESAMPLES, _ROWS):
        yield rng.integers(0, 2, (min(_ROWS, RESAMPLES - start), count), dtype=np.int8) * 2.0 - 1.0
