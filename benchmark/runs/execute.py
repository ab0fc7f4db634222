"""Computing the planned cells one after another; a cell that fails records why, and the rest goes on."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadOutput, BadResult, SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.types import Pair, Score
from benchmark.images.io import save_image
from benchmark.methods.weights.loading import load_network
from benchmark.protocols import get_protocol
from benchmark.runs.cells import Cell, ImageScore, is_done, write_cell
from benchmark.runs.code import made_by
from benchmark.runs.plan import Plan, PlannedCell
from benchmark.runs.restore import restore_and_score

if TYPE_CHECKING:
    from torch import Tensor, nn


class Observer:
    """What a run tells while it works; the progress displays override what they show."""

    def start(self, plan: Plan, todo: list[PlannedCell]) -> None:
        """The run begins: `todo` are the planned cells that are not done yet."""

    def cell_started(self, cell: PlannedCell) -> None:
        """Work on `cell` begins."""

    def image_scored(self, cell: PlannedCell, pair: Pair, score: Score) -> None:
        """One more image of `cell` has its score."""

    def cell_finished(self, cell: PlannedCell, result: Cell, seconds: float) -> None:
        """The file of `cell` is written."""

    def cell_failed(self, cell: PlannedCell, reason: str) -> None:
        """`cell` could not be computed."""

    def finish(self) -> None:
        """The run is over."""


@dataclass
class Summary:
    """What came of a run: how many cells were computed and found done, and which failed with the reason."""

    computed: int = 0
    already_done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    incomplete: dict[str, dict[str, str]] = field(default_factory=dict)


def execute(
    plan: Plan,
    device: str = "cpu",
    *,
    keep_going: bool = False,
    limit: int | None = None,
    observer: Observer | None = None,
    load: Callable[[PlannedCell], nn.Module] | None = None,
    save_images: Path | None = None,
    memory: float | None = None,
) -> Summary:
    """Computes the cells of `plan` that are not done yet. With `keep_going`, bad images are left out and named.

    With `save_images` every cell is computed anew, and its restored images go to `save_images`/DATASET/METHOD.
    `memory` GiB bound what a network may take; a cell whose images had to go through in tiles says so in its key, and
    only a run with the same bound finds it done.
    """
    observer = observer or Observer()
    todo = [cell for cell in plan.cells if save_images or not _done(cell, memory)]
    summary = Summary(already_done=len(plan.cells) - len(todo))
    observer.start(plan, todo)
    try:
        for cell in todo:
            observer.cell_started(cell)
            started = time.perf_counter()
            try:
                restorer = load(cell) if load else _load(cell, device)
                result = _compute(cell, restorer, device, keep_going, limit, observer, save_images, memory)
                write_cell(cell.path, result)
            except BadOutput:
                raise
            except Exception as problem:
                reason = str(problem) if isinstance(problem, SlkdBenchError) else f"{type(problem).__name__}: {problem}"
                trace = "" if isinstance(problem, SlkdBenchError) else traceback.format_exc()
                _record_failure(cell, reason, trace)
                summary.failed[cell.name] = reason
                observer.cell_failed(cell, reason)
                continue
            error_path(cell.path).unlink(missing_ok=True)
            summary.computed += 1
            if result.failures:
                summary.incomplete[cell.name] = result.failures
            observer.cell_finished(cell, result, time.perf_counter() - started)
    finally:
        observer.finish()
    return summary


def _done(cell: PlannedCell, memory: float | None) -> bool:
    return is_done(cell.path, cell.key) or (memory is not None and is_done(cell.path, _tiled_key(cell, memory)))


def _tiled_key(cell: PlannedCell, memory: float) -> dict[str, Any]:
    return {**cell.key, "tiled_within_gib": memory}


def error_path(cell_file: Path) -> Path:
    """Where the reason of a failed cell stands, beside its result file."""
    return cell_file.with_suffix(".error.json")


def _load(cell: PlannedCell, device: str) -> nn.Module:

    return load_network(cell.method, cell.dataset.task, cell.scale, cell.seed, device)


def _compute(
    cell: PlannedCell,
    restorer: nn.Module,
    device: str,
    keep_going: bool,
    limit: int | None,
    observer: Observer,
    save_images: Path | None,
    memory: float | None,
) -> Cell:
    from benchmark.runs.tiling import MemoryBound

    bounded = MemoryBound(restorer, memory) if memory is not None else None
    restoration = restore_and_score(
        bounded or restorer,
        cell.dataset,
        get_protocol(cell.dataset.protocol),
        device,
        limit=limit,
        keep_going=keep_going,
        on_score=lambda pair, score: observer.image_scored(cell, pair, score),
        on_restored=_saver(save_images, cell) if save_images else None,
    )
    if not restoration.scores:
        raise BadResult(f"scores of {cell.dataset.id}", f"none: {restoration.failures}", "See the reasons above.")
    scores = tuple(ImageScore(pair.name, pair.scene, score.psnr, score.ssim) for pair, score in restoration.scores)
    return Cell(
        cell.method.id,
        cell.dataset.id,
        str(cell.scale),
        cell.seed,
        _tiled_key(cell, memory) if memory is not None and bounded and bounded.tiled else cell.key,
        made_by(device),
        scores,
        restoration.failures,
    )


def _saver(folder: Path, cell: PlannedCell) -> Callable[[Pair, Tensor], None]:
    """Writes restored images as PNG, rounded to bytes exactly as the protocols round them."""

    own = folder / cell.dataset.id / (cell.method.id + (f".seed{cell.seed}" if cell.seed else ""))
    try:
        own.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _unwritable(own, problem) from problem

    def save(pair: Pair, restored: Tensor) -> None:
        try:
            save_image(own / f"{pair.name}.png", restored.clamp(0, 1).mul(255).round().div(255))
        except OSError as problem:
            raise _unwritable(own, problem) from problem

    return save


def _unwritable(folder: Path, problem: OSError) -> BadOutput:
    found = f"{folder}: {problem.strerror or problem}"
    return BadOutput("a folder for images that can be written", found, "Choose another with --save-images.")


def _record_failure(cell: PlannedCell, reason: str, trace: str) -> None:
    write_atomically(
        error_path(cell.path), json.dumps({"key": cell.key, "reason": reason, "traceback": trace}, indent=1)
    )
