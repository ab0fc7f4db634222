"""`slkd-bench table`: a paper's tables from result files."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.cli.options import scale_option, with_options
from benchmark.core.types import Scale
from benchmark.papers.read import open_paper
from benchmark.views.tables.own import OwnTable
from benchmark.views.tables.parts import Marks


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    @with_options
    def table(
        own: OwnTable,
        name: str = typer.Argument(
            "all", help="A table of the paper (I to V and gap of the default one), own, or all."
        ),
        markdown: bool = typer.Option(False, "--markdown", help="GitHub markdown."),
        latex: bool = typer.Option(False, "--latex", help="LaTeX with booktabs."),
        csv: bool = typer.Option(False, "--csv", help="Comma-separated, unrounded."),
        html: bool = typer.Option(False, "--html", help="A self-contained HTML page."),
        json: bool = typer.Option(False, "--json", help="Every number with its mark, for programs."),
        document: bool = typer.Option(False, "--document", help="With --latex: a whole article, ready to compile."),
        paper: str = typer.Option("", help="The paper whose tables are meant: an id of `claims papers`, or a folder."),
        scale: Scale = scale_option("mini or paper; the two never share a table."),
        out: Path = typer.Option(Path("runs"), help="The folder of result files."),
        card: str | None = typer.Option(None, help="Which device card the inference times come from."),
        marks: Marks = typer.Option(
            Marks.significant, help="significant: best and second with all that tie. paper: by printed digits."
        ),
        spread: bool = typer.Option(False, "--spread", help="Add the standard deviation over seeds."),
        save: Path | None = typer.Option(None, "--save", "-o", help="Write to this file instead of the terminal."),
    ) -> None:
        """Print the comparison tables (from result files alone: nothing is computed).

        `table own` makes one of any methods, data sets and metrics, from options or from a TOML file.
        """
        from benchmark.views.tables.command import TableRequest, print_tables

        asked = {"markdown": markdown, "latex": latex, "csv": csv, "html": html, "json": json}
        forms = tuple(form for form, wanted in asked.items() if wanted)
        known = open_paper(paper)
        print_tables(name, TableRequest(forms, document, scale, out, known, card, marks, spread, save), own)
