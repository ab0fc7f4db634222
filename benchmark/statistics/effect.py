"""An effect with everything that chance may explain: training seeds first, scenes inside; and what may be concluded.

A difference of two methods on one set is measured once a training seed, (seeds, images). Its mean varies because another
training would have come out otherwise, and because other photographs would have been easier for one of the two:

    error^2 = s_seed^2 / seeds + s_scene^2,      s_scene^2 clustered by scene,

with the degrees of freedom of Welch and Satterthwaite, but never more than the seeds have. With fewer than three seeds
s_seed cannot be measured on the pair itself: then the deviation that was measured elsewhere enters. The derivation and
its check by simulation are in docs/explanations/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmark.statistics.paired import ALPHA, flip_chance, scene_sums

FLOOR = {"psnr": 0.1, "ssim": 0.002}
"""The smallest effect that decides an ordering: PSNR in dB, SSIM."""
SEEDS = 3
"""Training seeds from which on a pair's own spread is used."""


@dataclass(frozen=True)
class SeedSpread:
    """The standard deviation over seeds of a paired difference of two trainings, with its degrees of freedom.

    `measured` is False for the documented constant.
    """

    deviation: float
    freedom: float
    measured: bool = False


SEED_SPREAD = {"psnr": SeedSpread(0.33, 36), "ssim": SeedSpread(0.006, 36)}
"""Of ten distillers of one student on two sets of the mini study, three seeds each: .328 dB and .0060."""


@dataclass(frozen=True)
class Effect:
    """B minus A: the mean over seeds and images with its 95 % interval [`low`, `high`] and two-sided p-value `chance`.

    `equal` is the p-value of the test that the effect is not smaller than the floor (two one-sided tests). All are NaN
    with a single scene. `by_seed` are the seeds' means, `own_spread` says whether they gave the spread.
    """

    mean: float
    low: float
    high: float
    chance: float
    equal: float
    by_seed: tuple[float, ...]
    scenes: int
    images: int
    own_spread: bool

    @property
    def seeds(self) -> int:
        """How many training seeds both have."""
        return len(self.by_seed)

    @property
    def flip(self) -> float:
        """The p-value of turning the signs of whole seeds: never below 2 / 2^seeds; NaN with a single one."""
        return flip_chance(self.by_seed)


class Conclusion(StrEnum):
    """What may be concluded of `B is better than A`."""

    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"
    OPEN = "open"


def effect(
    differences: Sequence[Sequence[float]], scenes: Sequence[str], floor: float, spread: SeedSpread | None
) -> Effect:
    """The effect behind paired differences, a row a training seed, (seeds, images), the images in the order of `scenes`.

    `spread` stands in for the seeds' spread where there are fewer than three; None means that no training differs
    between the two (both are the authors' weights). Raises ValueError for rows of another length than `scenes`.
    """
    if not len(differences) or not scenes or any(len(row) != len(scenes) for row in differences):
        raise ValueError(f"expected rows of {len(scenes)} differences, found {[len(row) for row in differences]}")
    import numpy as np

    table = np.asarray(differences, float)
    by_seed = table.mean(1)
    mean = float(by_seed.mean())
    (sums,), counts = scene_sums(scenes, (table.mean(0) - mean).tolist())
    groups, seeds, means = len(counts), len(by_seed), tuple(map(float, by_seed))
    own = seeds >= SEEDS and spread is not None
    if groups < 2:
        nan = math.nan
        return Effect(mean, nan, nan, nan, nan, means, groups, len(scenes), own)
    of_scenes = float(groups / (groups - 1) * (sums**2).sum()) / len(scenes) ** 2
    of_seeds, freedom = 0.0, 1.0
    if spread is not None:
        of_seeds = (float(by_seed.var(ddof=1)) if own else spread.deviation**2) / seeds
        freedom = seeds - 1 if own else spread.freedom
    found = _t_tests(mean, (of_seeds, freedom), (of_scenes, groups - 1.0), floor)
    return Effect(mean, *found, means, groups, len(scenes), own)


def conclude(found: Effect, chance: float, equal: float, floor: float) -> Conclusion:
    """The conclusion from an effect and its p-values, which may have been corrected for several tests."""
    if equal <= ALPHA:
        return Conclusion.EQUAL
    if chance <= ALPHA and abs(found.mean) >= floor:
        return Conclusion.BETTER if found.mean > 0 else Conclusion.WORSE
    return Conclusion.OPEN


def prediction(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval in which one more training lands, from the means of at least two: m +- t s sqrt(1 + 1/n).

    Raises ValueError for fewer than two.
    """
    from scipy.special import stdtrit

    count = len(values)
    if count < 2:
        raise ValueError(f"expected at least two trainings, found {count}")
    mean = math.fsum(values) / count
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1))
    half = float(stdtrit(count - 1, 1 - ALPHA / 2)) * deviation * math.sqrt(1 + 1 / count)
    return mean - half, mean + half


def pooled_spread(groups: Sequence[Sequence[Sequence[float]]]) -> SeedSpread | None:
    """The spread of a paired difference, from groups of methods that were trained with the same seeds, (methods, seeds).

    In each group a method's level and a seed's level are taken out; what is left, doubled, is the variance of the
    difference of two methods. None where no group has two methods and two seeds. Raises ValueError for ragged rows.
    """
    import numpy as np

    squares = freedom = 0.0
    for group in groups:
        table = np.asarray(group, float)
        if table.ndim != 2:
            raise ValueError("expected as many seeds for every method of a group")
        free = (table.shape[0] - 1) * (table.shape[1] - 1)
        rest = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
        squares, freedom = squares + float((rest**2).sum()), freedom + free
    return SeedSpread(math.sqrt(2 * squares / freedom), freedom, True) if freedom else None


def _t_tests(
    mean: float, seeds: tuple[float, float], scenes: tuple[float, float], floor: float
) -> tuple[float, float, float, float]:
    """Interval, p-value and p-value of equivalence, from (variance of the mean, degrees of freedom) of each source."""
    from scipy.special import stdtr, stdtrit

    total = seeds[0] + scenes[0]
    if total <= 0:  # every image of every seed says the same
        return mean, mean, float(mean == 0), float(abs(mean) >= floor)
    freedom = total**2 / (seeds[0] ** 2 / seeds[1] + scenes[0] ** 2 / scenes[1])
    freedom = min(freedom, seeds[1]) if seeds[0] > 0 else freedom
    error = math.sqrt(total)
    half = float(stdtrit(freedom, 1 - ALPHA / 2)) * error
    chance = 2 * float(stdtr(freedom, -abs(mean) / error))
    equal = float(stdtr(freedom, (abs(mean) - floor) / error))
    return mean - half, mean + half, chance, equal
