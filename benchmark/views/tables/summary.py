"""What a run prints at its end: every method that has a result, on every data set."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.core.terminal import print_whole
from benchmark.core.types import Scale
from benchmark.methods.catalogue import methods
from benchmark.runs.cell_data import cell_data
from benchmark.runs.cells import Cell
from benchmark.views.tables.grid import make_grid, read_results
from benchmark.views.tables.specs import Section, TableSpec, dataset_id, quality_columns
from benchmark.views.tables.terminal import print_grid


def print_summary(console: Console, out: Path, scale: Scale, limit: int | None = None) -> None:
    """Prints one table of all methods with results on the paper's data sets, then what was run on any other set.

    Files that cannot be read are named below.
    """
    results = read_results(out, scale, limit=limit)
    columns = quality_columns()
    usual = {dataset_id(column, scale) for column in columns}
    present = {method for method, dataset in results.cells if dataset in usual}
    built_in = [m.id for m in methods()]
    rows = [id for id in built_in if id in present] + sorted(present - set(built_in))
    if rows:
        controls = frozenset(m.id for m in methods() if m.kind == "teacher" or m.id == "identity")
        sections = tuple(
            Section(part, controls & frozenset(part))
            for part in (tuple(r for r in rows if r in controls), tuple(r for r in rows if r not in controls))
            if part
        )
        spec = TableSpec("of results", "Every method that was run.", sections, columns)
        print_grid(console, make_grid(spec, results))
    others = [cell for (_, dataset), cells in results.cells.items() if dataset not in usual for cell in cells]
    others += results.partial
    if others:
        print_whole(console, _plain(others))
    for line in results.broken:
        console.print(f"[yellow]not read[/] {escape(line)}", highlight=False, soft_wrap=True)


def summary_data(out: Path, scale: Scale, limit: int | None = None) -> dict[str, Any]:
    """The same for programs: `results`, a line a cell with its file's facts, and `not_read`, the files that cannot be."""
    results = read_results(out, scale, limit=limit)
    cells = [cell for found in results.cells.values() for cell in found] + results.partial
    return {"results": [cell_data(cell) for cell in cells], "not_read": results.broken}


def _plain(cells: list[Cell]) -> Table:
    """One line a cell, for data sets that have no column in the paper's tables."""
    table = Table(
        "data set",
        "method",
        "protocol",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title="Other data sets.",
        title_justify="left",
        title_style="",
    )
    for name in ("images", "PSNR", "SSIM"):
        table.add_column(name, justify="right")
    for cell in sorted(cells, key=lambda c: (c.dataset, c.method, c.seed)):
        seed = f" seed {cell.seed}" if cell.seed else ""
        psnr = f"{cell.psnr:.2f}" if math.isfinite(cell.psnr) else f"inf ({cell.equal})"
        protocol = str(cell.key.get("protocol", "")).partition("@")[0]
        table.add_row(escape(cell.dataset), escape(cell.method) + seed, protocol, cell.count, psnr, f"{cell.ssim:.4f}")
    return table
