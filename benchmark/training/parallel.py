"""Several methods at once: one process a method, teachers finished before their students begin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import benchmark
from benchmark.core.errors import TrainingStopped


def train_in_processes(phases: Sequence[Sequence[list[str]]], jobs: int) -> None:
    """Run `train` with each list of arguments in a process of its own, `jobs` at a time, phase after phase.

    Lines of all processes are passed on as they come. Raises TrainingStopped, at the end of a phase, with the arguments
    of those that failed; finished ones keep their weights and stopped ones their checkpoints.
    """
    for phase in phases:
        with ThreadPoolExecutor(jobs) as pool:
            codes = list(pool.map(_run, phase))
        failed = [" ".join(arguments) for arguments, code in zip(phase, codes, strict=True) if code]
        if failed:
            raise TrainingStopped(
                "every method to train to its end",
                f"{len(failed)} of {len(phase)} failed: {'; '.join(failed[:3])}",
                "The reasons stand above. Give the same command again: what is finished is kept.",
            )


def _run(arguments: list[str]) -> int:
    top = str(Path(benchmark.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [top, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "benchmark.training", *arguments]
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
    return process.returncode
