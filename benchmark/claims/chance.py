"""Two methods image by image, and what chance may explain: the one place where verdicts ask statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmark.compare import difference
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
    a, b = _averaged(first, metric), _averaged(second, metric)
    names = [name for name in a if name in b]
    if not names:
        return None
    scene = {s.name: s.scene or s.name for s in first[0].scores}
    scenes = [scene[name] for name in names]
    found = difference([a[name] - b[name] for name in names], scenes)
    ours, theirs = {c.seed: c for c in first}, {c.seed: c for c in second}
    by_seed = tuple(
        fmean(x - y for x, y in _common(ours[seed], theirs[seed], metric)) for seed in sorted(ours.keys() & theirs.keys())
    )
    return Paired(found.mean, found.low, found.high, found.chance, len(names), len(set(scenes)), by_seed)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction; a NaN stays NaN and is not counted."""
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    adjusted, largest = list(p_values), 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        adjusted[i] = largest
    return adjusted


def _averaged(cells: Sequence[Cell], metric: str) -> dict[str, float]:
    tables = [{s.name: getattr(s, metric) for s in cell.scores} for cell in cells]
    return {name: fmean(t[name] for t in tables) for name in tables[0] if all(name in t for t in tables)}


def _common(first: Cell, second: Cell, metric: str) -> list[tuple[float, float]]:
    other = {s.name: getattr(s, metric) for s in second.scores}
    return [(getattr(s, metric), other[s.name]) for s in first.scores if s.name in other]
