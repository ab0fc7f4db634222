"""What `slkd-bench train` does: which methods on which tasks and seeds, teachers before their students."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmark.core.errors import TrainingStopped
from benchmark.core.types import Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.variants import varied
from benchmark.training.job import train_group
from benchmark.training.parallel import train_in_processes
from benchmark.training.recipes import changed, recipe_for


def chosen(
    names: list[str], everything: bool, tasks: list[Task], reading: str | None = None
) -> list[tuple[Method, Task]]:
    """The methods and tasks that were asked for, teachers first; SLKD's rows in another `reading` where one is given.

    Raises UnknownName, BadMethod for a reading of a method without one, TrainingStopped for none.
    """
    wanted = [m for m in methods() if m.network] if everything else [get_method(name) for name in names]
    if reading is not None:
        wanted = [varied(m, f"reading={reading}") for m in wanted if m.distiller == "slkd" or not everything]
    pairs = [(m, t) for m in wanted for t in (tasks or m.tasks) if t in m.tasks or not everything]
    if not pairs:
        raise TrainingStopped("methods to train", "none", "Name some, or give --all. See `slkd-bench list methods`.")
    return sorted(pairs, key=lambda pair: pair[0].kind != "teacher")


Job = tuple[list[Method], Task, int]  # methods that train side by side, their task, their seed


def train_methods(
    pairs: list[tuple[Method, Task]],
    scale: Scale,
    seeds: list[int],
    wishes: dict[str, Any],
    around: dict[str, Any],
    where: dict[str, Any],
    jobs: int = 1,
    together: bool = False,
) -> None:
    """Train each method on its task with each seed, `jobs` processes at once, and say where the weights lie.

    With `together`, the students of one teacher train side by side in one process.
    """
    phases = [
        [job for job in grouped(pairs, seeds, together) if (job[0][0].kind == "teacher") is first]
        for first in (True, False)
    ]
    if jobs > 1:
        mode = "together" if together else "one-by-one"
        options = [*as_arguments({"scale": str(scale), mode: True} | wishes | around | where)]
        train_in_processes(
            [
                [
                    [*(m.id for m in group), "--task", str(task), "--seed", str(seed), *options]
                    for group, task, seed in phase
                ]
                for phase in phases
            ],
            jobs,
        )
        return
    from benchmark.training.engine import Settings

    settings = Settings(**(around | {"device": pick_device(around["device"])}))
    for group, task, seed in (job for phase in phases for job in phase):
        recipe = changed(recipe_for(group[0], scale, task), **wishes)
        often = replace(settings, validate_every=min(settings.validate_every, max(1, recipe.iterations // 5)))
        paths = train_group(group, task, scale, recipe, seed, settings=often, **where)
        if not settings.quiet:
            for method, path in zip(group, paths, strict=True):
                print(f"{method.id} {task} seed {seed}: {path}", flush=True)


def grouped(pairs: list[tuple[Method, Task]], seeds: list[int], together: bool) -> list[Job]:
    """What trains in one process: one method, or with `together` all students of one teacher for a task and a seed."""
    jobs: dict[tuple[str, Task, int], list[Method]] = {}
    for method, task in pairs:
        for seed in seeds:
            key = f"students of {method.teacher}" if together and method.teacher else method.id
            jobs.setdefault((key, task, seed), []).append(method)
    return [(group, task, seed) for (_, task, seed), group in jobs.items()]


def as_arguments(values: dict[str, Any]) -> list[str]:
    """The command line's words for options by name: nothing for None and False, the name alone for True."""
    words: list[str] = []
    for name, value in values.items():
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    return words


def pick_device(name: str) -> str:
    """`auto` becomes cuda, else mps, else cpu. Raises TrainingStopped for a device that is not there."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(kind for kind, present in there.items() if present)
    if not there.get(name.partition(":")[0], False):
        raise TrainingStopped(
            f"a device that torch can use: {', '.join(k for k, v in there.items() if v)}",
            f"'{name}'",
            "Give another --device.",
        )
    return name
