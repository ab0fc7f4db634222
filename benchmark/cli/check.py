"""`slkd-bench check`: evaluate reference results again and fail where something got worse; `check init` makes a reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.check.initial import make_reference
from benchmark.cli.options import AS_JSON, scale_option
from benchmark.core import paths
from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task
from benchmark.runs.options import RunOptions, RunRequest

if TYPE_CHECKING:
    from benchmark.runs.execute import Summary

_INIT = "For `check init`"


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def check(
        action: str = typer.Argument("", metavar="[init]", help="init: make a reference of your own methods and data."),
        reference: Path | None = typer.Option(
            None, help="The folder of reference results; the shipped ones otherwise."
        ),
        fast: bool = typer.Option(
            False, "--fast", help="Every cell, but only four images of each, and all where these fell; minutes."
        ),
        tolerance: float | None = typer.Option(
            None, min=0, metavar="DB", help="A fall of PSNR that is accepted, and a hundredth of it in SSIM."
        ),
        update: bool = typer.Option(False, "--update", help="Take better results over into the reference."),
        accept: list[str] = typer.Option(
            [], metavar="METHOD", help="Take this method's results over, worse ones too: it was trained again."
        ),
        junit: Path | None = typer.Option(None, help="Also write the outcome to this file as JUnit XML."),
        github: bool = typer.Option(
            False, "--github", help="Also print annotations for GitHub Actions, and write the summary of its run."
        ),
        method: list[str] = typer.Option([], "--method", "-m", help="Only this method; may be repeated."),
        dataset: list[str] = typer.Option([], "--dataset", "-d", help="Only this data set; may be repeated."),
        device: str = typer.Option("cpu", help="auto, cpu, cuda; references are made on a CPU."),
        out: Path = typer.Option(Path("reference"), help="Where the reference goes.", rich_help_panel=_INIT),
        protocol: str = typer.Option("", help="How a folder is scored.", rich_help_panel=_INIT),
        task: Task | None = typer.Option(
            None, parser=known_task, help="What is to be removed from a folder's images.", rich_help_panel=_INIT
        ),
        scale: Scale = scale_option("Of networks of the suite.", _INIT),
        limit: int | None = typer.Option(None, min=1, help="Only the first N images.", rich_help_panel=_INIT),
        keep_going: bool = typer.Option(False, help="Leave out images that fail.", rich_help_panel=_INIT),
        json: bool = AS_JSON,
    ) -> None:
        """Evaluate reference results again; exit code 1 where a score fell or a cost, data set or protocol changed."""
        from benchmark.check.command import Request, check_command

        if action == "init":
            request = RunRequest(
                methods=tuple(method),
                datasets=tuple(dataset),
                out=reference or out,
                scale=scale,
                protocol=protocol,
                task=task,
                options=RunOptions(device, limit, keep_going),
            )
            raise typer.Exit(_init(request))
        if action:
            raise SlkdBenchError("`check` or `check init`", f"'{action}'", "Say `slkd-bench check --help`.")
        raise typer.Exit(
            check_command(
                Request(
                    reference or paths.results() / "mini",
                    fast=fast,
                    tolerance=tolerance,
                    update=update,
                    junit=junit,
                    github=github,
                    methods=tuple(method),
                    datasets=tuple(dataset),
                    device=device,
                    accept=tuple(accept),
                    json=json,
                )
            )
        )


def _init(request: RunRequest) -> int:
    from rich.console import Console
    from rich.markup import escape

    from benchmark.runs.progress import observer_for

    console = Console()
    summary: Summary = make_reference(request, observer_for(console))
    for what, why in summary.failed.items():
        console.print(f"[bold red]failed[/] {escape(what)}: {escape(why)}", highlight=False, soft_wrap=True)
    console.print(
        f"{summary.computed} cells computed, {summary.already_done} were done already. Commit {escape(str(request.out))}; "
        f"`slkd-bench check --reference {escape(str(request.out))}` holds today's results against it.",
        highlight=False,
        soft_wrap=True,
    )
    return summary.code
