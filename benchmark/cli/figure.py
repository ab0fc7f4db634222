"""`slkd-bench figure`: the paper's qualitative figures, Pareto fronts and training curves as PNG and PDF."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from benchmark.core.types import Scale


class Name(StrEnum):
    """The figures there are."""

    one = "1"
    three = "3"
    four = "4"
    pareto = "pareto"
    convergence = "convergence"


class Format(StrEnum):
    """File formats."""

    png = "png"
    pdf = "pdf"
    both = "both"


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def figure(
        name: Name = typer.Argument(
            help="1 (distillers), 3 (lightweight networks), 4 (ablation): restored images. pareto: PSNR against cost. "
            "convergence: PSNR while training."
        ),
        scale: Scale = typer.Option(Scale.MINI, help="mini or paper; the two never share a figure."),
        out: Path = typer.Option(Path("runs"), help="The folder of result files."),
        to: Path = typer.Option(Path("figures"), help="Where the figures are written."),
        image: str = typer.Option("", help="1, 3, 4: this image; otherwise each set's median one."),
        crop: str = typer.Option("", help="1, 3, 4: enlarge x,y,w,h; otherwise where the methods differ most."),
        dataset: list[str] = typer.Option([], "--dataset", "-d", help="These data sets; may be repeated."),
        method: list[str] = typer.Option([], "--method", "-m", help="These methods in this order; may be repeated."),
        format: Format = typer.Option(Format.both, help="png (200 dpi), pdf (embedded fonts) or both."),
        card: str | None = typer.Option(None, help="pareto: which device card the times come from."),
        training: Path = typer.Option(Path("training"), help="convergence: the folder of training logs."),
        columns: int = typer.Option(2, min=1, max=2, help="pareto, convergence: width in columns of a paper."),
    ) -> None:
        """Draw a figure for a paper. 1, 3 and 4 restore their few images; the others read files alone."""
        from benchmark.views.figures.command import Request, make_figure

        formats = ("png", "pdf") if format is Format.both else (str(format),)
        make_figure(
            Request(
                str(name), scale, out, to, image, crop, tuple(dataset), tuple(method), formats, card, training, columns
            )
        )
