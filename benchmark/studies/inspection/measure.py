"""The numbers of `slkd-bench inspect`: PSNRs of the teacher, and every loss term with its gradient at step 0."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from baselines.diagnostics import clean_psnr, gradient_norms
from benchmark.core.errors import SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.distillers import distillers, with_readings
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.methods.weights.loading import load_network
from benchmark.studies.inspection.probing import probed
from benchmark.training.build import build_objective, learns_from_teacher
from benchmark.training.data.opening import open_synthesis
from benchmark.training.job import TrainJob
from benchmark.training.recipe import Recipe
from benchmark.training.recipes import recipe_for
from benchmark.training.validation import mean_psnr

if TYPE_CHECKING:
    from torch import Tensor, nn

    from baselines.distillation.probe import Trouble
    from baselines.objective import Objective


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
    trouble: Trouble | None = None


def with_reading(method: Method, reading: str) -> Method:
    """`method` under another reading of the losses. Raises UnknownName, or SlkdBenchError where it has no readings."""

    if not reading:
        return method
    spec = distillers().get(method.distiller)
    known = spec.known_readings() if spec else {}
    if not known:
        trained = [m.id for m in methods() if m.distiller in {spec.id for spec in with_readings()}]
        remedy = f"Leave --reading away, or inspect {', '.join(trained[:3])}."
        raise SlkdBenchError("--reading for a method whose distiller has readings", method.id, remedy)
    if reading not in known:
        raise UnknownName("reading", reading, known)
    return dataclasses.replace(method, options={**method.options, "reading": reading})


def require_teacher(method: Method, task: Task) -> None:
    """Raises SlkdBenchError unless `method` learns from a teacher and is for `task`."""
    taught = [m.id for m in methods() if learns_from_teacher(m) and task in m.tasks]
    if not learns_from_teacher(method):
        nearest = [name for name in taught if name.startswith(method.network)] or taught
        remedy = f"Choose a distilled student: {', '.join(nearest[:4])}; see `slkd-bench list methods`."
        raise SlkdBenchError("a method that learns from a teacher", f"{method.id}, which has none", remedy)
    if task not in method.tasks:
        raise SlkdBenchError(f"one of {', '.join(method.tasks)} for {method.id}", f"'{task}'", "Give another --task.")


@dataclass(frozen=True)
class Subject:
    """Which training is looked into: of `method` for `task` at `scale` with `seed`, on `photos` or on the usual pictures."""

    method: Method
    task: Task
    scale: Scale
    seed: int = 0
    photos: Path | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe that trains it."""
        return dataclasses.replace(recipe_for(self.method, self.scale, self.task), seed=self.seed)

    def __str__(self) -> str:
        return f"{self.method.id}, {self.task}, scale {self.scale}, seed {self.seed}"


@dataclass(frozen=True)
class Networks:
    """The objective as training starts with it; the trained student and its card, None and empty where there are none."""

    objective: Objective
    student: nn.Module | None = None
    card: dict[str, Any] = field(default_factory=dict)


def build(subject: Subject) -> Objective:
    """The objective as training starts with it, in training mode. Raises BadWeights when the teacher is missing."""
    import torch

    method = subject.method
    objective, _ = build_objective(method, TrainJob((method,), subject.task, subject.scale, subject.recipe))
    torch.manual_seed(subject.seed)  # as the engine does before its first step
    return objective.train()


def networks_of(subject: Subject, trained: Method) -> Networks:
    """The objective of `subject`, and the student of the method `trained`, which may be in another reading."""
    objective = build(subject)
    found = store.find(trained.id, subject.task, subject.scale, subject.seed)
    if found is None:
        return Networks(objective)
    student = load_network(trained, subject.task, subject.scale, subject.seed)
    return Networks(objective, student, found.card)


def measure(networks: Networks, subject: Subject) -> Inspection:
    """Measures a fresh objective on the first batch of its training, and its teacher on the validation pairs."""
    import torch

    recipe, objective, student = subject.recipe, networks.objective, networks.student
    data = open_synthesis(subject.task, recipe, subject.photos)
    stream, pairs = data.stream, data.validation
    device = torch.device("cpu")
    teacher = cast("nn.Module", objective.teacher)
    second = teacher_b(objective)
    on_clean = torch.cat([clean_psnr(second, target if target.dim() == 4 else target[None]) for _, target in pairs])
    degraded, target = stream.batch(0)
    terms = terms_at_start(objective, degraded, target, recipe.iterations)
    trouble = None
    if not all(term.finite for term in terms):
        trouble = probed(subject.method).load_probe().trouble(objective, degraded, target)
    return Inspection(
        len(on_clean),
        mean_psnr(torch.nn.Identity(), pairs, device),
        mean_psnr(teacher, pairs, device),
        float(on_clean.mean()),
        float(on_clean.min()),
        None if student is None else mean_psnr(student, pairs, device),
        (len(degraded), degraded.shape[-1]),
        terms,
        {int(step): norms for step, norms in (networks.card.get("gradient_norms") or {}).items()},
        trouble,
    )


def teacher_b(objective: Objective) -> nn.Module:
    """The network that sees the clean image, where a distiller has another one for it; else the teacher."""
    second = getattr(objective, "teacher_b", None)
    return cast("nn.Module", objective.teacher if second is None else second)


def terms_at_start(objective: Objective, degraded: Tensor, clean: Tensor, iterations: int) -> tuple[Term, ...]:
    """Every term of the first training step on a batch (N, 3, H, W), with the norm of its gradient.

    Where gradients of features reach the student by and by, as in a warm-up, it is the gradient at its whole.
    """
    before_step = getattr(objective, "before_step", None)
    if before_step is not None:
        settled_at = getattr(objective, "settled_at", None)
        before_step(settled_at(iterations) if settled_at else 0, iterations, degraded, clean)
    terms: dict[str, Tensor] = objective(degraded, clean)
    weights: dict[str, float] = getattr(objective, "weights", {})
    norms = gradient_norms(objective, terms)
    found = [Term(name, float(term.detach()), weights.get(name, 1.0), norms[name]) for name, term in terms.items()]
    total = sum(term.weighted for term in found)
    return tuple(dataclasses.replace(t, share=t.weighted / total if total else math.nan) for t in found)
