"""Handing a run to a SLURM queue: one job a shard, all filling the same result folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from benchmark.core.errors import SlkdBenchError
from benchmark.runs.command import run
from benchmark.runs.options import RunRequest
from benchmark.runs.progress import PlainProgress


@dataclass(frozen=True)
class Queue:
    """Which queue, and what its jobs ask for.

    `options` are `name=value` of sbatch (partition=gpu, gpus_per_node=1, cpus_per_task=8); `cluster` is "slurm", or
    "local" for the queue that submitit runs by itself.
    """

    jobs: int
    options: Sequence[str] = ()
    minutes: int = 240
    cluster: str = "slurm"


def submit(request: RunRequest, queue: Queue) -> list[str]:
    """Submits `request` in `queue.jobs` parts, each pickled to a job of its own; gives the jobs' ids.

    A lost job costs the images that it worked on: submit again, and only what is missing is computed. Raises
    SlkdBenchError without submitit or SLURM.
    """
    try:
        import submitit
    except ImportError as problem:
        raise SlkdBenchError("submitit", "it is not installed", "Run `pip install 'slkd-bench[slurm]'`.") from problem
    try:
        executor = submitit.AutoExecutor(folder=request.out / "slurm", cluster=queue.cluster)
    except RuntimeError as problem:
        raise SlkdBenchError(
            "a SLURM queue (sbatch on the PATH)", str(problem), "Run on a login node, or without --slurm."
        ) from problem
    executor.update_parameters(name="slkd-bench", timeout_min=queue.minutes)
    for option in queue.options:
        name, equals, value = option.partition("=")
        if not equals:
            raise SlkdBenchError("--slurm-option NAME=VALUE", f"'{option}'", "Say --slurm-option partition=gpu.")
        executor.update_parameters(
            **{f"slurm_{name}" if queue.cluster == "slurm" else name: int(value) if value.isdigit() else value}
        )
    parts = [replace(request, shard=f"{index + 1}/{queue.jobs}") for index in range(queue.jobs)]
    with executor.batch():
        submitted = [executor.submit(run_part, part, str(Path.cwd())) for part in parts]
    return [job.job_id for job in submitted]


def run_part(request: RunRequest, folder: str) -> int:
    """What a job does: the run, from where it was submitted, with its progress as plain lines; gives the exit code."""
    import os

    os.chdir(folder)
    return run(request, PlainProgress(Console())).code
