"""What `slkd-bench run` does: choose methods and data sets, plan, compute, sum up, print the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale, Task
from benchmark.datasets import is_folder
from benchmark.runs.choose import choose_datasets, choose_methods
from benchmark.runs.execute import Summary, execute
from benchmark.runs.plan import Plan, make_plan
from benchmark.runs.progress import observer_for
from benchmark.runs.shards import chosen_shard, local_device
from benchmark.views.tables.summary import print_summary


@dataclass(frozen=True)
class Request:
    """The options of one call of `slkd-bench run`."""

    everything: bool
    methods: list[str]
    datasets: list[str]
    scale: Scale
    seeds: list[int]
    device: str
    out: Path
    photos: Path | None
    limit: int | None
    keep_going: bool
    threads: int | None
    protocol: str = ""
    task: Task | None = None
    save_images: Path | None = None
    shard: str = ""
    memory: float | None = None


def run_command(request: Request) -> int:
    """Runs the request and prints as it goes; gives the exit code (0: all well, 1: a cell failed or is incomplete)."""
    console = Console()
    if not (request.everything or request.methods or request.datasets):
        raise SlkdBenchError(
            "something to run",
            "neither --all nor --method nor --dataset",
            "Say `slkd-bench run --all`, or choose with --method and --dataset.",
        )
    _check_folder_options(request)
    chosen = choose_methods(request.methods)
    datasets = choose_datasets(
        request.datasets, request.scale, request.photos, request.protocol, request.task, request.keep_going
    )
    check_writable(request.out)
    device = local_device(_device(request.device))
    plan = make_plan(
        chosen, datasets, request.scale, request.out, seeds=request.seeds or None, device=device, limit=request.limit
    )
    if not plan.cells or (request.methods and request.datasets and plan.missing):
        raise SlkdBenchError(
            "trained weights of every chosen method, for the task of its data set",
            "; ".join(f"{what}: {why}" for what, why in plan.missing.items())
            or "no chosen method is for the task of a chosen data set",
            "Run the command named, or choose others (`slkd-bench list methods`).",
        )
    plan.cells = chosen_shard(request.shard).of(plan.cells)
    if request.threads:
        import torch

        torch.set_num_threads(request.threads)
    summary = execute(
        plan,
        device,
        keep_going=request.keep_going,
        limit=request.limit,
        observer=observer_for(console),
        save_images=request.save_images,
        memory=request.memory,
    )
    _print_results(console, request)
    return _sum_up(console, plan, summary, request)


def _check_folder_options(request: Request) -> None:

    official = [name for name in request.datasets if not is_folder(name)] or ([] if request.datasets else ["all"])
    if official and (request.protocol or request.task):
        remedy = "Leave --protocol and --task away; `slkd-bench score` scores saved images under any protocol."
        raise SlkdBenchError(
            "--protocol and --task for folders only", f"the data set '{official[0]}', which has its own", remedy
        )


def check_writable(out: Path) -> None:
    """Raises BadOutput at once, before hours of work, when `out` cannot be written."""

    probe = out / ".writable"
    write_atomically(probe, "")
    probe.unlink(missing_ok=True)


def _device(name: str) -> str:
    """The device to use; `auto` takes CUDA when there is one. Raises SlkdBenchError for one that does not exist."""
    if name == "cpu":
        return name
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as problem:
        raise SlkdBenchError(
            "a device that torch can use",
            f"'{name}': {str(problem).splitlines()[0]}",
            "Try --device cpu or --device auto.",
        ) from problem
    return name


def _print_results(console: Console, request: Request) -> None:

    print_summary(console, request.out, request.scale, request.limit)


def _sum_up(console: Console, plan: Plan, summary: Summary, request: Request) -> int:
    console.print(
        f"{summary.computed} cells computed, {summary.already_done} were done already, "
        f"{len(summary.failed)} failed. Result files: {escape(str(request.out / 'cells' / request.scale))}",
        highlight=False,
        soft_wrap=True,
    )
    for what, why in summary.failed.items():
        console.print(f"[bold red]failed[/] {escape(what)}: {escape(why)}", highlight=False, soft_wrap=True)
    for what, images in summary.incomplete.items():
        console.print(f"[bold yellow]incomplete[/] {escape(what)}: {len(images)} images left out", highlight=False)
        for name, why in images.items():
            console.print(f"  {escape(name)}: {escape(why)}", highlight=False, soft_wrap=True)
    if plan.missing:
        console.print(
            f"{len(plan.missing)} cells have no weights yet and show as a dash; `slkd-bench list methods` says which.",
            highlight=False,
            soft_wrap=True,
        )
    return 1 if summary.failed or summary.incomplete else 0
