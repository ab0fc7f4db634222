"""`slkd-bench merge` and `slkd-bench status`: result folders put together and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import AS_JSON
from benchmark.core.terminal import print_json
from benchmark.runs.merge import merge as put_together

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.runs.status import Status

_MOST = 8  # lines of one kind


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
    def status(
        out: Path = typer.Option(Path("runs"), help="The result folder."),
        quick: bool = typer.Option(False, "--quick", help="Do not look whether results would be computed again."),
        everything: bool = typer.Option(False, "--all", help="Every line, however many there are."),
        json: bool = AS_JSON,
    ) -> None:
        """Say what a result folder holds: cells, images, failures, broken files. Exit code 1 when something is wrong."""
        from rich.console import Console

        from benchmark.runs.status import status_of

        found = status_of(out, not quick)
        if json:
            print_json(Console(), found.as_data())
        else:
            _print(Console(), found, None if everything else _MOST)
        raise typer.Exit(found.code)


def _print(console: Console, found: Status, most: int | None) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("scale", "data set", "cells", "incomplete", "images", "made on"):
        numeric = name in ("cells", "incomplete", "images")
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for group in found.groups:
        numbers = (str(len(group.cells)), str(group.incomplete), str(group.images))
        table.add_row(group.scale, escape(group.dataset), *numbers, escape(group.devices))
    console.print(table)
    kinds = (
        ("bold red", "failed", [f"{name}: {why}" for name, why in found.failed]),
        ("bold red", "broken", found.broken),
        ("bold yellow", "partial", [f"{name}: {count} images" for name, count in found.partial.items()]),
        ("bold", "to be computed again", [f"{name}: {'; '.join(why)}" for name, why in found.stale.items()]),
        ("bold", "cannot be told", [f"{name}: {why}" for name, why in found.untold.items()]),
    )
    for style, word, lines in kinds:
        for line in lines[:most]:
            console.print(f"[{style}]{word}[/] {escape(line)}", highlight=False, soft_wrap=True)
        if most is not None and len(lines) > most:
            console.print(f"[{style}]{word}[/] and {len(lines) - most} more: --all shows them", highlight=False)
