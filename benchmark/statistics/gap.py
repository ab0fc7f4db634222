"""How much of the gap between a plainly trained student and its teacher a distiller closes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmark.statistics.paired import ALPHA, RESAMPLES, generator, interval, scene_sums, sign_flip


@dataclass(frozen=True)
class Gap:
    """(student - scratch) / (teacher - scratch) in percent, with its interval over scenes (NaN with a single scene).

    `lead` is the teacher's lead over scratch and `chance` its p-value. Where the teacher does not lead significantly
    there is no gap to close: `defined` is false and the numbers are NaN.
    """

    percent: float
    low: float
    high: float
    lead: float
    chance: float

    @property
    def defined(self) -> bool:
        """Whether the teacher is significantly above scratch."""
        return not math.isnan(self.percent)


def gap_closed(
    student: Sequence[float], scratch: Sequence[float], teacher: Sequence[float], scenes: Sequence[str]
) -> Gap:
    """The part of the teacher's lead that `student` wins over `scratch`; all scores of the same images, in one order.

    The interval resamples whole scenes, of numerator and denominator together (percentile bootstrap, 95 %: BCa has no
    meaning for a number that may be infinite). A resample in which the teacher does not lead counts as infinite, with the
    sign of what the student won.
    Raises ValueError for sequences of different lengths or none.
    """
    import numpy as np
    from scipy.stats import bootstrap

    if not len(student) == len(scratch) == len(teacher) == len(scenes) or not scenes:
        found = ", ".join(str(len(values)) for values in (student, scratch, teacher, scenes))
        raise ValueError(f"expected as many scores as scenes for all three, found {found}")
    won = [a - b for a, b in zip(student, scratch, strict=True)]
    leads = [a - b for a, b in zip(teacher, scratch, strict=True)]
    lead, chance = fmean(leads), sign_flip(leads, scenes)
    if not (lead > 0 and chance <= ALPHA):
        return Gap(math.nan, math.nan, math.nan, lead, chance)
    (won_sums, lead_sums), _ = scene_sums(scenes, won, leads)
    if len(won_sums) < 2:
        return Gap(100 * fmean(won) / lead, math.nan, math.nan, lead, chance)

    def ratio(numerator: np.ndarray, denominator: np.ndarray, axis: int = -1) -> np.ndarray:
        above, below = numerator.sum(axis), denominator.sum(axis)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(below > 0, above / below, np.sign(above) * np.inf)
        result: np.ndarray = np.nan_to_num(ratios, nan=0.0, posinf=np.inf, neginf=-np.inf)
        return result

    with np.errstate(invalid="ignore"):
        drawn = bootstrap(
            (won_sums, lead_sums),
            ratio,
            paired=True,
            method="percentile",
            n_resamples=RESAMPLES,
            random_state=generator(),
        )
    low, high = interval(drawn.bootstrap_distribution)
    return Gap(100 * fmean(won) / lead, 100 * low, 100 * high, lead, chance)
