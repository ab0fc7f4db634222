"""What `slkd-bench table` does: choose the tables, read the results, print one form."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale
from benchmark.papers.read import get_paper
from benchmark.views.tables.frame import grids_frame, grids_json
from benchmark.views.tables.grid import Grid, Marks, make_grid, read_results
from benchmark.views.tables.html import to_html
from benchmark.views.tables.latex import to_document, to_latex
from benchmark.views.tables.markdown import to_markdown
from benchmark.views.tables.own import OwnTable, beyond, ordered, own_tables
from benchmark.views.tables.results import Results
from benchmark.views.tables.specs import TableSpec, get_tables
from benchmark.views.tables.terminal import print_grid


@dataclass(frozen=True)
class TableRequest:
    """What is asked of one call: which results, how they are marked, and in which form they are given.

    `forms` are those that were asked for, of which there may be one; `save` is the file, None for the terminal.
    """

    forms: tuple[str, ...] = ()
    document: bool = False
    scale: Scale = Scale.MINI
    out: Path = Path("runs")
    paper: str = ""
    card: str | None = None
    marks: Marks = Marks.significant
    spread: bool = False
    save: Path | None = None


def print_tables(name: str, request: TableRequest, own: OwnTable | None = None) -> None:
    """Prints or saves a paper's tables called `name`, or somebody's `own` one.

    `all` ends with a table of what stands in none of the paper's. Raises SlkdBenchError for two forms at once, no
    results, or options of an own table beside another name.
    """
    own = own or OwnTable()
    if name.lower() != "own" and own.asked:
        raise SlkdBenchError("`table own` beside its options", f"table {name}", "Write `slkd-bench table own ...`.")
    results = results_for(request)
    if name.lower() == "own":
        specs = own_tables(own, results, request.paper)
    else:
        specs = get_tables(name, request.paper)
        specs += beyond(results, request.paper) if name.lower() == "all" else []
    print_specs(specs, request, results)


def print_specs(specs: Sequence[TableSpec], request: TableRequest, results: Results) -> None:
    """Prints or saves tables. Raises SlkdBenchError for two forms at once, or where nothing of them was measured."""
    if len(request.forms) > 1:
        found = " and ".join(f"--{form}" for form in request.forms)
        raise SlkdBenchError("one form of output", found, "Ask for one at a time.")
    if request.document and "latex" not in request.forms:
        raise SlkdBenchError("--latex beside --document", "--document alone", "Add --latex, or leave --document away.")
    _require(results, specs, request)
    grids = [make_grid(spec, results, request.marks, request.spread) for spec in specs]
    grids = [ordered(grid, spec) if spec.order else grid for grid, spec in zip(grids, specs, strict=True)]
    for line in results.broken:
        Console(stderr=True).print(f"[yellow]not read[/] {escape(line)}", highlight=False, soft_wrap=True)
    if not request.forms and request.save is None:
        console = Console()
        for grid in grids:
            print_grid(console, grid)
        return
    text = _FORMS[request.forms[0] if request.forms else "markdown"](grids)
    if request.document:
        text = to_document([to_latex(grid) for grid in grids])
    if request.save is None:
        sys.stdout.write(text)
    else:
        write_atomically(request.save, text)


def results_for(request: TableRequest) -> Results:
    """The results that a request's tables are made of, with costs of images of its paper's size."""
    size = get_paper(request.paper).complexity.image_size
    return read_results(request.out, request.scale, request.card, size=size)


def _require(results: Results, specs: Sequence[TableSpec], request: TableRequest) -> None:
    scored = any(column.measures or column.kind == "gap" for spec in specs for column in spec.columns)
    if scored and not results.cells and not any(spec.published for spec in specs):
        raise SlkdBenchError(
            f"result files below {request.out / 'cells' / request.scale}",
            "none",
            f"Run `slkd-bench run --all --scale {request.scale} --out {request.out}` first.",
        )


_FORMS: dict[str, Callable[[Sequence[Grid]], str]] = {
    "markdown": lambda grids: "\n".join(map(to_markdown, grids)),
    "latex": lambda grids: "\n".join(map(to_latex, grids)),
    "csv": lambda grids: grids_frame(grids).to_csv(index=False),
    "html": to_html,
    "json": grids_json,
}
