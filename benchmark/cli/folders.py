"""`slkd-bench merge` and `slkd-bench status`: result folders put together and looked at."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.runs.merge import merge as put_together


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""

    @app.command()
    def merge(
        sources: list[Path] = typer.Argument(help="Result folders (the --out of runs)."),
        into: Path = typer.Option(Path("runs"), help="Where the cells are put together."),
        replace: bool = typer.Option(False, help="Where two results of a cell differ, the later folder wins."),
    ) -> None:
        """Put the results of several machines together."""

        outcome = put_together(sources, into, replace)
        typer.echo(
            f"{outcome['copied']} cells copied, {outcome['equal']} were there already, "
            f"{outcome['unreadable']} left out as unreadable"
        )

    @app.command()
    def status(out: Path = typer.Option(Path("runs"), help="The result folder.")) -> None:
        """Say what a result folder holds: cells, images, failures, broken files. Exit code 1 when something is wrong."""
        from benchmark.runs.status import print_status

        raise typer.Exit(print_status(out))
