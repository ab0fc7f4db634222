"""What `slkd-bench check init` does: a reference of one's own is made, which holds its methods, data and costs alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmark.check.own_costs import own_cost, write_costs
from benchmark.core.errors import SlkdBenchError
from benchmark.runs.cells import cell_files, read_cell
from benchmark.runs.command import run
from benchmark.runs.execute import Observer, Summary
from benchmark.runs.options import RunRequest
from benchmark.runs.remembered import dataset_of, method_of

INPUT = "identity"


def make_reference(request: RunRequest, observer: Observer | None = None) -> Summary:
    """Runs `request` into its `out`, with the degraded input beside it, which holds the scoring; then counts costs.

    Raises SlkdBenchError where no method is named, and what `run` raises.
    """
    if not request.methods:
        remedy = "Say `slkd-bench check init --method NAME=package.module:Class --dataset FOLDER --out reference`."
        raise SlkdBenchError("a method to make a reference of", "none named", remedy)
    names = tuple(dict.fromkeys((*request.methods, INPUT)))
    summary = run(replace(request, methods=names), observer)
    record_costs(request.out)
    return summary


def record_costs(reference: Path, only: str = "") -> None:
    """Counts the networks of somebody's own that have results below `reference`, or the one called `only`."""
    costs: dict[str, dict[str, float]] = {}
    for path in cell_files(reference):
        cell = read_cell(path)
        if cell.origin.get("method") and cell.method not in costs and only in ("", cell.method):
            found = own_cost(method_of(cell, reference), dataset_of(cell, reference).task)
            if found:
                costs[cell.method] = found
    if costs:
        write_costs(reference, costs)
