"""`slkd-bench compare` and `slkd-bench worst`: image by image, from result files alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import AS_JSON
from benchmark.core.terminal import print_json, rows_json
from benchmark.core.types import Scale

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.statistics.compare import Comparison, Poor


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""

    @app.command()
    def compare(
        a: str = typer.Argument(help="A method with results."),
        b: str = typer.Argument(help="The method that is set against it."),
        dataset: str = typer.Option("", "--dataset", "-d", help="Only this data set."),
        scale: Scale | None = typer.Option(None, help="Only this scale."),
        out: Path = typer.Option(Path("runs"), help="The folder of result files."),
        json: bool = AS_JSON,
    ) -> None:
        """Set two methods against each other image by image: B minus A, with what chance may explain."""
        from rich.console import Console

        from benchmark.statistics.compare import compare

        console, found = Console(highlight=False), compare(a, b, out, scale, dataset)
        if json:
            print_json(console, rows_json(found))
        else:
            _print_differences(console, a, b, found)

    @app.command()
    def worst(
        method: str = typer.Argument(help="A method with results."),
        dataset: str = typer.Option("", "--dataset", "-d", help="Only this data set."),
        number: int = typer.Option(5, "-n", "--number", min=1, help="How many images a data set."),
        scale: Scale | None = typer.Option(None, help="Only this scale."),
        out: Path = typer.Option(Path("runs"), help="The folder of result files."),
        json: bool = AS_JSON,
    ) -> None:
        """Show the images where a method is poorest, and where it loses most against the degraded input."""
        from rich.console import Console

        from benchmark.statistics.compare import worst

        console = Console(highlight=False)
        poorest, least = worst(method, out, scale, dataset, number)
        if json:
            print_json(console, {"poorest": rows_json(poorest), "least gained": rows_json(least)})
        else:
            _print_worst(console, method, poorest, least)


def _print_differences(console: Console, a: str, b: str, found: Sequence[Comparison]) -> None:
    """A line a data set and metric, then what was left out."""
    from rich.markup import escape
    from rich.table import Table

    from benchmark.statistics.compare import CONFIDENCE

    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=escape(f"{b} minus {a}"),
        title_justify="left",
        title_style="",
    )
    table.add_column("data set", overflow="fold")
    for header in ("images", "", "mean", f"{CONFIDENCE:.0%} interval", "won/lost", "p", "Holm p"):
        table.add_column(header, justify="right")
    for row in found:
        for name, effect, digits, adjusted in (
            ("dB", row.psnr, 3, row.psnr_adjusted),
            ("SSIM", row.ssim, 5, row.ssim_adjusted),
        ):
            first = (escape(row.dataset), row.count) if name == "dB" else ("", "")
            known = not math.isnan(effect.low)
            none = "one scene" if row.scenes < 2 else "too few"
            interval = f"{effect.low:+.{digits}f} {effect.high:+.{digits}f}" if known else none
            chance = f"{effect.chance:.4f}{'*' if effect.significant else ' '}" if known else ""
            mean = "" if math.isnan(effect.mean) else f"{effect.mean:+.{digits}f}"
            holm = f"{adjusted:.4f}" if known else ""
            table.add_row(*first, name, mean, interval, f"{effect.wins}/{effect.losses}", chance, holm)
    console.print(table)
    console.print(
        "* the interval leaves out zero. Interval and p are reckoned over scenes: they\n"
        "say nothing of chance in training. Holm p: corrected for the number of data sets.",
        style="dim",
    )
    for note in _left_out(a, b, found):
        console.print(escape(note), soft_wrap=True)


def _left_out(a: str, b: str, found: Sequence[Comparison]) -> list[str]:
    """What of the images is in no mean, data set by data set."""
    notes = []
    for row in found:
        for method, images in ((b, row.perfect), (a, row.spoilt)):
            if images:
                notes.append(
                    f"{row.dataset}: {method} alone equals the target on {len(images)} of {row.images} images, an "
                    f"infinite PSNR that is won and stands in no mean: {', '.join(images)}"
                )
        missing = [name for name in row.left_out if name not in (*row.perfect, *row.spoilt)]
        if missing:
            notes.append(f"{row.dataset}: left out, for only one of them has a score: {', '.join(missing)}")
    return notes


def _print_worst(console: Console, method: str, poorest: Sequence[Poor], least: Sequence[Poor]) -> None:
    """Two tables: the lowest scores, and the least gained."""
    from rich.markup import escape
    from rich.table import Table

    for title, rows in ((f"lowest PSNR of {method}", poorest), ("least gained over the degraded input", least)):
        table = Table(box=None, pad_edge=False, title=escape(title), title_justify="left", title_style="")
        table.add_column("data set", overflow="fold")
        table.add_column("image", overflow="fold")
        for header in ("PSNR", "SSIM", "gain in dB"):
            table.add_column(header, justify="right")
        for row in rows:
            gain = f"{row.gain:+.3f}" if row.gain == row.gain else "–"
            table.add_row(escape(row.dataset), escape(row.name), f"{row.psnr:.3f}", f"{row.ssim:.5f}", gain)
        console.print(table)
    if not least:
        console.print("Run the method identity on the same data set to see what is gained.", style="dim")
