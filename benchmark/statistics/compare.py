"""Two methods image by image: paired differences from result files alone, with what chance may explain.

Chance is reckoned over scenes (`benchmark.statistics`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.core.errors import BadResult, UnknownName
from benchmark.core.types import Scale
from benchmark.methods.catalogue import own_rows
from benchmark.protocols import without_protocol
from benchmark.runs.cells import Cell, all_cells
from benchmark.statistics import CONFIDENCE, Difference, averaged, difference, holm, paired
from benchmark.statistics.scores import Paired

__all__ = ["CONFIDENCE", "Comparison", "Poor", "compare", "difference", "worst"]


@dataclass(frozen=True)
class Comparison:
    """Two methods on one data set, over `images` common images of `scenes` scenes.

    `left_out` names the images that stand in no mean of PSNR: those that only one of them has, and where PSNR is infinite
    for just one. `perfect` are those of them where B alone equals the target, `spoilt` where A alone does: they count as
    won and lost.
    `total` is the number of images of the whole set. `psnr_adjusted` and `ssim_adjusted` are the p-values after Holm's
    correction across the data sets that were compared together.
    """

    dataset: str
    scale: str
    images: int
    scenes: int
    psnr: Difference
    ssim: Difference
    left_out: tuple[str, ...] = ()
    psnr_adjusted: float = math.nan
    ssim_adjusted: float = math.nan
    perfect: tuple[str, ...] = ()
    spoilt: tuple[str, ...] = ()
    total: int = 0

    @property
    def count(self) -> str:
        """The number of common images: `24`, or `3 of 1,200` where the set has more."""
        return f"{self.images:,} of {self.total:,}" if self.images < self.total else f"{self.images:,}"


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
    rows = [_comparison(key, first[key], second[key]) for key in shared]
    psnr, ssim = holm([row.psnr.chance for row in rows]), holm([row.ssim.chance for row in rows])
    return [replace(row, psnr_adjusted=p, ssim_adjusted=q) for row, p, q in zip(rows, psnr, ssim, strict=True)]


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
        before = averaged(degraded[key]) if key in degraded else {}
        rows = [
            Poor(key[1], s.name, s.psnr, s.ssim, _gain(before[s.name].psnr, s.psnr) if s.name in before else math.nan)
            for s in averaged(cells[key]).values()
        ]
        poorest += sorted(rows, key=lambda row: row.psnr)[:count]
        least += sorted((row for row in rows if not math.isnan(row.gain)), key=lambda row: row.gain)[:count]
    return poorest, least


def _gain(before: float, now: float) -> float:
    return 0.0 if before == now else now - before  # equal infinities gain nothing


def _results(method: str, out: Path, scale: Scale | None, dataset: str) -> dict[tuple[str, str], list[Cell]]:
    """The cells of a method by (scale, data set); whole ones before those of `--limit` runs."""
    cells = all_cells(out, scale)
    names = {cell.method for cell in cells}
    if not cells:
        raise BadResult(f"result files below {out / 'cells'}", "none", "Run or score methods first, or give --out.")
    wanted = method if method in names else method.lower()
    if wanted not in names:
        wanted = own_rows().get(wanted, wanted)
    if wanted not in names:
        raise UnknownName("method with results", method, names)
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.method == wanted and _is_called(cell.dataset, dataset):
            grouped.setdefault((cell.scale, cell.dataset), []).append(cell)
    if not grouped:
        raise UnknownName(f"data set with results of {method}", dataset, {c.dataset for c in cells})
    for key, found in grouped.items():
        limits = {cell.key.get("limit") for cell in found}
        keep = None if None in limits else max(int(limit or 0) for limit in limits)  # the widest run
        grouped[key] = [cell for cell in found if cell.key.get("limit") == keep]
        weights = sorted({str(cell.key["scale"]) for cell in grouped[key] if "scale" in cell.key})
        if len(weights) > 1:
            remedy = f"Say which with --scale {' or --scale '.join(weights)}."
            raise BadResult(f"results of {method} on {key[1]} with weights of one scale", " and ".join(weights), remedy)
    return grouped


def _is_called(key: str, name: str) -> bool:
    """Whether a data set is meant by `name`: its id, or that without `mini-` or without the protocol of a folder."""
    return name.lower() in ("", key.lower(), key.lower().removeprefix("mini-"), without_protocol(key.lower()))


def _comparison(key: tuple[str, str], first: list[Cell], second: list[Cell]) -> Comparison:
    for what in ("data", "protocol"):
        values = {str(cell.key.get(what)) for cell in (*first, *second)}
        if len(values) > 1:
            remedy = "Run or score both again on the same data under one protocol."
            raise BadResult(f"results on {key[1]} with the same {what}", " and ".join(sorted(values)), remedy)
    a, b = averaged(first), averaged(second)
    common = [name for name in a if name in b]
    if not common:
        raise BadResult(f"common images on {key[1]}", "none", "Run or score both again on the same images.")
    found = paired(a, b)
    scenes = [a[name].scene or name for name in common]
    return Comparison(
        key[1],
        key[0],
        len(common),
        len(set(scenes)),
        _of_psnr(found),
        difference([b[name].ssim - a[name].ssim for name in common], scenes),
        found.left_out,
        perfect=found.perfect,
        spoilt=found.spoilt,
        total=max(cell.total for cell in (*first, *second)),
    )


def _of_psnr(found: Paired) -> Difference:
    """The difference over images where both are finite or both infinite; the others are won or lost all the same."""
    if found.names:
        finite = difference(found.psnr, found.scenes)
    else:
        bound = math.inf if not found.spoilt else -math.inf if not found.perfect else math.nan
        finite = Difference(bound, math.nan, math.nan, math.nan, 0, 0)
    return replace(finite, wins=finite.wins + len(found.perfect), losses=finite.losses + len(found.spoilt))


def _names(grouped: dict[tuple[str, str], list[Cell]]) -> str:
    return ", ".join(sorted(dataset for _, dataset in grouped))
