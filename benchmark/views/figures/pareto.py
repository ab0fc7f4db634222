"""Quality against cost: what each method of a task gives in PSNR for GMACs, parameters and time, and the Pareto front.

Everything comes from result files and cost records; no network is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol, TypeVar

from benchmark.costs.records import record_of
from benchmark.methods.find import row_method
from benchmark.methods.method import Method
from benchmark.views.tables.grid import Results

COSTS = {"gmacs": "GMACs", "parameters": "parameters", "latency": "time (ms)"}


@dataclass(frozen=True)
class Point:
    """One method: its cost (in the unit of `COSTS`) and its PSNR in dB."""

    method: str
    network: str
    cost: float
    psnr: float


def is_network(method: Method) -> bool:
    """Whether a method may have costs: a network of the suite, or somebody's own, of which a result file alone is known."""
    return bool(method.network or method.loader) or method.kind == "outside"


def mean_psnr(results: Results, method: str, datasets: Sequence[str]) -> float | None:
    """The mean over data sets of a method's PSNR in dB, seeds averaged; None unless it was run on all of them."""
    found = [results.cells.get((method, dataset)) for dataset in datasets]
    if not all(found):
        return None
    return fmean(fmean(cell.psnr for cell in cells) for cells in found if cells)


def cost_of(results: Results, method: Method, task: str, cost: str) -> float | None:
    """A recorded cost of the method's network for the task; a network that no task changes has one record for all."""
    if cost == "latency":
        timed = record_of(results.latency, method.network or method.id, (task, *method.tasks))
        return timed.median_ms if timed else None
    counted = record_of(results.complexity, method.network or method.id, (task, *method.tasks))
    if counted is None:
        return None
    return counted.gmacs if cost == "gmacs" else float(counted.parameters)


def costs_known(results: Results, methods: Iterable[str]) -> list[str]:
    """The costs as tables call them that are recorded of any of these methods."""
    networks = {row_method(name).network or name for name in methods}
    counted = networks & {network for network, _ in results.complexity}
    timed = networks & {network for network, _ in results.latency}
    return (["gmacs", "parameters"] if counted else []) + (["ms"] if timed else [])


def points(results: Results, methods: Iterable[Method], datasets: Sequence[str], task: str, cost: str) -> list[Point]:
    """The methods of `task` that have both a PSNR on all `datasets` and a recorded cost, in the order given."""
    found = []
    for method in methods:
        if not is_network(method) or (task and task not in method.tasks):
            continue
        psnr, price = mean_psnr(results, method.id, datasets), cost_of(results, method, task, cost)
        if psnr is not None and price is not None and math.isfinite(psnr):
            found.append(Point(method.id, method.network or method.id, price, psnr))
    return found


class Placed(Protocol):
    """Anything with a cost and a PSNR."""

    @property
    def cost(self) -> float:
        """What it costs, less is better."""
        ...

    @property
    def psnr(self) -> float:
        """What it gives in dB, more is better."""
        ...


Place = TypeVar("Place", bound=Placed)


def front(given: Iterable[Place]) -> list[Place]:
    """The points that none beats: no other costs as little or less and gives as much or more, and one of it strictly.

    Ordered by cost; equal points are all kept.
    """
    best: list[Place] = []
    for point in sorted(given, key=lambda p: (p.cost, -p.psnr)):
        top = best[-1] if best else None
        if top is None or point.psnr > top.psnr or (point.cost, point.psnr) == (top.cost, top.psnr):
            best.append(point)
    return best
