"""`slkd-bench report`: one self-contained page of verdicts, tables, plots, pictures and provenance."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.cli.options import scale_option
from benchmark.core.types import Scale
from benchmark.papers.read import open_paper


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def report(
        scale: Scale = scale_option("mini or paper; the two never share a table."),
        out: Path = typer.Option(Path("runs"), help="The folder of result files."),
        to: Path = typer.Option(Path("report.html"), help="The page to write; it needs no other file."),
        title: str = typer.Option("", help="The page's title; otherwise that of the paper."),
        images: int = typer.Option(3, "--images", min=1, max=12, help="Examples a data set in the picture viewer."),
        no_images: bool = typer.Option(False, "--no-images", help="Leave the picture viewer out."),
        restored: Path | None = typer.Option(
            None, help="Where `run --save-images` wrote the restored images; otherwise OUT/images."
        ),
        card: str | None = typer.Option(None, help="Which device card the inference times come from."),
        paper: str = typer.Option("", help="The paper it is about: an id of `claims papers`, or a folder."),
        only: list[str] = typer.Option(
            [], help="Only this method, or own: all networks of yours, without claims. May be repeated."
        ),
        latex: Path | None = typer.Option(
            None, help="Also write all tables and verdicts, with their provenance, as a LaTeX document."
        ),
    ) -> None:
        """Write the report: a self-contained HTML page (from result files and claims; no network is loaded)."""
        from benchmark.views.report.command import Request, write_report

        known = open_paper(paper)
        write_report(
            Request(
                scale,
                out,
                to,
                title,
                0 if no_images else images,
                restored,
                latex=latex,
                card=card,
                paper=known,
                only=tuple(only),
            )
        )
