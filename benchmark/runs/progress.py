"""Progress of a run: two live bars in a terminal, plain lines anywhere else."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from benchmark.runs.cells import Cell, ImageScore
from benchmark.runs.execute import Observer
from benchmark.runs.plan import Plan, PlannedCell


def observer_for(console: Console) -> Observer:
    """The live display when `console` is a terminal, plain lines otherwise."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


class PlainProgress(Observer):
    """One line a finished cell, fit for logs."""

    def __init__(self, console: Console) -> None:
        self.console, self.total, self.done = console, 0, 0

    def start(self, plan: Plan, todo: list[PlannedCell]) -> None:
        """Says how much there is to do."""
        self.total = len(todo)
        for line in (*plan.weights_told(), *plan.again_told()):
            self._say(line)
        self._say(f"{len(todo)} of {len(plan.cells)} cells to compute")

    def cell_finished(self, cell: PlannedCell, result: Cell, seconds: float) -> None:
        """Prints the cell's scores."""
        self.done += 1
        self._say(
            f"[{self.done}/{self.total}] {cell.method.id} on {cell.dataset.id}"
            f"{f' seed {cell.seed}' if cell.seed else ''}: "
            f"{result.psnr_text}, SSIM {result.ssim:.4f} ({result.count} images, {seconds:.1f} s)"
        )

    def cell_failed(self, cell: PlannedCell, reason: str) -> None:
        """Prints the reason."""
        self.done += 1
        self._say(f"[{self.done}/{self.total}] {cell.method.id} on {cell.dataset.id}: FAILED: {reason}")

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


class LiveProgress(Observer):
    """An overall bar, the current cell with its PSNR so far, and the time left."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            TextColumn("{task.description}", table_column=None),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            expand=True,
        )
        self.overall: TaskID | None = None
        self.current: TaskID | None = None
        self.sum, self.count = 0.0, 0

    def start(self, plan: Plan, todo: list[PlannedCell]) -> None:
        """Shows the overall bar."""
        for line in (*plan.weights_told(), *plan.again_told()):
            self.progress.console.print(line, highlight=False, markup=False, soft_wrap=True)
        if not todo:
            return
        self.progress.start()
        images = sum(len(cell.dataset) for cell in todo)
        self.overall = self.progress.add_task(f"{len(todo)} cells", total=images)
        self.current = self.progress.add_task("", total=None)

    def cell_started(self, cell: PlannedCell) -> None:
        """Moves the lower bar to `cell`."""
        self.sum, self.count = 0.0, 0
        assert self.current is not None
        self.progress.reset(self.current, total=len(cell.dataset), description=_shown(cell))

    def image_scored(self, cell: PlannedCell, score: ImageScore) -> None:
        """Advances both bars and shows the mean PSNR so far."""
        assert self.current is not None
        assert self.overall is not None
        if math.isfinite(score.psnr):
            self.count += 1
            self.sum += score.psnr
        shown = f"{self.sum / self.count:.2f} dB" if self.count else "inf"
        self.progress.update(self.current, advance=1, description=f"{_shown(cell)} {shown}")
        self.progress.update(self.overall, advance=1)

    def cell_finished(self, cell: PlannedCell, result: Cell, seconds: float) -> None:
        """Leaves a line above the bars."""
        seed = f" seed {cell.seed}" if cell.seed else ""
        part = f" ({result.count} images)" if result.partial else ""
        self.progress.console.print(
            f"{escape(cell.method.id)} on {escape(cell.dataset.id)}{seed}: [bold]{result.psnr_text}[/], "
            f"SSIM {result.ssim:.4f}{part}",
            highlight=False,
        )

    def cell_failed(self, cell: PlannedCell, reason: str) -> None:
        """Leaves the reason above the bars."""
        self.progress.console.print(f"[bold red]failed[/] {escape(cell.name)}", highlight=False)

    def finish(self) -> None:
        """Takes the bars away."""
        self.progress.stop()


def _shown(cell: PlannedCell) -> str:
    return escape(f"{cell.method.id} {cell.dataset.id}")
