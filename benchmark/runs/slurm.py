"""Handing a run to a SLURM queue: one job a shard, all filling the same result folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.core.errors import SlkdBenchError


def without_slurm(arguments: Sequence[str]) -> list[str]:
    """The arguments of `run` that a job repeats: all but --slurm, --slurm-option and their values."""
    kept, skip = [], False
    for argument in arguments:
        if skip or argument in ("--slurm", "--slurm-option"):
            skip = not skip
        elif not argument.startswith(("--slurm=", "--slurm-option=")):
            kept.append(argument)
    return kept


def submit(
    arguments: Sequence[str],
    jobs: int,
    out: Path,
    *,
    options: Sequence[str] = (),
    minutes: int = 240,
    cluster: str = "slurm",
) -> list[str]:
    """Submits `slkd-bench run ARGUMENTS --shard I/jobs` for every I; gives the jobs' ids.

    `options` are `name=value` of sbatch (partition=gpu, gpus_per_node=1, cpus_per_task=8). A lost job costs the cell that it
    worked on: submit again, and only what is missing is computed. Raises SlkdBenchError without submitit or SLURM.
    """
    try:
        import submitit
    except ImportError as problem:
        raise SlkdBenchError("submitit", "it is not installed", "Run `pip install 'slkd-bench[slurm]'`.") from problem
    try:
        executor = submitit.AutoExecutor(folder=out / "slurm", cluster=cluster)
    except RuntimeError as problem:
        raise SlkdBenchError(
            "a SLURM queue (sbatch on the PATH)", str(problem), "Run on a login node, or without --slurm."
        ) from problem
    executor.update_parameters(name="slkd-bench", timeout_min=minutes)
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise SlkdBenchError("--slurm-option NAME=VALUE", f"'{option}'", "Say --slurm-option partition=gpu.")
        executor.update_parameters(
            **{f"slurm_{name}" if cluster == "slurm" else name: int(value) if value.isdigit() else value}
        )
    commands = [
        [sys.executable, "-m", "benchmark", "run", *arguments, "--shard", f"{index + 1}/{jobs}"]
        for index in range(jobs)
    ]
    with executor.batch():
        submitted = [executor.submit(submitit.helpers.CommandFunction(command)) for command in commands]
    return [job.job_id for job in submitted]
