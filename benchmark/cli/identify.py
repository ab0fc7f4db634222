"""`slkd-bench identify 34.18/0.944`: which published result, set and protocol a number is equal to."""

from __future__ import annotations

import typer

from benchmark.claims.identify import identify as find
from benchmark.cli.options import AS_JSON
from benchmark.core.errors import SlkdBenchError
from benchmark.core.terminal import print_json
from benchmark.papers.read import open_paper


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def identify(
        number: str = typer.Argument(help="PSNR/SSIM as printed, 34.18/0.944, or a PSNR alone."),
        dataset: str | None = typer.Option(None, "--dataset", "-d", help="The data set it is said to be of."),
        paper: str = typer.Option("", help="Read this paper's folder too; those of `claims papers` always are."),
        json: bool = AS_JSON,
    ) -> None:
        """Say which published results a number is equal to (exit code 1: to none on record)."""
        from rich.console import Console
        from rich.markup import escape

        open_paper(paper)
        matches = find(*_numbers(number), dataset)
        console = Console(highlight=False)
        if json:
            print_json(console, [match.as_data() for match in matches])
            raise typer.Exit(0 if matches else 1)
        if not matches:
            console.print(f"{escape(number)} equals no published result on record.")
            raise typer.Exit(1)
        for match in matches:
            mark = "[yellow]![/]" if match.elsewhere else "[green]=[/]"
            console.print(f"{mark} {escape(match.sentence)}")
            if match.published.note:
                console.print(f"  {escape(match.published.note)}")
            if not match.published.checked:
                console.print("  The number was not read in its source.")


def _numbers(text: str) -> tuple[float, float | None]:
    """PSNR and SSIM of `34.18/0.944`, `34.18/.944` or `34.18`."""

    psnr, _, ssim = text.replace("dB", "").partition("/")
    try:
        return float(psnr), float(ssim) if ssim.strip() else None
    except ValueError:
        raise SlkdBenchError(
            "PSNR/SSIM such as 34.18/0.944", f"'{text}'", "Write the numbers as they are printed."
        ) from None
