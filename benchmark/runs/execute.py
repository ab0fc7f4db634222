"""Computing the planned cells one after another; a cell that fails records why, and the rest goes on."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.devices import is_out_of_memory, out_of_memory, release
from benchmark.core.errors import BadOutput, BadResult, SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale, Task
from benchmark.core.unfinished import sweep
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.methods.weights.loading import load_for
from benchmark.runs.cells import SCHEMA, Cell, ImageScore, holds, read_stored, write_cell
from benchmark.runs.compute import compute
from benchmark.runs.extras import lacking, ready
from benchmark.runs.key import differences
from benchmark.runs.options import RunOptions
from benchmark.runs.partial import Partial, partial_path
from benchmark.runs.plan import Plan, PlannedCell

if TYPE_CHECKING:
    from torch import nn

Loader = Callable[[PlannedCell], "nn.Module"]


class Observer:
    """What a run tells while it works; the progress displays override what they show."""

    def start(self, plan: Plan, todo: list[PlannedCell]) -> None:
        """The run begins: `todo` are the planned cells that are not done yet."""

    def cell_started(self, cell: PlannedCell) -> None:
        """Work on `cell` begins."""

    def image_scored(self, cell: PlannedCell, score: ImageScore) -> None:
        """One more image of `cell` has its score."""

    def cell_finished(self, cell: PlannedCell, result: Cell, seconds: float) -> None:
        """The file of `cell` is written."""

    def cell_failed(self, cell: PlannedCell, reason: str) -> None:
        """`cell` could not be computed."""

    def finish(self) -> None:
        """The run is over."""


@dataclass
class Summary:
    """What came of a run: how many cells were computed and found done, which failed and which are partial, and why."""

    computed: int = 0
    already_done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    incomplete: dict[str, dict[str, str]] = field(default_factory=dict)
    partial: dict[str, str] = field(default_factory=dict)
    equal: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    shelves: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code: 0 where every cell is whole, else 1."""
        return 1 if self.failed or self.incomplete else 0


def execute(
    plan: Plan, options: RunOptions | None = None, *, observer: Observer | None = None, load: Loader | None = None
) -> Summary:
    """Computes the cells of `plan` that are not done yet, as `options` say.

    A cell that fails, for want of memory too, records why beside its file, and the next one is computed. Where restored
    images are to be saved, every cell is computed anew. A network is loaded once for its data sets of one task. Raises
    BadOutput where results cannot be written: what is finished is kept.
    """
    options, observer = options or RunOptions(), observer or Observer()
    unavailable = ready(options.metrics, options.device)[1] if options.metrics else ()
    why = [why_not_done(cell, options) for cell in plan.cells]
    todo = [cell for cell, reasons in zip(plan.cells, why, strict=True) if options.save_images or reasons]
    for cell, reasons in zip(plan.cells, why, strict=True):
        if reasons and cell.path.is_file():
            plan.again.setdefault("; ".join(reasons), []).append(cell.name)
    shelves = list(dict.fromkeys(cell.shelf for cell in plan.cells))
    without = [str(problem) for problem in unavailable]
    summary = Summary(without=without, already_done=len(plan.cells) - len(todo), missing=plan.missing, shelves=shelves)
    for cell, reasons in zip(plan.cells, why, strict=True):
        if not reasons:
            partial_path(cell.path).unlink(missing_ok=True)  # of a run that was killed before it could
    for folder in dict.fromkeys(cell.path.parent for cell in plan.cells):
        sweep(folder)
    networks = load or _Networks(options.device)
    observer.start(plan, todo)
    try:
        for cell in todo:
            observer.cell_started(cell)
            started = time.perf_counter()
            try:
                result = compute(cell, networks(cell), options, _told(observer, cell))
                write_cell(cell.path, result)
            except BadOutput:
                raise
            except Exception as problem:
                reason = _reason(problem, cell, options.device)
                trace = "" if isinstance(problem, SlkdBenchError) else traceback.format_exc()
                record_failure(cell, reason, trace)
                summary.failed[cell.name] = reason
                observer.cell_failed(cell, reason)
                continue
            _finish(cell, result, summary)
            observer.cell_finished(cell, result, time.perf_counter() - started)
    finally:
        observer.finish()
    return summary


def why_not_done(cell: PlannedCell, options: RunOptions) -> list[str]:
    """In words why `cell` has to be computed; empty where its file is whole and of the same key."""
    if not cell.path.is_file():
        return ["it is not there yet"]
    try:
        before = read_stored(cell.path)
    except BadResult as problem:
        return [f"its file is not whole ({problem.found.partition(': ')[2]})"]
    if before.schema != SCHEMA:
        return [f"its file is of an older form ({before.schema})"]
    words = differences(before.key, cell.key, options)
    if words:
        return words
    if before.failures:
        return [f"{len(before.failures)} images failed"]
    names = cell.dataset.names()[: options.limit]
    if not holds(before, names):
        return ["it has not the images of the set"]
    missing = lacking(before, ready(options.metrics, options.device)[0]) if options.metrics else []
    return [f"it lacks {', '.join(missing)}"] if missing else []


def _told(observer: Observer, cell: PlannedCell) -> Callable[[ImageScore], None]:
    return lambda score: observer.image_scored(cell, score)


def _finish(cell: PlannedCell, result: Cell, summary: Summary) -> None:
    """Takes away what stood in the place of the result, and counts it."""
    error_path(cell.path).unlink(missing_ok=True)
    Partial(cell.path, {}, ()).remove()
    summary.computed += 1
    if result.failures:
        summary.incomplete[cell.name] = result.failures
    if result.partial:
        summary.partial[cell.name] = result.count
    if result.equal:
        summary.equal[cell.name] = result.psnr_text


def _reason(problem: Exception, cell: PlannedCell, device: str) -> str:
    if is_out_of_memory(problem):
        release(device)
        return str(out_of_memory(problem, cell.name, device))
    return str(problem) if isinstance(problem, SlkdBenchError) else f"{type(problem).__name__}: {problem}"


def error_path(cell_file: Path) -> Path:
    """Where the reason of a failed cell stands, beside its result file."""
    return cell_file.with_suffix(".error.json")


def record_failure(cell: PlannedCell, reason: str, trace: str) -> None:
    """Writes why a cell failed beside its file."""
    content = {"key": cell.key, "reason": reason, "traceback": trace}
    write_atomically(error_path(cell.path), json.dumps(content, indent=1))


class _Networks:
    """Loads the network of a cell, and keeps the last one: a method's data sets of one task stand together in a plan."""

    def __init__(self, device: str) -> None:
        self.device = device
        self._last: tuple[tuple[Method, Task | None, Scale, int, str], nn.Module] | None = None

    def __call__(self, cell: PlannedCell) -> nn.Module:
        fit = store.find(cell.method.id, cell.dataset.task or "", cell.scale, cell.seed, cell.dataset.id)
        wanted = cell.method, cell.dataset.task, cell.scale, cell.seed, fit.dataset if fit else ""
        if self._last is None or self._last[0] != wanted:
            self._last = None  # its memory goes before the next network comes
            self._last = wanted, load_for(cell.method, cell.dataset, cell.scale, cell.seed, self.device)
        return self._last[1]
