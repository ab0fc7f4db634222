"""Paired differences with what chance may explain, reckoned over scenes.

Images of one photograph or video resemble each other. So the interval resamples whole scenes, and the test turns the
signs of whole scenes. With few scenes the test is exact, and its p-value cannot fall below 2 / 2^scenes: .0078 with the
eight scenes of the mini sets. Both are scipy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 10_000
SEED = 20_250_101
CONFIDENCE = 0.95  # of every interval
ALPHA = 0.05  # a p-value above it is chance
EXACT = 13  # scenes up to which every vector of signs is tried


@dataclass(frozen=True)
class Difference:
    """B minus A of one number over the images of one data set.

    `mean` has the interval [`low`, `high`] (95 % BCa bootstrap over scenes; NaN with a single scene) and the two-sided
    p-value `chance` of the sign-flip test over scenes. `wins` counts the images where B is better.
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
    low, high = _interval_of_mean(sums, counts)
    wins, losses = int(np.sum(np.asarray(values) > 0)), int(np.sum(np.asarray(values) < 0))
    return Difference(fmean(values), low, high, flip_chance(sums), wins, losses)


def sign_flip(values: Sequence[float], scenes: Sequence[str]) -> float:
    """The two-sided p-value of the sign-flip test over scenes alone: how often turning the signs of whole scenes gives a
    mean as far from zero; NaN with a single scene.

    Exact up to 13 scenes (never below 2 / 2^scenes), else from 10,000 draws (never below 2 / 10,001).
    Source: Fisher, "The Design of Experiments", 1935, section 21; Winkler et al., NeuroImage 2014, for whole blocks.
    """
    (sums,), _ = scene_sums(scenes, values)
    return flip_chance(sums)


def scene_sums(scenes: Sequence[str], *columns: Sequence[float]) -> tuple[list[np.ndarray], np.ndarray]:
    """The sum of each column over the images of each scene, and how many images each scene has."""
    import numpy as np

    order = {scene: place for place, scene in enumerate(dict.fromkeys(scenes))}
    places = np.array([order[scene] for scene in scenes])
    return [np.bincount(places, column) for column in columns], np.bincount(places)


def interval(resamples: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval of a resampled number, which may be infinite."""
    import numpy as np

    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    finite = bool(np.isfinite(resamples).all())  # between infinite numbers nothing can be interpolated
    low, high = np.quantile(resamples, ends) if finite else np.quantile(resamples, ends, method="inverted_cdf")
    return float(low), float(high)


def flip_chance(sums: Sequence[float] | np.ndarray) -> float:
    """The two-sided p-value of turning the signs of independent numbers, (n,), by scipy; NaN with a single one."""
    import numpy as np
    from scipy.stats import permutation_test

    if len(sums) < 2:
        return math.nan
    found = permutation_test(
        (np.asarray(sums, float),),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if len(sums) <= EXACT else RESAMPLES,
        random_state=generator(),
    )
    return float(found.pvalue)


def generator() -> np.random.Generator:
    """The generator of every resampling: the same at every call."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(SEED))


def _interval_of_mean(sums: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """The BCa interval of the mean over images, whole scenes drawn; a point where all scenes say the same."""
    import numpy as np
    from scipy.stats import bootstrap

    if len(sums) < 2:
        return math.nan, math.nan
    means = sums / counts
    if np.ptp(means) <= 1e-12 * max(1.0, float(np.abs(means).max())):
        return float(means.mean()), float(means.mean())
    found = bootstrap(
        (sums, counts),
        _ratio_of_sums,
        paired=True,
        method="BCa",
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        random_state=generator(),
    ).confidence_interval
    return float(found.low), float(found.high)


def _ratio_of_sums(sums: Any, counts: Any, axis: int = -1) -> Any:
    return sums.sum(axis) / counts.sum(axis)
