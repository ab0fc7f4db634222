"""`slkd-bench figure`: a paper's qualitative figures, Pareto fronts and training curves as PNG and PDF."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from benchmark.cli.options import scale_option
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task
from benchmark.papers.read import open_paper
from benchmark.runs.choose import FolderOptions
from benchmark.views.figures.request import Request

_FOLDERS = "A folder of pairs"


class Format(StrEnum):
    """File formats."""

    png = "png"
    pdf = "pdf"
    both = "both"


class Width(StrEnum):
    """How wide a figure is in a paper of two columns."""

    page = "page"
    column = "column"


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def figure(
        name: str = typer.Argument(
            help="A figure of the paper (1, 3 and 4 of the default one: restored images); own: restored images of any "
            "methods and data sets; pareto: PSNR against cost; convergence: PSNR while training."
        ),
        paper: str = typer.Option("", help="A paper of `claims papers`, or a folder; otherwise the default one."),
        scale: Scale = scale_option("mini or paper; the two never share a figure."),
        out: Path = typer.Option(Path("runs"), help="The folder of result files."),
        to: Path = typer.Option(Path("figures"), help="Where the figures are written."),
        image: str = typer.Option("", help="Restored images: this one; otherwise each set's median one."),
        crop: str = typer.Option("", help="Restored images: enlarge x,y,w,h; otherwise where the methods differ most."),
        dataset: list[str] = typer.Option([], "--dataset", "-d", help="These data sets; may be repeated."),
        method: list[str] = typer.Option([], "--method", "-m", help="These methods in this order; may be repeated."),
        format: Format = typer.Option(Format.both, help="png (200 dpi), pdf (embedded fonts) or both."),
        card: str | None = typer.Option(None, help="pareto: which device card the times come from."),
        training: Path = typer.Option(Path("training"), help="convergence: the folder of training logs."),
        caption: bool = typer.Option(False, "--caption", help="Also set the caption within the picture."),
        width: Width = typer.Option(Width.page, help="page: both columns of a paper (7.16 in); column: one (3.5 in)."),
        font: str = typer.Option("", help="The family of a font, such as STIXGeneral; otherwise DejaVu Sans."),
        protocol: str = typer.Option("", help="Restored images: how a folder is scored.", rich_help_panel=_FOLDERS),
        task: Task | None = typer.Option(
            None, parser=known_task, help="What is to be removed from its images.", rich_help_panel=_FOLDERS
        ),
        keep_going: bool = typer.Option(
            False,
            "--keep-going",
            help="Leave out images that cannot be read, and name them (exit code 1).",
            rich_help_panel=_FOLDERS,
        ),
    ) -> None:
        """Draw a figure for a paper. A paper's own restore their few images; the others read files alone."""
        from benchmark.views.figures.command import make_figure

        formats = ("png", "pdf") if format is Format.both else (str(format),)
        drawn = make_figure(
            Request(
                name,
                scale,
                out,
                to,
                image=image,
                crop=crop,
                datasets=tuple(dataset),
                methods=tuple(method),
                formats=formats,
                card=card,
                training=training,
                columns=2 if width is Width.page else 1,
                caption=caption,
                paper=open_paper(paper),
                font=font,
                folders=FolderOptions(protocol, task, keep_going),
            )
        )
        raise typer.Exit(1 if drawn.left_out else 0)
