"""What a run prints at its end: every method that has a result, on every data set."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from benchmark.methods import methods
from benchmark.nouns import Scale
from benchmark.tables.grid import make_grid, read_results
from benchmark.tables.specs import TABLES, Section, TableSpec
from benchmark.tables.terminal import to_rich


def print_summary(console: Console, out: Path, scale: Scale, limit: int | None = None) -> None:
    """Prints one table of all methods with results; files that cannot be read are named below it."""
    results = read_results(out, scale, limit=limit)
    present = {method for method, _ in results.cells}
    rows = tuple(m.id for m in methods() if m.id in present)
    if rows:
        controls = frozenset(m.id for m in methods() if m.kind in ("teacher",) or m.id == "identity")
        sections = tuple(
            Section(part, controls & frozenset(part))
            for part in (tuple(r for r in rows if r in controls), tuple(r for r in rows if r not in controls))
            if part
        )
        spec = TableSpec("of results", "Every method that was run.", sections, TABLES["V"].columns)
        console.print(to_rich(make_grid(spec, results)))
    for line in results.broken:
        console.print(f"[yellow]not read[/] {line}", highlight=False, soft_wrap=True)
