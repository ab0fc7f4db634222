"""Which recipe and which objective train a method: the paper's for its students and teachers, their own for the others.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import replace

from baselines.distillation.catalogue import DISTILLATIONS
from benchmark.core.types import Scale, Task
from benchmark.methods.method import Method
from benchmark.training.recipe import Recipe


def changed(recipe: Recipe, **wishes: int | float | str | None) -> Recipe:
    """`recipe` with the numbers a person asked for; those that are None stay.

    A new `lr` keeps its ratio to `final_lr`.
    """
    given = {name: value for name, value in wishes.items() if value is not None}
    if "lr" in given:
        given.setdefault("final_lr", recipe.final_lr * float(given["lr"]) / recipe.lr)
    return replace(recipe, **given)  # type: ignore[arg-type]


# Paper: "100 epochs", iterations not given. Here: 100 epochs of Rain13K's 13,711 pairs at batch 8, for every task.
PAPER = Recipe(iterations=171_400)

# What the publications give where they differ from the above (sizes of their training sets fix the iterations).
_PUBLISHED: dict[str, Recipe] = {
    "restormer": Recipe(300_000, optimiser="adamw", lr=3e-4, final_lr=1e-6, clip=0.01),
    "uformer": Recipe(250_000, optimiser="adamw", lr=2e-4, final_lr=1e-6, weight_decay=0.02),
    "drsformer": Recipe(300_000, optimiser="adamw", lr=3e-4, final_lr=1e-6, clip=0.01),
    "prenet": Recipe(
        76_200, 18, 100, lr=1e-3, schedule="steps", milestones=(0.3, 0.5, 0.8), factor=0.2, weight_decay=0.0
    ),
    "rcdnet": Recipe(
        137_100, 10, 64, lr=1e-3, schedule="steps", milestones=(0.25, 0.5, 0.75), factor=0.2, weight_decay=0.0
    ),
    "mprnet": Recipe(214_000, 16, 256, lr=2e-4, final_lr=1e-6, weight_decay=0.0),
    "dmphn": Recipe(
        1_000_000, 6, 256, lr=1e-4, schedule="steps", milestones=(0.33, 0.67), factor=0.1, weight_decay=0.0
    ),
    "mt-rnn": Recipe(680_000, 6, 256, lr=1e-4, final_lr=1e-6, weight_decay=0.0),
    "vdn": Recipe(300_000, 64, lr=2e-4, schedule="steps", milestones=(0.17, 0.33, 0.5, 0.67, 0.83), weight_decay=0.0),
    "deamnet": Recipe(300_000, 8, 128, lr=1e-4, schedule="steps", milestones=(0.4, 0.6, 0.8), weight_decay=0.0),
}

# Mini: minutes on one core, so a higher rate and small patches. All students share one budget, whatever distils them.
# Many steps of two patches at a high rate, tightly clipped, taught a scratch student of the same 2,000 patches more than
# half as many steps of four: .8 dB against rain, 1.9 dB against blur, on validation pairs and before any distiller was
# compared. DRS-SL, whose last features pass ReLUs, bears lower rates only, and starts at the identity: its ReLUs die otherwise.
_MINI = Recipe(1000, 2, 64, "adamw", lr=6e-3, final_lr=4e-5, warmup=50, clip=0.1)
_MINI_DRS_SL = changed(_MINI, lr=3e-3, identity_start=True)
# The lightweight networks have 2.5 times its iterations on twice the patches (MPRNet 1.5 times), at about a fifth (a
# third) of the cost of an iteration with a teacher: rows that are compared have had about the same computation.
# Teachers train longer. Those of deblurring also see clean images, which Teacher B has to leave alone.
_MINI_LIGHT = changed(_MINI, iterations=2500, batch=4, lr=1.5e-3, clip=1.0)
_MINI_TEACHER = changed(_MINI_LIGHT, iterations=2000, lr=1e-3)
_MINI_BOLD_TEACHER = changed(_MINI_TEACHER, lr=3e-3, clip=0.1)
_MINI_OWN: dict[str, Recipe] = {
    "restormer": _MINI_TEACHER,
    "uformer": _MINI_TEACHER,
    "drsformer": replace(_MINI_TEACHER, iterations=1500),
    "mprnet": replace(_MINI_LIGHT, iterations=1500),
    "drs-sl": _MINI_DRS_SL,
}
_MINI_OF_BOTH: dict[tuple[str, Task], Recipe] = {
    ("restormer", Task.DEBLURRING): replace(_MINI_BOLD_TEACHER, clean_share=0.1),
    ("uformer", Task.DEBLURRING): replace(_MINI_BOLD_TEACHER, clean_share=0.15),
    ("restormer", Task.DENOISING): _MINI_BOLD_TEACHER,
    ("uformer", Task.DENOISING): _MINI_BOLD_TEACHER,
    ("drsformer", Task.DEBLURRING): replace(_MINI_TEACHER, iterations=1500, clean_share=0.15, clean_from=0.5),
    ("drsformer", Task.DENOISING): replace(_MINI_TEACHER, iterations=1000),
    ("drs-sl", Task.DERAINING): changed(_MINI_DRS_SL, lr=1.5e-3),
    ("drs-sl", Task.DEBLURRING): changed(_MINI_DRS_SL, lr=1e-3),
    ("dmphn", Task.DEBLURRING): changed(_MINI_LIGHT, lr=4e-3, clip=0.1),
}

# Objectives of methods that are trained directly; all others on L1 to the clean image.
_L1 = DISTILLATIONS["scratch"].target
_OBJECTIVES: dict[str, str] = {
    "prenet": "benchmark.training.objectives.prenet:NegativeSSIM",
    "rcdnet": "benchmark.training.objectives.rcdnet:AllStages",
    "mprnet": "benchmark.training.objectives.mprnet:CharbonnierEdge",
    "dmphn": "benchmark.training.objectives.dmphn:PerLevel",
    "mt-rnn": "benchmark.training.objectives.mtrnn:Incremental",
    "vdn": "benchmark.training.objectives.vdn:VariationalBound",
    "deamnet": "benchmark.training.objectives.deamnet:SquaredError",
}
_SLKD = "slkd.distiller:SLKD"


def recipe_for(method: Method, scale: Scale, task: Task | None = None) -> Recipe:
    """The recipe that trains `method` for `task` at `scale`, seed 0: at scale mini, what the shipped weights were made by."""
    if scale is Scale.MINI:
        recipe = _MINI_OWN.get(method.network, _MINI if method.distiller else _MINI_LIGHT)
        return _MINI_OF_BOTH.get((method.network, task), recipe) if task else recipe
    return PAPER if method.distiller else _PUBLISHED.get(method.network, PAPER)


def objective_target(method: Method) -> str:
    """ "module:Class" of the objective that trains `method`."""
    if method.distiller == "slkd":
        return _SLKD
    if method.distiller:
        return DISTILLATIONS[method.distiller].target
    return _OBJECTIVES.get(method.network, _L1)
