"""Training samples a second: `python -m speed.data_speed --photos DIR [--old TREE] [--rounds 5]`.

Batches of 8 patches of 64 pixels as training gets them (float32 tensors), from one process: crops of pairs made once (as
`train` does), synthesis while training (`train --synthesis`), and, with `--old`, the stream of another working tree of
this project, which synthesised every sample. All are asked in turn for batches, so that a busy machine slows them
alike; each has made its first pictures before. Samples a second of wall-clock and of processor time, medians, and the
median ratio of neighbours to the slowest kind.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

BATCH, PATCH = 8, 64
AT_LEAST = 0.5  # seconds of a measurement
Samples = tuple[float, float]  # a second of wall-clock, and of processor time


def stream_of(kind: str, task: str, photos: Path) -> Any:
    """The stream of a kind: crops, synthesis, or old."""
    if kind == "old":
        from importlib import import_module
        from importlib.util import find_spec

        places = ("benchmark.training.data.mini", "benchmark.datasets.mini.training", "benchmark.datasets.mini.stream")
        place = next(place for place in places if find_spec(place.rpartition(".")[0]) and find_spec(place))
        module, types = import_module(place), import_module("benchmark.nouns")
        return module.TrainingStream(types.Task(task), BATCH, PATCH, 0, photos)
    from benchmark.core.types import Scale, Task
    from benchmark.training.data.opening import open_data
    from benchmark.training.data.source import DataSource
    from benchmark.training.recipe import Recipe

    source = DataSource(photos, synthesis=kind == "synthesis")
    return open_data(Task(task), Scale.MINI, Recipe(100_000, BATCH, PATCH), source).stream


def measured(batch: Callable[[int], Any], first: int) -> tuple[int, Samples]:
    """The next step, and the samples a second of the steps from `first` on."""
    step, wall, processor = first, perf_counter(), process_time()
    while perf_counter() - wall < AT_LEAST:
        batch(step)
        step += 1
    count = BATCH * (step - first)
    return step, (count / (perf_counter() - wall), count / (process_time() - processor))


def serve(kind: str, task: str, photos: Path) -> None:
    """Measure once for each line of the standard input."""
    stream = stream_of(kind, task, photos)
    step = 60
    for warm in range(step):
        stream.batch(warm)
    print("ready", flush=True)
    for _ in sys.stdin:
        step, rates = measured(stream.batch, step)
        print(*rates, flush=True)


class Server:
    """A process that measures one kind when it is asked."""

    def __init__(self, kind: str, task: str, photos: Path, tree: Path) -> None:
        command = [
            sys.executable,
            str(Path(__file__).resolve()),
            "--serve",
            kind,
            "--task",
            task,
            "--photos",
            str(photos),
        ]
        environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._line()

    def ask(self) -> Samples:
        """Samples a second now."""
        assert self.process.stdin is not None
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        wall, processor = map(float, self._line().split())
        return wall, processor

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a measuring process ended; its message stands above")
        return line


def main() -> None:
    """Measures task by task and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m speed.data_speed", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--photos", type=Path, required=True, help="a folder of clean photographs")
    parser.add_argument("--old", type=Path, help="another working tree of this project, to compare with")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each kind, in turn (default 5)")
    parser.add_argument("--task", help="only this task")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.task, options.photos)
        return
    here = Path(__file__).resolve().parent.parent
    trees = {"crops": here, "synthesis": here} | ({"old": options.old.resolve()} if options.old else {})
    print(
        "| task | kind | samples/s | samples/s of processor time | ratio to the last kind |\n|---|---|---:|---:|---:|"
    )
    for task in [options.task] if options.task else ["deraining", "deblurring", "denoising"]:
        servers = {kind: Server(kind, task, options.photos.resolve(), tree) for kind, tree in trees.items()}
        rounds = [{kind: server.ask() for kind, server in servers.items()} for _ in range(options.rounds)]
        last = [*servers][-1]
        for kind, server in servers.items():
            wall, processor = (median(r[kind][clock] for r in rounds) for clock in (0, 1))
            ratio = median(r[kind][1] / r[last][1] for r in rounds)
            print(f"| {task} | {kind} | {wall:,.0f} | {processor:,.0f} | {ratio:.1f} |", flush=True)
            server.process.communicate()


if __name__ == "__main__":
    main()
