"""What a result folder holds, at a glance."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.runs.cells import Cell, read_cell
from benchmark.runs.merge import cell_files, failures


def print_status(out: Path) -> int:
    """Prints cells a data set, then failures and files that cannot be read; 1 when there are any."""
    console = Console()
    if not (out / "cells").is_dir():
        raise SlkdBenchError("a folder of results", f"{out} has no `cells` in it", "Run `slkd-bench run --all` first.")
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    broken = []
    for path in cell_files(out):
        try:
            cell = read_cell(path)
            groups[cell.scale, cell.dataset].append(cell)
        except BadResult as problem:
            broken.append(str(problem))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("scale", "data set", "cells", "incomplete", "images", "made on"):
        table.add_column(
            name, justify="right" if name in ("cells", "incomplete", "images") else "left", overflow="fold"
        )
    for (scale, dataset), cells in sorted(groups.items()):
        devices = sorted({str(cell.made_by.get("device", "?")) for cell in cells})
        table.add_row(
            scale,
            dataset,
            str(len(cells)),
            str(sum(bool(cell.failures) for cell in cells)),
            str(sum(len(cell.scores) for cell in cells)),
            ", ".join(devices),
        )
    console.print(table)
    failed = list(failures(out))
    for name, reason in failed:
        console.print(f"[bold red]failed[/] {escape(name)}: {escape(reason)}", highlight=False, soft_wrap=True)
    for line in broken:
        console.print(f"[bold red]broken[/] {escape(line)}", highlight=False, soft_wrap=True)
    return 1 if failed or broken else 0
