"""Images a second of training in two trees of the project, interleaved: `python -m speed.train_speed --old TREE [METHOD...]`.

TREE is a checkout of an earlier commit (79c4f42 has the engine that all figures in the documentation are compared with).
Every round trains each method in a process of its own, once in TREE and once here, at scale mini, for deraining, on
patches of 64 of dead leaves, without validation. What is compared is the run's own clock, from the log, waiting for data
included: its first steps, in which the gradients of SLKD's terms are measured, and the steps after them; a run of 1,000
steps, whose first 50 are measured, is reckoned from both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

METHODS = ("res-sl-scratch", "res-sl-logits", "res-sl-slkd")
WARM = 2  # steps that nobody counts
MEASURED, WHOLE = 50, 1000  # steps of a real run: with the gradients of terms, and in all
HERE = Path(__file__).parents[1]


def train_here(name: str, options: argparse.Namespace) -> None:
    """Train in this tree, for the log in the folder of the options."""
    from benchmark.core.types import Scale, Task
    from benchmark.methods.find import get_method
    from benchmark.training import balance, engine
    from benchmark.training.build import build_objective
    from benchmark.training.data.opening import open_data
    from benchmark.training.data.source import DataSource
    from benchmark.training.job import TrainJob
    from benchmark.training.recipes import recipe_for
    from benchmark.training.settings import Settings

    balance.BALANCE_BATCHES = options.first
    method, sizes = get_method(name), {"iterations": options.steps, "batch": options.batch, "patch": 64}
    recipe = replace(recipe_for(method, Scale.MINI, Task.DERAINING), **sizes)
    data = open_data(Task.DERAINING, Scale.MINI, recipe, DataSource(pairs=options.data))
    objective, _ = build_objective(method, TrainJob((method,), Task.DERAINING, Scale.MINI, recipe))
    settings = Settings(log_every=1, norms_every=0, checkpoint_seconds=1e9, quiet=True, resume=False)
    engine.train(engine.Member(objective, options.folder), replace(data, validation=()), recipe, settings)


def train_there(name: str, options: argparse.Namespace) -> None:
    """Train in a tree of 79c4f42, for the log in the folder of the options."""
    plan = __import__("benchmark.training.plan", fromlist=["plan"])
    engine = __import__("benchmark.training.engine", fromlist=["engine"])
    recipes = __import__("benchmark.training.recipes", fromlist=["recipes"])
    nouns = __import__("benchmark.nouns", fromlist=["nouns"])
    methods = __import__("benchmark.methods", fromlist=["methods"])
    places = __import__("benchmark.places", fromlist=["places"])
    task, scale, method = nouns.Task.DERAINING, nouns.Scale.MINI, methods.get_method(name)
    sizes = {"iterations": options.steps, "batch": options.batch, "patch": 64}
    recipe = replace(recipes.recipe_for(method, scale, task), **sizes)
    stream, _, _ = plan.build_data(task, scale, recipe, None, None)
    objective, _ = plan.build_objective(method, task, scale, 0, places.user_weights())
    settings = engine.Settings(log_every=1, norms_every=0, checkpoint_seconds=1e9, quiet=True, resume=False)
    engine.train(objective, stream, recipe, options.folder, settings)


def measure(tree: Path, name: str, options: argparse.Namespace) -> list[float]:
    """Seconds at the end of each step of one run in `tree`."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": str(options.threads)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).resolve()), "--in", folder, name]
        for option in ("steps", "first", "batch"):
            command += [f"--{option}", str(getattr(options, option))]
        command += ["--data", str(options.data.resolve())] if options.data else []
        command += ["--there"] if tree != HERE else []
        subprocess.run(command, env=environment, cwd=tree, check=True, stdout=subprocess.DEVNULL)
        rows = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]
    return [row["seconds"] for row in rows if row["kind"] == "train"]


def rates(seconds: list[float], options: argparse.Namespace) -> dict[str, float]:
    """Images a second of the first steps, of those after them, and of a whole run."""
    first = (seconds[options.first - 1] - seconds[WARM - 1]) / (options.first - WARM)
    after = (seconds[-1] - seconds[options.first - 1]) / (len(seconds) - options.first)
    mean = (first * MEASURED + after * (WHOLE - MEASURED)) / WHOLE
    return {"first": options.batch / first, "after": options.batch / after, "whole": options.batch / mean}


def main() -> None:
    """Measure and print a row a method."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("methods", nargs="*", default=METHODS)
    parser.add_argument("--old", type=Path, help="checkout of the earlier commit")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--first", type=int, default=10, help="steps in which terms are measured")
    parser.add_argument("--data", type=Path, help="packed pairs to train on here; otherwise made once and kept")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--there", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder is not None:
        sys.path.insert(0, str(Path.cwd()))
        run = train_there if options.there else train_here
        run(options.methods[0], options)
        return
    print("| method | steps | old, images/s | new, images/s | new / old |\n|---|---|---:|---:|---:|")
    for name in options.methods:
        pairs: list[dict[str, Any]] = []
        for _ in range(options.rounds):
            runs = {tree: measure(tree, name, options) for tree in (options.old.resolve(), HERE)}
            pairs.append({str(tree): rates(seconds, options) for tree, seconds in runs.items()})
        for kind, told in (
            ("first", "with the terms' gradients"),
            ("after", "after them"),
            ("whole", "a run of 1,000"),
        ):
            old, new = (median(pair[str(tree)][kind] for pair in pairs) for tree in (options.old.resolve(), HERE))
            ratio = median(pair[str(HERE)][kind] / pair[str(options.old.resolve())][kind] for pair in pairs)
            print(f"| {name} | {told} | {old:.1f} | {new:.1f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
