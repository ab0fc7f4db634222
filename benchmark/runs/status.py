"""What a result folder holds, and which of its cells a run would compute again, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.core.types import Scale
from benchmark.datasets.pairs import Dataset
from benchmark.methods.method import Method
from benchmark.runs.cells import FOLDERS, SCHEMA, Cell, cell_files, holds, read_stored
from benchmark.runs.key import cell_key, differences
from benchmark.runs.merge import failures
from benchmark.runs.options import RunOptions
from benchmark.runs.remembered import dataset_of, method_of


@dataclass
class Group:
    """The cells on one data set at one scale."""

    scale: str
    dataset: str
    cells: list[Cell] = field(default_factory=list)

    @property
    def incomplete(self) -> int:
        """How many cells have not all images of the set."""
        return sum(cell.partial or bool(cell.failures) for cell in self.cells)

    @property
    def images(self) -> int:
        """The number of scores."""
        return sum(len(cell.scores) for cell in self.cells)

    @property
    def devices(self) -> str:
        """Where they were made."""
        return ", ".join(sorted({str(cell.made_by.get("device", "?")) for cell in self.cells}))


@dataclass
class Status:
    """What a folder holds: groups of cells, partial ones in words, failures, broken files, and what is stale and why."""

    groups: list[Group] = field(default_factory=list)
    partial: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    stale: dict[str, list[str]] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """The exit code: 1 where a cell failed or a file is broken."""
        return 1 if self.failed or self.broken else 0

    def as_data(self) -> dict[str, Any]:
        """All of it for programs: a line a data set, then what is wrong or out of date, by the names of the cells."""
        groups = [
            {
                "scale": group.scale,
                "dataset": group.dataset,
                "cells": len(group.cells),
                "incomplete": group.incomplete,
                "images": group.images,
                "devices": group.devices,
            }
            for group in self.groups
        ]
        return {
            "groups": groups,
            "failed": [{"cell": name, "reason": why} for name, why in self.failed],
            "broken": self.broken,
            "partial": self.partial,
            "to be computed again": self.stale,
            "cannot be told": self.untold,
        }


def status_of(out: Path, compare: bool = True) -> Status:
    """Reads the folder `out`; with `compare` every cell's key is set against what it would be today.

    Raises SlkdBenchError for a folder without results.
    """
    if not (out / "cells").is_dir():
        raise SlkdBenchError("a folder of results", f"{out} has no `cells` in it", "Run `slkd-bench run --all` first.")
    groups: dict[tuple[str, str], Group] = {}
    found = Status(failed=list(failures(out)))
    today = _Today(out)
    for path in cell_files(out):
        try:
            cell = read_stored(path)
        except BadResult as problem:
            found.broken.append(str(problem))
            continue
        groups.setdefault((cell.scale, cell.dataset), Group(cell.scale, cell.dataset)).cells.append(cell)
        name = f"{cell.method}{f' seed {cell.seed}' if cell.seed else ''} on {cell.dataset}"
        if cell.partial:
            found.partial[name] = cell.count
        if compare:
            try:
                reasons = today.reasons(cell)
            except SlkdBenchError as problem:
                found.untold[name] = str(problem)
            except Exception as problem:  # somebody's own module may fail in any way
                found.untold[name] = f"{type(problem).__name__}: {problem}"
            else:
                if reasons:
                    found.stale[name] = reasons
    found.groups = [groups[name] for name in sorted(groups)]
    return found


class _Today:
    """Keys as they are today; opened data sets are kept."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._sets: dict[tuple[str, str], Dataset | SlkdBenchError] = {}

    def reasons(self, cell: Cell) -> list[str]:
        """Why `cell` would be computed again, in words. Raises where that cannot be told."""
        if cell.schema != SCHEMA:
            return [f"its file is of an older form ({cell.schema})"]
        if cell.failures:
            return [f"{len(cell.failures)} images failed"]
        dataset, kept = self._dataset(cell), cell.key
        limit = kept.get("limit")
        options = RunOptions(
            str(kept.get("device", "cpu")),
            limit,
            memory=dict(kept.get("divided", {})).get("within_gib"),
            tf32=kept.get("precision") == "tf32",
        )
        scored_elsewhere = not kept.get("network") and not cell.origin.get("method") and kept.get("weights")
        if scored_elsewhere:  # what was scored lies nowhere that is known: the data and the code can be told alone
            key = cell_key(_input(cell), dataset, Scale.PAPER, 0, options)
            key = {**key, "weights": kept["weights"], "protocol": kept["protocol"]}
        else:
            scale = Scale(kept.get("scale") or (cell.scale if cell.scale != FOLDERS else Scale.MINI))
            key = cell_key(method_of(cell, self._out), dataset, scale, cell.seed, options)
        words = differences(kept, key, options)
        return words or ([] if holds(cell, dataset.names()[:limit]) else ["it has not the images of the set"])

    def _dataset(self, cell: Cell) -> Dataset:
        wanted = cell.dataset, str(cell.origin.get("folder", ""))
        if wanted not in self._sets:
            try:
                self._sets[wanted] = dataset_of(cell, self._out)
            except SlkdBenchError as problem:
                self._sets[wanted] = problem
        known = self._sets[wanted]
        if isinstance(known, SlkdBenchError):
            raise known
        return known


def _input(cell: Cell) -> Method:
    return Method(cell.method, cell.method, "", (), "outside", "")
