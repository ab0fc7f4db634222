"""Two methods image by image, and what chance may explain: the one place where verdicts ask statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmark import statistics
from benchmark.runs.cells import Cell

LEVEL = 0.05


@dataclass(frozen=True)
class Paired:
    """Better minus worse over common images: mean, 95 % interval over scenes, p-value (NaN with a single scene).

    `by_seed` are the mean differences of the seeds that both methods have.
    """

    mean: float
    low: float
    high: float
    chance: float
    images: int
    scenes: int
    by_seed: tuple[float, ...]


def paired(first: Sequence[Cell], second: Sequence[Cell], metric: str) -> Paired | None:
    """`first` minus `second`, seeds averaged image by image; None where data or protocol differ or no image is shared."""
    for what in ("data", "protocol"):
        if len({str(cell.key.get(what)) for cell in (*first, *second)}) > 1:
            return None
    pairs = statistics.paired(statistics.averaged(second), statistics.averaged(first))
    if not pairs.names:
        return None
    found = statistics.difference(getattr(pairs, metric), pairs.scenes)
    ours, theirs = ({cell.seed: statistics.averaged([cell]) for cell in cells} for cells in (first, second))
    by_seed = tuple(
        fmean(getattr(statistics.paired(theirs[seed], ours[seed]), metric))
        for seed in sorted(ours.keys() & theirs.keys())
    )
    scenes = len(set(pairs.scenes))
    return Paired(found.mean, found.low, found.high, found.chance, len(pairs.names), scenes, by_seed)
