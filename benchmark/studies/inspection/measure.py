"""The numbers of `slkd-bench inspect`: PSNRs of the teacher, and every loss term with its gradient at step 0."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmark.core.errors import SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.methods.weights.loading import load_network
from benchmark.training import recipes
from benchmark.training.build import build_objective
from benchmark.training.data.opening import open_synthesis
from benchmark.training.job import TrainJob
from benchmark.training.recipes import recipe_for
from benchmark.training.validation import mean_psnr
from slkd.diagnostics import clean_psnr, gradient_norms
from slkd.distiller import SLKD
from slkd.readings import reading_names

if TYPE_CHECKING:
    from torch import Tensor, nn

    from baselines.objective import Objective
    from slkd.failures import Failures


@dataclass(frozen=True)
class Term:
    """A loss term at step 0: its value, its weight in the loss, and the norm of its gradient on the student's weights.

    `share` is the part of the weighted norm in the sum of all terms' weighted norms; NaN where one is not finite.
    """

    name: str
    value: float
    weight: float
    gradient: float
    share: float = math.nan

    @property
    def weighted(self) -> float:
        """The norm of the gradient as it enters the loss."""
        return self.weight * self.gradient

    @property
    def finite(self) -> bool:
        """Whether value and gradient are numbers."""
        return math.isfinite(self.value) and math.isfinite(self.gradient)


@dataclass(frozen=True)
class Inspection:
    """What was measured; PSNRs are means over the validation pairs in dB, RGB, not rounded.

    `teacher_on_clean` compares Teacher B's output on the clean images with themselves, `teacher_on_clean_least` is the
    worst image's. `student` is of the trained student, None where there are no weights. `along_training` are the
    gradient norms of its card by step and term.
    """

    pairs: int
    degraded: float
    teacher_on_degraded: float
    teacher_on_clean: float
    teacher_on_clean_least: float
    student: float | None
    batch: tuple[int, int]
    terms: tuple[Term, ...]
    along_training: dict[int, dict[str, float]] = field(default_factory=dict)
    failures: tuple[Failures, ...] = ()


def with_reading(method: Method, reading: str) -> Method:
    """`method` under another reading of the losses. Raises UnknownName, or SlkdBenchError where it has no readings."""

    if not reading:
        return method
    if method.distiller != "slkd":
        remedy = "Leave --reading away, or inspect res-sl-slkd, ufor-sl-slkd or drs-sl-slkd."
        raise SlkdBenchError("--reading for a method that SLKD trains", method.id, remedy)
    if reading not in reading_names():
        raise UnknownName("reading", reading, reading_names())
    return dataclasses.replace(method, options={**method.options, "reading": reading})


def require_teacher(method: Method, task: Task) -> None:
    """Raises SlkdBenchError unless `method` learns from a teacher and is for `task`."""
    taught = [m.id for m in methods() if m.teacher and m.distiller != "scratch" and task in m.tasks]
    if not method.teacher or method.distiller == "scratch":
        nearest = [name for name in taught if name.startswith(method.network)] or taught
        remedy = f"Choose a distilled student: {', '.join(nearest[:4])}; see `slkd-bench list methods`."
        raise SlkdBenchError("a method that learns from a teacher", f"{method.id}, which has none", remedy)
    if task not in method.tasks:
        raise SlkdBenchError(f"one of {', '.join(method.tasks)} for {method.id}", f"'{task}'", "Give another --task.")


def build(method: Method, task: Task, scale: Scale, seed: int) -> Objective:
    """The objective as training starts with it, in training mode. Raises BadWeights when the teacher is missing."""
    import torch

    recipe = dataclasses.replace(recipe_for(method, scale, task), seed=seed)
    objective, _ = build_objective(method, TrainJob((method,), task, scale, recipe))
    torch.manual_seed(seed)  # as the engine does before its first step
    return objective.train()


def trained_student(method: Method, task: Task, scale: Scale, seed: int) -> tuple[nn.Module | None, dict[str, Any]]:
    """The student with its trained weights and their card, or None and an empty card where there are none."""

    found = store.find(method.id, task, scale, seed)
    return (load_network(method, task, scale, seed), found.card) if found else (None, {})


def measure(  # noqa: PLR0913
    objective: Objective,
    student: nn.Module | None,
    card: dict[str, Any],
    task: Task,
    method: Method,
    scale: Scale,
    seed: int,
    photos: Path | None = None,
) -> Inspection:
    """Measures a fresh `objective` on the first batch of its training, and its teacher on the validation pairs."""
    import torch

    recipe = dataclasses.replace(recipes.recipe_for(method, scale, task), seed=seed)
    data = open_synthesis(task, recipe, photos)
    stream, pairs = data.stream, data.validation
    device = torch.device("cpu")
    teacher = cast("nn.Module", objective.teacher)
    second = teacher_b(objective)
    on_clean = torch.cat([clean_psnr(second, target if target.dim() == 4 else target[None]) for _, target in pairs])
    degraded, target = stream.batch(0)
    terms = terms_at_start(objective, degraded, target, recipe.iterations)
    broken = not all(term.finite for term in terms)
    failing: list[Failures] = []
    if broken and isinstance(objective, SLKD):
        from slkd.failures import failures

        failing = failures(objective, degraded, target)
    return Inspection(
        len(on_clean),
        mean_psnr(torch.nn.Identity(), pairs, device),
        mean_psnr(teacher, pairs, device),
        float(on_clean.mean()),
        float(on_clean.min()),
        None if student is None else mean_psnr(student, pairs, device),
        (len(degraded), degraded.shape[-1]),
        terms,
        {int(step): norms for step, norms in (card.get("gradient_norms") or {}).items()},
        tuple(failing),
    )


def teacher_b(objective: Objective) -> nn.Module:
    """The network that sees the clean image in SLKD; other distillers have one teacher."""
    second = getattr(objective, "teacher_b", None)
    return cast("nn.Module", objective.teacher if second is None else second)


def terms_at_start(objective: Objective, degraded: Tensor, clean: Tensor, iterations: int) -> tuple[Term, ...]:
    """Every term of the first training step on a batch (N, 3, H, W), with the norm of its gradient.

    Where gradients of features reach the student by and by, as in SLKD's warm-up, it is the gradient at its whole.
    """

    before_step = getattr(objective, "before_step", None)
    if before_step is not None:
        before_step(0, iterations, degraded, clean)
    if isinstance(objective, SLKD):
        objective.reach.fill_(1)
    terms: dict[str, Tensor] = objective(degraded, clean)
    weights: dict[str, float] = getattr(objective, "weights", {})
    norms = gradient_norms(objective, terms)
    found = [Term(name, float(term.detach()), weights.get(name, 1.0), norms[name]) for name, term in terms.items()]
    total = sum(term.weighted for term in found)
    return tuple(dataclasses.replace(t, share=t.weighted / total if total else math.nan) for t in found)
