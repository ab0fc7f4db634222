"""What was measured, read from result files and records; no network is loaded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from benchmark.claims.complexity.readings import Reading, read_readings
from benchmark.core import paths
from benchmark.core.mathematics import plain
from benchmark.core.types import Scale
from benchmark.costs.records import Complexity, Times, read_complexity, read_latencies, record_of
from benchmark.datasets.passport import passports
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.weights.store import find
from benchmark.papers.read import get_paper
from benchmark.runs.cells import Cell, read_cells
from benchmark.statistics import FLOOR, SEED_SPREAD, SEEDS, SeedSpread, pooled_spread

_ENOUGH = 10  # degrees of freedom from which on a spread that was measured here is better than the documented one


@dataclass(frozen=True)
class Quality:
    """The mean of one metric over a whole set: `error` is its standard error over scenes, `spread` the standard deviation
    over training seeds (NaN with one seed)."""

    mean: float
    error: float
    spread: float
    by_seed: tuple[float, ...]
    images: int
    scenes: int
    protocol: str

    @property
    def basis(self) -> str:
        """What it was measured on, in a few words."""
        seeds = f", {len(self.by_seed)} seeds" if len(self.by_seed) > 1 else ""
        return f"{self.images:,} images of {self.scenes:,} scenes{seeds}, {self.protocol}"


@dataclass(frozen=True)
class Evidence:
    """Everything that verdicts of one paper at one scale may rest on.

    `cells` are whole cells by (method, data set); `unfit` says of a pair why its files do not count; `latencies` are the
    times on each device card.
    """

    scale: Scale
    cells: dict[tuple[str, str], list[Cell]] = field(hash=False)
    unfit: dict[tuple[str, str], str] = field(hash=False)
    complexity: dict[tuple[str, str], Complexity] = field(hash=False)
    readings: tuple[Reading, ...] = ()
    latencies: tuple[Times, ...] = ()
    _known: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False, hash=False)  # what was asked before

    def cost(self, network: str, tasks: tuple[str, ...]) -> Complexity | None:
        """The recorded complexity of a network for the first of `tasks` that has one, or for any."""
        return record_of(self.complexity, network, tasks)

    def collapsed(self, cell: Cell) -> str:
        """Why a cell says nothing of its method, where its network is not better than its own input; else empty.

        Its gain over the degraded images of the same names must reach the floor. Where these were not scored under the
        same protocol on the same data, nothing can be said.
        """
        key = "collapsed", cell.method, cell.dataset, str(cell.seed)
        if key not in self._known:
            self._known[key] = self._collapse(cell)
        return str(self._known[key])

    def _collapse(self, cell: Cell) -> str:
        given = [c for c in self.cells.get(("identity", cell.dataset), []) if alike([c, cell])]
        if not given or cell.method == "identity":
            return ""
        before = {score.name: score.psnr for score in given[0].scores}
        gains = [s.psnr - before[s.name] for s in cell.scores if s.name in before and math.isfinite(before[s.name])]
        gain = fmean(gains) if gains else math.inf
        if gain >= FLOOR["psnr"]:
            return ""
        seed = f" (seed {cell.seed})" if cell.seed else ""
        name = plain(self.method(cell.method).title)
        return (
            f"not better than its input: {name}{seed} gains {gain:+.3f} dB over the degraded images of {cell.dataset}"
        )

    def trained(self, cell: Cell) -> bool:
        """Whether a cell's weights were trained with a seed, and are not those that a method's authors published."""
        key = "trained", cell.method, cell.dataset, str(cell.seed)
        if key not in self._known:
            card = {} if self.method(cell.method).distiller else card_of(cell)
            self._known[key] = bool(self.method(cell.method).distiller) or (bool(card) and "imported_from" not in card)
        return bool(self._known[key])

    def method(self, name: str) -> Method:
        """The method called `name`, looked up once."""
        if ("method", name) not in self._known:
            self._known["method", name] = get_method(name)
        found: Method = self._known["method", name]
        return found

    def seed_spread(self, metric: str) -> SeedSpread:
        """How far paired differences of two trainings spread over seeds: measured at this scale, or the documented value.

        Measured on the students that share their seeds on one set; runs that collapsed are left out.
        """
        if ("spread", metric) not in self._known:
            self._known["spread", metric] = self._spread(metric)
        found: SeedSpread = self._known["spread", metric]
        return found

    def _spread(self, metric: str) -> SeedSpread:
        groups: dict[tuple[str, tuple[int, ...]], list[list[float]]] = {}
        for (method, dataset), cells in self.cells.items():
            seeds = tuple(sorted(cell.seed for cell in cells))
            if len(seeds) >= SEEDS and self.method(method).distiller and not any(map(self.collapsed, cells)):
                means = [getattr(cell, metric) for cell in sorted(cells, key=lambda c: c.seed)]
                groups.setdefault((dataset, seeds), []).append(means)
        found = pooled_spread([group for group in groups.values() if len(group) > 1])
        return found if found is not None and found.freedom >= _ENOUGH else SEED_SPREAD[metric]


def alike(cells: Sequence[Cell]) -> bool:
    """Whether cells are of the same data under the same protocol."""
    return all(len({str(cell.key.get(what)) for cell in cells}) == 1 for what in ("data", "protocol"))


def card_of(cell: Cell) -> dict[str, Any]:
    """The card of the weights behind a cell, where they are on this machine; else empty."""
    digest, task = str(cell.key.get("weights") or ""), passports().get(cell.dataset.removeprefix("mini-"))
    if not digest or task is None:
        return {}
    file = find(cell.method, task.task, cell.scale, cell.seed)
    return file.card if file is not None and file.sha256 == digest else {}


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
    cards = tuple(read_latencies(str(scale)).values())
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
    return Quality(fmean(means), error, spread, tuple(means), len(names), count, protocol)
