"""`slkd-bench run`: compute the cells that are not done yet, then print the comparison."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import AS_JSON, scale_option
from benchmark.core.terminal import print_json
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task
from benchmark.methods.own import own_network, split
from benchmark.runs import command
from benchmark.runs.options import RunOptions, RunRequest

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.runs.execute import Summary

_OWN = "Your own network"
_MACHINE = "Machine and queue"


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def run(
        everything: bool = typer.Option(False, "--all", help="Every method that has weights, on every data set."),
        method: list[str] = typer.Option(
            [],
            "--method",
            "-m",
            help="See `list methods`; or NAME=package.module:Class, net.onnx, net.torchscript. May be repeated.",
        ),
        dataset: list[str] = typer.Option(
            [], "--dataset", "-d", help="A data set, or a folder with input and target (NAME=FOLDER); may be repeated."
        ),
        protocol: str = typer.Option("", help="How a folder is scored; see `list protocols`."),
        task: Task | None = typer.Option(
            None, parser=known_task, help="What networks are to remove from a folder's images."
        ),
        scale: Scale = scale_option("mini: embedded data, shipped weights. paper: official data."),
        seed: list[int] = typer.Option([], help="Only these training seeds; all that have weights otherwise."),
        weights: Path | None = typer.Option(
            None, help="The checkpoint of your own network.", rich_help_panel=_OWN, metavar="FILE"
        ),
        multiple: int = typer.Option(
            1, min=1, max=1024, help="Pad images to sides divisible by N, and crop again.", rich_help_panel=_OWN
        ),
        value_range: str = typer.Option(
            "0..1", "--range", help="The values it takes and gives: 0..1, 0..255, -1..1.", rich_help_panel=_OWN
        ),
        argument: list[str] = typer.Option(
            [], "--set", help="NAME=VALUE for its class, width=48 say; may be repeated.", rich_help_panel=_OWN
        ),
        device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps.", rich_help_panel=_MACHINE),
        out: Path = typer.Option(
            Path("runs"), help="Where result files go; finished cells there are not computed again."
        ),
        photos: Path | None = typer.Option(None, help="Build the mini sets from this folder of clean photographs."),
        limit: int | None = typer.Option(None, min=1, help="Only the first N images of each set."),
        keep_going: bool = typer.Option(False, help="Leave out images that fail, and name them."),
        threads: int | None = typer.Option(None, min=1, help="CPU threads.", rich_help_panel=_MACHINE),
        save_images: Path | None = typer.Option(
            None, help="Also write the restored images to this folder, as DATASET/METHOD/NAME.png; computes anew."
        ),
        memory: float | None = typer.Option(
            None,
            min=1,
            help="GiB: divide images that need more into strips (exact) or tiles (noted in the result).",
            rich_help_panel=_MACHINE,
        ),
        metric: str = typer.Option(
            "", help="Further metrics by their pyiqa names, such as lpips,niqe: kept in results."
        ),
        tf32: bool = typer.Option(
            False, "--tf32", help="Let CUDA round products to TF32: faster, and noted.", rich_help_panel=_MACHINE
        ),
        any_versions: bool = typer.Option(
            False, "--any-versions", help="Keep results made with another series of torch, numpy, Pillow or OpenCV."
        ),
        shard: str = typer.Option(
            "", help="I/N: only this part of the cells; several parts fill one folder.", rich_help_panel=_MACHINE
        ),
        slurm: int = typer.Option(
            0, min=0, help="Hand the run to a SLURM queue as this many jobs, and return.", rich_help_panel=_MACHINE
        ),
        slurm_option: list[str] = typer.Option(
            [], help="NAME=VALUE for sbatch, partition=gpu say; may be repeated.", rich_help_panel=_MACHINE
        ),
        json: bool = AS_JSON,
    ) -> None:
        """Evaluate methods on data sets; a second run computes only what is missing."""
        said = split(",".join(argument), "--set")
        said |= {"weights": str(weights)} if weights else {}
        said |= {"multiple": str(multiple)} if multiple > 1 else {}
        request = RunRequest(
            methods=tuple(method),
            datasets=tuple(dataset),
            everything=everything,
            scale=scale,
            seeds=tuple(seed),
            out=out,
            photos=photos,
            protocol=protocol,
            task=task,
            shard=shard,
            threads=threads,
            own=own_network({**said, "range": value_range}, "your own network"),
            options=RunOptions(device, limit, keep_going, memory, tf32, save_images, any_versions, names_of(metric)),
        )
        if slurm:
            from benchmark.runs.slurm import Queue, submit

            jobs = submit(request, Queue(slurm, slurm_option))
            typer.echo(f"submitted {', '.join(jobs)}; `slkd-bench status --out {out}` says how far they are")
            return
        raise typer.Exit(_run(request, json))


def names_of(text: str) -> tuple[str, ...]:
    """The names in `lpips,niqe`, in small letters, each once."""
    return tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))


def _run(request: RunRequest, json: bool) -> int:
    from rich.console import Console

    from benchmark.runs.progress import observer_for
    from benchmark.views.tables.summary import print_summary, summary_data

    console = Console(stderr=json)
    summary = command.run(request, observer_for(console))
    if json:
        told = dataclasses.asdict(summary) | summary_data(request.out, request.scale, request.options.limit)
        print_json(Console(), told)
        return summary.code
    print_summary(console, request.out, request.scale, request.options.limit)
    sum_up(console, summary, request)
    return summary.code


def sum_up(console: Console, summary: Summary, request: RunRequest) -> None:
    """Prints what came of a run: how many cells, which failed, which are partial, which images equal their targets."""
    from rich.markup import escape

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    for line in summary.without:
        say(f"[yellow]without[/] {escape(line)}")
    say(
        f"{summary.computed} cells computed, {summary.already_done} were done already, {len(summary.failed)} failed. "
        f"Result files: {escape(', '.join(str(request.out / 'cells' / shelf) for shelf in summary.shelves))}"
    )
    for what, why in summary.failed.items():
        say(f"[bold red]failed[/] {escape(what)}: {escape(why)}")
    for what, images in summary.incomplete.items():
        say(f"[bold yellow]incomplete[/] {escape(what)}: {len(images)} images left out")
        for name, why in images.items():
            say(f"  {escape(name)}: {escape(why)}")
    for what, count in summary.partial.items():
        say(f"[bold yellow]partial[/] {escape(what)}: {count} images; it stands for the whole set in no table")
    for what, words in summary.equal.items():
        say(f"[bold]equal images[/] {escape(what)}: {words}")
    if summary.missing:
        name, why = next(iter(summary.missing.items()))
        say(
            f"{len(summary.missing)} cells have no weights yet and show as a dash; `slkd-bench list methods` says which. "
            f"The first is {escape(name)}: {escape(why)}"
        )
