"""What `slkd-bench train` does: which methods on which tasks and seeds, teachers before their students."""

from __future__ import annotations

from typing import Any

from benchmark.errors import TrainingStopped
from benchmark.methods import Method, get_method, methods
from benchmark.nouns import Scale, Task


def chosen(names: list[str], everything: bool, tasks: list[Task]) -> list[tuple[Method, Task]]:
    """The methods and tasks that were asked for, teachers first. Raises UnknownName, TrainingStopped for none."""
    wanted = [m for m in methods() if m.network] if everything else [get_method(name) for name in names]
    pairs = [(m, t) for m in wanted for t in (tasks or m.tasks) if t in m.tasks or not everything]
    if not pairs:
        raise TrainingStopped("methods to train", "none", "Name some, or give --all. See `slkd-bench list methods`.")
    return sorted(pairs, key=lambda pair: pair[0].kind != "teacher")


def train_methods(
    pairs: list[tuple[Method, Task]], scale: Scale, seeds: list[int], wishes: dict[str, Any], around: dict[str, Any],
    where: dict[str, Any], jobs: int = 1,
) -> None:  # fmt: skip
    """Train each method on its task with each seed, `jobs` at once, and say where the weights lie."""
    if jobs > 1:
        from benchmark.training.parallel import train_in_processes

        options = [*as_arguments({"scale": str(scale)} | wishes | around | where)]
        runs = [(m.kind == "teacher", [m.id, "--task", str(t), "--seed", str(s), *options])
                for m, t in pairs for s in seeds]  # fmt: skip
        train_in_processes([[run for is_teacher, run in runs if is_teacher is first] for first in (True, False)], jobs)
        return
    from benchmark.training.engine import Settings
    from benchmark.training.plan import train_method
    from benchmark.training.recipes import changed, recipe_for

    settings = Settings(**(around | {"device": pick_device(around["device"])}))
    for method, task in pairs:
        recipe = changed(recipe_for(method, scale, task), **wishes)
        for seed in seeds:
            path = train_method(method.id, task, scale, recipe, seed, settings=settings, **where)
            if not settings.quiet:
                print(f"{method.id} {task} seed {seed}: {path}", flush=True)


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
        raise TrainingStopped(f"a device that torch can use: {', '.join(k for k, v in there.items() if v)}",
                              f"'{name}'", "Give another --device.")  # fmt: skip
    return name
