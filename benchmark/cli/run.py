"""`slkd-bench run`: compute the cells that are not done yet, then print the comparison."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task
from benchmark.runs.slurm import submit, without_slurm


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def run(
        everything: bool = typer.Option(False, "--all", help="Every method that has weights, on every data set."),
        method: list[str] = typer.Option(
            [], "--method", "-m", help="See `list methods`; or package.module:factory, or net.onnx. May be repeated."
        ),
        dataset: list[str] = typer.Option(
            [], "--dataset", "-d", help="A data set, or a folder with input and target; may be repeated."
        ),
        protocol: str = typer.Option("", help="How a folder is scored; see `list protocols`."),
        task: Task | None = typer.Option(
            None, parser=known_task, help="What networks are to remove from a folder's images."
        ),
        scale: Scale = typer.Option(Scale.MINI, help="mini: embedded data, shipped weights. paper: official data."),
        seed: list[int] = typer.Option([], help="Only these training seeds; all that have weights otherwise."),
        device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
        out: Path = typer.Option(
            Path("runs"), help="Where result files go; finished cells there are not computed again."
        ),
        photos: Path | None = typer.Option(None, help="Build the mini sets from this folder of clean photographs."),
        limit: int | None = typer.Option(None, min=1, help="Only the first N images of each set."),
        keep_going: bool = typer.Option(False, help="Leave out images that cannot be read, and name them."),
        threads: int | None = typer.Option(None, min=1, help="CPU threads of the network."),
        save_images: Path | None = typer.Option(
            None, help="Also write the restored images to this folder, as DATASET/METHOD/NAME.png; computes anew."
        ),
        memory: float | None = typer.Option(
            None, min=1, help="GiB: divide images that need more into strips (exact) or tiles (noted in the result)."
        ),
        shard: str = typer.Option("", help="I/N: only this part of the cells; several parts fill one folder."),
        slurm: int = typer.Option(0, min=0, help="Hand the run to a SLURM queue as this many jobs, and return."),
        slurm_option: list[str] = typer.Option([], help="NAME=VALUE for sbatch, partition=gpu say; may be repeated."),
    ) -> None:
        """Evaluate methods on data sets; a second run computes only what is missing."""
        if slurm:
            jobs = submit(without_slurm(sys.argv[2:]), slurm, out, options=slurm_option)
            typer.echo(f"submitted {', '.join(jobs)}; `slkd-bench status --out {out}` says how far they are")
            return
        from benchmark.runs.command import Request, run_command

        request = Request(
            everything,
            method,
            dataset,
            scale,
            seed,
            device,
            out,
            photos,
            limit,
            keep_going,
            threads,
            protocol,
            task,
            save_images,
            shard,
            memory,
        )
        raise typer.Exit(run_command(request))
