"""What `slkd-bench table` does: choose the tables, read the results, print one form."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale
from benchmark.views.tables.frame import grid_frame
from benchmark.views.tables.grid import Grid, Marks, make_grid, read_results
from benchmark.views.tables.html import to_html
from benchmark.views.tables.latex import to_document, to_latex
from benchmark.views.tables.specs import get_tables
from benchmark.views.tables.terminal import to_rich


def print_tables(
    name: str,
    forms: list[str],
    document: bool,
    scale: Scale,
    out: Path,
    card: str | None,
    save: Path | None,
    marks: Marks = Marks.significant,
    spread: bool = False,
) -> None:
    """Prints or saves the tables called `name`. Raises SlkdBenchError for two forms at once or no results."""
    if len(forms) > 1:
        raise SlkdBenchError(
            "one form of output", " and ".join(f"--{form}" for form in forms), "Ask for one at a time."
        )
    specs = get_tables(name)
    results = read_results(out, scale, card)
    if not results.cells and any(c.kind in ("quality", "gap") for spec in specs for c in spec.columns):
        raise SlkdBenchError(
            f"result files below {out / 'cells' / scale}",
            "none",
            f"Run `slkd-bench run --all --scale {scale} --out {out}` first.",
        )
    grids = [make_grid(spec, results, marks, spread) for spec in specs]
    for line in results.broken:
        Console(stderr=True).print(f"[yellow]not read[/] {escape(line)}", highlight=False, soft_wrap=True)
    if not forms and save is None:
        console = Console()
        for grid in grids:
            console.print(to_rich(grid))
        return
    text = _FORMS[forms[0] if forms else "markdown"](grids, document)
    if save is None:
        sys.stdout.write(text)
    else:
        write_atomically(save, text)


def _markdown(grids: list[Grid], document: bool) -> str:
    from benchmark.views.tables.markdown import to_markdown

    return "\n".join(map(to_markdown, grids))


def _latex(grids: list[Grid], document: bool) -> str:

    tables = [to_latex(grid) for grid in grids]
    return to_document(tables) if document else "\n".join(tables)


def _csv(grids: list[Grid], document: bool) -> str:

    return "\n".join(grid_frame(grid).to_csv(index=False) for grid in grids)


def _html(grids: list[Grid], document: bool) -> str:

    return to_html(grids)


_FORMS = {"markdown": _markdown, "latex": _latex, "csv": _csv, "html": _html}
