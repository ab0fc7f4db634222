"""From a plan to the trainings that it asks for: teachers, the search for rates, and the rows on the whole budget."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from benchmark.core.errors import BadData
from benchmark.core.files import write_atomically
from benchmark.core.types import Task
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.find import get_method
from benchmark.methods.variants import labelled
from benchmark.studies.plans.plan import Plan, Row
from benchmark.training.card import changes, origin
from benchmark.training.data.source import DataSource
from benchmark.training.job import Outputs, TrainJob
from benchmark.training.recipe import Recipe, RecipeOverrides
from benchmark.training.recipes import recipe_for

Stage = Literal["teachers", "search", "rows"]
STAGES: tuple[Stage, ...] = ("teachers", "search", "rows")
DECISIONS: tuple[Literal["rates", "steps"], ...] = ("rates", "steps")


@dataclass(frozen=True)
class Folder:
    """Where a study lives: weights, checkpoints, results, and what was decided on the way (`rates.json`, `steps.json`)."""

    root: Path

    def outputs(self, plan: Plan) -> Outputs:
        """For the trainings of rows and teachers."""
        any_teacher = plan.health.teacher_gain <= 0
        return Outputs(weights=self.weights, runs=self.root / "training", force=any_teacher)

    @property
    def weights(self) -> Path:
        """For the weights and their cards."""
        return self.root / "weights"

    @property
    def results(self) -> Path:
        """For the cells."""
        return self.root / "runs"

    def decisions(self) -> dict[str, dict[str, float]]:
        """The rates and the matched numbers of steps that were decided: {"rates": {"ROW/TASK": lr}, "steps": {...}}."""
        return {kind: self.read(kind) for kind in DECISIONS}

    def decide(self, kind: Literal["rates", "steps"], made: dict[str, float]) -> None:
        """Adds decisions; what was decided before stays as it was."""
        self.write(kind, made | self.read(kind))

    def read(self, name: str) -> dict[str, Any]:
        """What was recorded in the file NAME.json of the folder. Raises BadData where it cannot be read."""
        path = self.root / f"{name}.json"
        if not path.is_file():
            return {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise TypeError("no object")
        except (OSError, ValueError, TypeError, RecursionError) as error:
            remedy = "Restore it, or remove it: what it says is then decided anew."
            raise BadData("what a study recorded, as a JSON object", f"{path}: {error}", remedy) from error
        return found

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Records `content` in the file NAME.json of the folder: each kind has its own, so that shards lose nothing."""
        write_atomically(self.root / f"{name}.json", json.dumps(content, indent=1, sort_keys=True) + "\n")


@dataclass(frozen=True)
class Training:
    """One training of a study: the stage it belongs to, the row's name and the job."""

    stage: Stage
    label: str
    job: TrainJob

    @property
    def path(self) -> Path:
        """Where its weights go."""
        return self.job.weights_path(self.job.methods[0])

    @property
    def done(self) -> bool:
        """Whether weights of this recipe, objective and teacher stand there; the data are looked at when it runs."""
        return set(changes(self.path, origin(self.job.methods[0], self.job, {}))) <= {"data"}


def grouped(trainings: Sequence[Training], beside: int) -> list[list[Training]]:
    """The trainings of a stage by those that can run side by side, at most `beside` each: one teacher, the same batches.

    A teacher trains alone. The weights are the same as alone, bit for bit.
    """
    kinds: dict[str, list[Training]] = {}
    for training in trainings:
        job = training.job
        method = job.methods[0]
        of = (method.teacher, job.teacher_seed) if method.teacher else (method.id, training.path.name)
        kinds.setdefault(json.dumps([*of, job.task, job.recipe.of_batches()]), []).append(training)
    return [group[n : n + beside] for group in kinds.values() for n in range(0, len(group), beside)]


def joined(group: Sequence[Training]) -> TrainJob:
    """The one training of a group's students side by side."""
    jobs = [training.job for training in group]
    if len(jobs) == 1:
        return jobs[0]
    own = tuple(job.recipe for job in jobs)
    return replace(jobs[0], methods=tuple(job.methods[0] for job in jobs), own_recipes=own)


