"""Two methods image by image: paired differences from result files alone, with what chance may explain.

Images of one photograph or video resemble each other, so chance is reckoned over scenes: the interval resamples whole
scenes, and the test turns the signs of whole scenes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmark.errors import BadResult, UnknownName
from benchmark.nouns import Scale
from benchmark.runs.cells import Cell, ImageScore, read_cells

RESAMPLES = 10_000
SEED = 20_250_101
LEVEL = 0.95


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


@dataclass(frozen=True)
class Comparison:
    """Two methods on one data set, over `images` common images of `scenes` scenes.

    `left_out` names the images that only one of them has, or where PSNR is infinite for just one.
    """

    dataset: str
    scale: str
    images: int
    scenes: int
    psnr: Difference
    ssim: Difference
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Poor:
    """One image of a method beside the degraded input: `gain` is in dB, NaN where the degraded one was not scored."""

    dataset: str
    name: str
    psnr: float
    ssim: float
    gain: float


def compare(a: str, b: str, out: Path, scale: Scale | None = None, dataset: str = "") -> list[Comparison]:
    """B against A on every data set where both have results below `out`; several seeds are averaged image by image.

    Raises UnknownName for a method without results, BadResult where the two share no data set, or were scored on
    different data or under different protocols.
    """
    first, second = _results(a, out, scale, dataset), _results(b, out, scale, dataset)
    shared = sorted(first.keys() & second.keys())
    if not shared:
        found = f"{a} on {_names(first)}; {b} on {_names(second)}"
        raise BadResult(f"a data set on which both {a} and {b} have results", found, "Run the missing ones.")
    return [_comparison(key, first[key], second[key]) for key in shared]


def worst(
    method: str, out: Path, scale: Scale | None = None, dataset: str = "", count: int = 5
) -> tuple[list[Poor], list[Poor]]:
    """The `count` images of each data set where `method` has the lowest PSNR, and those where it gains least.

    What is gained is over the degraded input, the result of the method `identity`; the second list holds only data sets
    on which that has been run. Raises as `compare`.
    """
    cells = _results(method, out, scale, dataset)
    try:
        degraded = _results("identity", out, scale, dataset)
    except (UnknownName, BadResult):
        degraded = {}
    poorest: list[Poor] = []
    least: list[Poor] = []
    for key in sorted(cells):
        before = _averaged(degraded[key]) if key in degraded else {}
        rows = [
            Poor(key[1], s.name, s.psnr, s.ssim, s.psnr - before[s.name].psnr if s.name in before else math.nan)
            for s in _averaged(cells[key]).values()
        ]
        poorest += sorted(rows, key=lambda row: row.psnr)[:count]
        least += sorted((row for row in rows if not math.isnan(row.gain)), key=lambda row: row.gain)[:count]
    return poorest, least


def _results(method: str, out: Path, scale: Scale | None, dataset: str) -> dict[tuple[str, str], list[Cell]]:
    """The cells of a method by (scale, data set); whole ones before those of `--limit` runs."""
    cells = [cell for one in ([scale] if scale else list(Scale)) for cell in read_cells(out, one)[0]]
    names = {cell.method for cell in cells}
    if not cells:
        raise BadResult(f"result files below {out / 'cells'}", "none", "Run or score methods first, or give --out.")
    wanted = method if method in names else method.lower()
    if wanted not in names:
        wanted = f"{wanted}-slkd" if f"{wanted}-slkd" in names else wanted
    if wanted not in names:
        raise UnknownName("method with results", method, names)
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.method == wanted and dataset.lower() in ("", cell.dataset.lower(), cell.dataset.removeprefix("mini-")):
            grouped.setdefault((cell.scale, cell.dataset), []).append(cell)
    if not grouped:
        raise UnknownName(f"data set with results of {method}", dataset, {c.dataset for c in cells})
    for key, found in grouped.items():
        limits = {cell.key.get("limit") for cell in found}
        keep = None if None in limits else max(int(limit or 0) for limit in limits)  # the widest run
        grouped[key] = [cell for cell in found if cell.key.get("limit") == keep]
    return grouped


def _averaged(cells: Sequence[Cell]) -> dict[str, ImageScore]:
    """Image by image the mean over seeds, of the images that every seed has."""
    tables = [{score.name: score for score in cell.scores} for cell in cells]
    common = [name for name in tables[0] if all(name in table for table in tables)]
    return {
        name: ImageScore(
            name, tables[0][name].scene, fmean(t[name].psnr for t in tables), fmean(t[name].ssim for t in tables)
        )
        for name in common
    }


def _comparison(key: tuple[str, str], first: list[Cell], second: list[Cell]) -> Comparison:
    for what in ("data", "protocol"):
        values = {str(cell.key.get(what)) for cell in (*first, *second)}
        if len(values) > 1:
            remedy = "Run or score both again on the same data under one protocol."
            raise BadResult(f"results on {key[1]} with the same {what}", " and ".join(sorted(values)), remedy)
    a, b = _averaged(first), _averaged(second)
    names = [name for name in a if name in b and math.isfinite(a[name].psnr) == math.isfinite(b[name].psnr)]
    left_out = tuple(name for name in dict.fromkeys((*a, *b)) if name not in names)
    if not names:
        raise BadResult(f"common images on {key[1]}", "none", "Run or score both again on the same images.")
    scenes = [a[name].scene or name for name in names]
    psnr = [b[n].psnr - a[n].psnr if math.isfinite(a[n].psnr) else 0.0 for n in names]
    ssim = [b[n].ssim - a[n].ssim for n in names]
    return Comparison(
        key[1], key[0], len(names), len(set(scenes)), difference(psnr, scenes), difference(ssim, scenes), left_out
    )


def difference(values: Sequence[float], scenes: Sequence[str]) -> Difference:
    """The mean of paired differences with its interval and test, both over scenes; the same for the same values."""
    import numpy as np

    order = {scene: place for place, scene in enumerate(dict.fromkeys(scenes))}
    places = np.array([order[scene] for scene in scenes])
    sums, counts = np.bincount(places, values), np.bincount(places)
    rng = np.random.Generator(np.random.PCG64(SEED))
    low = high = chance = math.nan
    if len(sums) > 1:
        draws = rng.integers(0, len(sums), (RESAMPLES, len(sums)))
        means = sums[draws].sum(1) / counts[draws].sum(1)
        low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
        signs = rng.integers(0, 2, (RESAMPLES, len(sums))) * 2 - 1
        as_far = np.abs(signs @ sums) >= abs(sums.sum()) * (1 - 1e-12)
        chance = (1 + int(as_far.sum())) / (1 + RESAMPLES)
    wins, losses = sum(v > 0 for v in values), sum(v < 0 for v in values)
    return Difference(fmean(values), low, high, chance, wins, losses)


def _names(grouped: dict[tuple[str, str], list[Cell]]) -> str:
    return ", ".join(sorted(dataset for _, dataset in grouped))
