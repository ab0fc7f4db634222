"""Which recipe and which objective train a method: the paper's for its students and teachers, their own for the others.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from benchmark.core.errors import BadMethod
from benchmark.core.types import Scale, Task
from benchmark.methods.distillers import distiller
from benchmark.methods.method import Method
from benchmark.methods.networks import network
from benchmark.training.recipe import Recipe, RecipeOverrides, Stage

# Paper: "100 epochs", iterations not given. Here: 100 epochs of Rain13K's 13,711 pairs at batch 8, for every task.
PAPER = Recipe(iterations=171_400)

# Mini: minutes on one core, so a higher rate and small patches. All students share one budget, whatever distils them.
# Many steps of two patches at a high rate, tightly clipped, taught a scratch student of the same 2,000 patches more than
# half as many steps of four: .8 dB against rain, 1.9 dB against blur, on validation pairs and before any distiller was
# compared. What a network changes in it is in its declaration.
_MINI = Recipe(1000, 2, 64, "adamw", lr=6e-3, final_lr=4e-5, warmup=50, clip=0.1)
# The lightweight networks have 2.5 times its iterations on twice the patches (MPRNet 1.5 times), at about a fifth (a
# third) of the cost of an iteration with a teacher: rows that are compared have had about the same computation.
# Teachers train longer. Those of deblurring also see clean images, which Teacher B has to leave alone.
_MINI_LIGHT = RecipeOverrides(iterations=2500, batch=4, lr=1.5e-3, clip=1.0).apply(_MINI)
_L1 = "scratch"  # trains what declares no objective of its own


def recipe_for(method: Method, scale: Scale, task: Task | None = None) -> Recipe:
    """The recipe that trains `method` for `task` at `scale`, seed 0: at scale mini, what the shipped weights were made by."""
    spec = network(method.network) if method.network else None
    recipe = PAPER
    if scale is Scale.MINI:
        recipe = _MINI if method.distiller else _MINI_LIGHT
    if spec is None or (scale is Scale.PAPER and method.distiller):
        return recipe
    try:
        if scale is Scale.PAPER:  # as published; the sizes of the training sets fix the iterations
            published = {name: value for name, value in spec.recipe.items() if name != "objective"}
            stages = tuple(Stage(*stage) for stage in published.get("stages", ()))
            return replace(recipe, **published | {"stages": stages})
        for numbers in (spec.mini_recipe, spec.mini_recipe_by_task.get(task or "", {})):
            recipe = RecipeOverrides(**numbers).apply(recipe)
        return recipe
    except TypeError as problem:
        expected = f"numbers of a recipe in the declaration of {spec.id}: {', '.join(f.name for f in fields(Recipe))}"
        raise BadMethod(
            expected, f"{problem} ({spec.file})", "Mend the declaration at the end of the file."
        ) from problem


def objective_target(method: Method, scale: Scale = Scale.MINI) -> str:
    """ "module:Class" of the objective that trains `method`: at scale paper the one of its published recipe, if it has one."""
    if method.distiller or not method.network:
        return distiller(method.distiller or _L1).target
    spec = network(method.network)
    published = str(spec.recipe.get("objective", "")) if scale is Scale.PAPER else ""
    return published or spec.objective or distiller(_L1).target


def objective_options(method: Method, task: Task, scale: Scale) -> dict[str, Any]:
    """The arguments of the objective that trains `method`: its network's for the scale and the task, and the row's own."""
    if method.distiller or not method.network:
        return dict(method.options)
    declared = network(method.network).objective_options
    return declared.get(str(scale), {}) | declared.get(str(task), {}) | dict(method.options)
