"""From a folder of reference results to what has to be evaluated again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.check.findings import Case, Finding, Severity
from benchmark.core.errors import BadResult, SlkdBenchError, UnknownName
from benchmark.core.types import Scale
from benchmark.datasets import describe
from benchmark.methods.catalogue import methods
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.runs.cells import Cell, cell_files, read_stored
from benchmark.runs.remembered import find_method


@dataclass(frozen=True)
class Job:
    """One reference cell at `path`; `turn` counts the cells, `method` is an outside method that was given by name."""

    cell: Cell
    path: Path
    turn: int
    method: Method | None = None

    @property
    def file(self) -> str:
        """The path as annotations want it: from the current folder, where it lies below it."""
        return shown_path(self.path)

    @property
    def name(self) -> str:
        """The method, with its seed where it is not 0."""
        return self.cell.method + (f" seed {self.cell.seed}" if self.cell.seed else "")


@dataclass
class Jobs:
    """The cells to check, in the order of the methods, and what could not even be read."""

    jobs: list[Job] = field(default_factory=list)
    broken: list[Case] = field(default_factory=list)


def find_jobs(reference: Path, method_names: Sequence[str] = (), dataset_names: Sequence[str] = ()) -> Jobs:
    """The cells below `reference`; all, or those of the named methods and data sets.

    The degraded input is always among them: it holds the scoring. Raises SlkdBenchError when there are none.
    """
    if not (reference / "cells").is_dir():
        remedy = "Give --reference; `slkd-bench run --all --out DIR` makes one."
        raise SlkdBenchError("a folder of reference results", f"{reference} has no `cells` in it", remedy)
    given = dict(_named(name, reference) for name in method_names)
    wanted_sets = {name.lower().removeprefix("mini-") for name in dataset_names}
    found = Jobs()
    read: list[tuple[Cell, Path]] = []
    known_sets, known_methods = set(), set()
    for path in cell_files(reference):
        try:
            cell = read_stored(path)
        except BadResult as problem:
            broken = Finding(Severity.FAILURE, "reference unreadable", str(problem), f"Restore {path}.")
            found.broken.append(Case(path.parent.name, path.stem, (broken,), shown_path(path)))
            continue
        known_sets.add(cell.dataset)
        known_methods.add(cell.method)
        if wanted_sets and cell.dataset.lower().removeprefix("mini-") not in wanted_sets:
            continue
        if not given or cell.method in given or cell.method == "identity":
            read.append((cell, path))
    for id in given.keys() - known_methods:
        raise UnknownName("method of the reference", id, known_methods)
    if not read and not found.broken:
        raise UnknownName("data set of the reference", ", ".join(dataset_names), known_sets)
    order = {method.id: place for place, method in enumerate(methods())}
    read.sort(key=lambda one: (one[0].scale, order.get(one[0].method, len(order)), one[0].method, one[0].seed))
    found.jobs = [Job(cell, path, turn, given.get(cell.method)) for turn, (cell, path) in enumerate(read)]
    return found


def _named(name: str, reference: Path) -> tuple[str, Method | None]:
    """A method's id as it stands in result files; a name that is not registered may have disappeared and is kept."""
    try:
        method = find_method(name, reference)
    except UnknownName:
        return name, None
    return method.id, method


def shown_path(path: Path) -> str:
    """`path` from the current folder, where it lies below it."""
    whole, here = path.resolve(), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else path)


def uncovered(jobs: Sequence[Job]) -> list[str]:
    """What could be evaluated today and has no reference cell, as `METHOD on DATASET`, of the jobs' scales and sets."""

    held = {(job.cell.method, job.cell.dataset, job.cell.seed) for job in jobs}
    missing = []
    for scale, dataset in dict.fromkeys((job.cell.scale, job.cell.dataset) for job in jobs):
        try:
            task = describe(dataset).task
        except UnknownName:
            continue
        for method in methods():
            if task in method.tasks:
                for seed in store.seeds(method.id, task, Scale(scale), dataset) if method.network else [0]:
                    if (method.id, dataset, seed) not in held:
                        missing.append(f"{method.id}{f' seed {seed}' if seed else ''} on {dataset}")
    return missing