@contextmanager
def weights_of(folder: Folder) -> Iterator[None]:
    """The study's weights in the place of the user's own, for what looks weights up."""
    before = os.environ.get("SLKD_BENCH_WEIGHTS")
    os.environ["SLKD_BENCH_WEIGHTS"] = str(folder.weights)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SLKD_BENCH_WEIGHTS"]
        else:
            os.environ["SLKD_BENCH_WEIGHTS"] = before


def test_sets(plan: Plan, task: Task) -> list[str]:
    """The test sets of a task: those that the plan names, or all of its scale."""
    names = plan.sets or [name for name in dataset_ids("test") if describe(name).scale == plan.scale]
    return [name for name in names if describe(name).task == task]


def teachers(plan: Plan, folder: Folder, data: DataSource) -> Iterator[Training]:
    """The trainings of the plan's teachers."""
    for entry in plan.teachers:
        method = get_method(entry.method)
        for task in plan.tasks_of(entry):
            recipe = RecipeOverrides(**entry.recipe).apply(recipe_for(method, plan.scale, task))
            for seed in entry.seeds:
                job = TrainJob((method,), task, plan.scale, replace(recipe, seed=seed), data, folder.outputs(plan))
                yield Training("teachers", entry.method, job)


def search(plan: Plan, folder: Folder, data: DataSource) -> Iterator[Training]:
    """The short trainings from which each row's rate is chosen: none where that was done, or the plan has no rates.

    What was decided stands for the weights of the search, which nothing needs any more (`searched.json` tells what each
    rate gave).
    """
    if plan.rates is None:
        return
    decided = folder.decisions()["rates"]
    for row in plan.rows:
        if row.own_budget:
            continue
        for task in plan.tasks_of(row):
            if f"{row.label}/{task}" in decided:
                continue
            for lr in plan.rates.values:
                recipe = replace(_recipe(plan, row, task, lr), iterations=plan.rates.iterations, seed=plan.rates.seed)
                method = labelled(row.resolved(), f"rate-{lr:g}")
                teacher = plan.teacher_seed(method, task, plan.rates.seed)
                job = TrainJob((method,), task, plan.scale, recipe, data, folder.outputs(plan), teacher)
                yield Training("search", row.label, job)


def rows(plan: Plan, folder: Folder, data: DataSource) -> Iterator[Training]:
    """The trainings of the rows on their whole budget, with the rates and steps that were decided so far."""
    decisions = folder.decisions()
    for row in plan.rows:
        for task in plan.tasks_of(row):
            place = f"{row.label}/{task}"
            lr = decisions["rates"].get(place)
            recipe = _recipe(plan, row, task, lr)
            if row.same_seconds_as:
                recipe = replace(recipe, iterations=int(decisions["steps"].get(place, recipe.iterations)))
            method = row.resolved()
            for seed in plan.seeds_of(row):
                teacher = plan.teacher_seed(method, task, seed)
                job = TrainJob(
                    (method,), task, plan.scale, replace(recipe, seed=seed), data, folder.outputs(plan), teacher
                )
                yield Training("rows", row.label, job)


def everything(plan: Plan, folder: Folder, data: DataSource) -> list[Training]:
    """All trainings of a plan in the order in which they are done."""
    return [*teachers(plan, folder, data), *search(plan, folder, data), *rows(plan, folder, data)]


def _recipe(plan: Plan, row: Row, task: Task, lr: float | None) -> Recipe:
    """The row's recipe on the plan's budget, at the rate `lr`, its own overrides last; the final rate keeps its ratio."""
    recipe = recipe_for(row.resolved(), plan.scale, task)
    if not row.own_budget:
        budget = plan.budget
        numbers = RecipeOverrides(iterations=budget.iterations, batch=budget.batch, patch=budget.patch)
        recipe = numbers.apply(recipe)
    if lr is not None:
        recipe = RecipeOverrides(lr=lr).apply(recipe)
    return RecipeOverrides(**row.recipe).apply(recipe)
