"""`slkd-bench check`: evaluate reference results again and fail where something got worse."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.core import paths


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def check(
        reference: Path | None = typer.Option(
            None, help="The folder of reference results; the shipped ones otherwise."
        ),
        fast: bool = typer.Option(False, "--fast", help="Every cell, but only four images of each; minutes."),
        tolerance: float | None = typer.Option(
            None, min=0, metavar="DB", help="A fall of PSNR that is accepted, and a hundredth of it in SSIM."
        ),
        update: bool = typer.Option(False, "--update", help="Take better results over into the reference."),
        junit: Path | None = typer.Option(None, help="Also write the outcome to this file as JUnit XML."),
        github: bool = typer.Option(False, "--github", help="Also print annotations for GitHub Actions."),
        method: list[str] = typer.Option([], "--method", "-m", help="Only this method; may be repeated."),
        dataset: list[str] = typer.Option([], "--dataset", "-d", help="Only this data set; may be repeated."),
        device: str = typer.Option("cpu", help="cpu, cuda; references are made on a CPU."),
    ) -> None:
        """Evaluate reference results again; exit code 1 where a score fell or a cost, data set or protocol changed."""
        from benchmark.check.command import Request, check_command

        request = Request(
            reference or paths.results() / "mini",
            fast,
            tolerance,
            update,
            junit,
            github,
            tuple(method),
            tuple(dataset),
            device,
        )
        raise typer.Exit(check_command(request))
