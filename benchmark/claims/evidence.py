"""What was measured, read from result files and records; no network is loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from benchmark.claims.complexity.readings import Reading, read_readings
from benchmark.core import paths
from benchmark.core.types import Scale
from benchmark.costs.records import Complexity, Latency, read_complexity, read_latencies, record_of
from benchmark.datasets.passport import passports
from benchmark.papers.read import get_paper
from benchmark.runs.cells import Cell, read_cells


@dataclass(frozen=True)
class Quality:
    """The mean of one metric over a whole set: `error` is its standard error over scenes, `spread` the standard deviation
    over training seeds (NaN with one seed)."""

    mean: float
    error: float
    spread: float
    seeds: int
    images: int
    scenes: int
    protocol: str

    @property
    def basis(self) -> str:
        """What it was measured on, in a few words."""
        seeds = f", {self.seeds} seeds" if self.seeds > 1 else ""
        return f"{self.images:,} images of {self.scenes:,} scenes{seeds}, {self.protocol}"


@dataclass(frozen=True)
class Evidence:
    """Everything that verdicts of one paper at one scale may rest on.

    `cells` are whole cells by (method, data set); `unfit` says of a pair why its files do not count. `latencies` are
    (device card, records by network and task).
    """

    scale: Scale
    cells: dict[tuple[str, str], list[Cell]] = field(hash=False)
    unfit: dict[tuple[str, str], str] = field(hash=False)
    complexity: dict[tuple[str, str], Complexity] = field(hash=False)
    readings: tuple[Reading, ...] = ()
    latencies: tuple[tuple[dict[str, Any], dict[tuple[str, str], Latency]], ...] = field(default=(), hash=False)

    def cost(self, network: str, tasks: tuple[str, ...]) -> Complexity | None:
        """The recorded complexity of a network for the first of `tasks` that has one, or for any."""
        return record_of(self.complexity, network, tasks)


def gather(out: Path | None, scale: Scale, paper: str) -> Evidence:
    """The evidence below `out`; without it, of `runs` if it has cells at this scale, else of the reference results."""
    found: list[Cell] = []
    for folder in [out] if out else [Path("runs"), paths.results() / str(scale)]:
        found, _ = read_cells(folder, scale)
        if found:
            break
    cells: dict[tuple[str, str], list[Cell]] = {}
    unfit: dict[tuple[str, str], str] = {}
    for cell in found:
        problem = _problem(cell)
        if problem:
            unfit[cell.method, cell.dataset] = problem
        else:
            cells.setdefault((cell.method, cell.dataset), []).append(cell)
    cards = tuple(
        (card, {(r.network, r.task): r for r in records}) for card, records in read_latencies(str(scale)).values()
    )
    counted = read_complexity(str(scale), size=get_paper(paper).complexity.image_size)
    return Evidence(scale, cells, unfit, counted, tuple(read_readings(paper)), cards)


def _problem(cell: Cell) -> str:
    """Why a result file is not one of a whole set, if so."""

    if cell.key.get("limit"):
        return f"only its first {cell.key['limit']} images were run"
    if cell.failures:
        return f"{len(cell.failures)} of its images could not be scored"
    expected = passports()[cell.dataset].counts if cell.dataset in passports() else ()
    if expected and len(cell.scores) not in expected:
        return f"{len(cell.scores):,} images were scored, the set has {expected[0]:,}"
    if not cell.scores or not all(math.isfinite(s.psnr) for s in cell.scores):
        return "an image has no finite PSNR"
    return ""


def measure(cells: list[Cell], metric: str) -> Quality:
    """The mean of `metric` over images and seeds, with its standard error clustered by scene."""
    means = [fmean(getattr(s, metric) for s in cell.scores) for cell in cells]
    tables = [{s.name: s for s in cell.scores} for cell in cells]
    names = [name for name in tables[0] if all(name in table for table in tables)]
    values = {name: fmean(getattr(t[name], metric) for t in tables) for name in names}
    scenes: dict[str, float] = {}
    mean = fmean(values.values())
    for name in names:
        scene = tables[0][name].scene or name
        scenes[scene] = scenes.get(scene, 0.0) + values[name] - mean
    count = len(scenes)
    error = (
        math.sqrt(count / (count - 1) * math.fsum(d * d for d in scenes.values())) / len(names)
        if count > 1
        else math.nan
    )
    spread = stdev(means) if len(means) > 1 else math.nan
    protocol = str(cells[0].key.get("protocol", "")).partition("@")[0]
    return Quality(fmean(means), error, spread, len(cells), len(names), count, protocol)
