"""From one job to weights and cards on disk: objectives, data, engine, files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.core.errors import GroupStopped, TrainingStopped
from benchmark.core.types import Task
from benchmark.methods.distillers import distiller
from benchmark.methods.method import Method
from benchmark.methods.weights import files
from benchmark.training import distributed, engine
from benchmark.training.build import Teachers, build_objective, network_of, student_of
from benchmark.training.card import changes, make_card, origin
from benchmark.training.data.opening import TrainingData, open_data
from benchmark.training.health import check_teacher
from benchmark.training.held_out import with_held_out
from benchmark.training.job import TrainJob
from benchmark.training.settings import Settings
from benchmark.training.step import pick_device
from benchmark.training.storage import smallest_form

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """The weights of one method: where they lie, and how their training went.

    `new` is false where they stood there already. `gain` is what they gain over the degraded validation images, in dB
    (None without such pairs), `collapsed` whether that is nothing, `health` the run in one line.
    """

    method: str
    task: Task
    seed: int
    path: Path
    new: bool = True
    gain: float | None = None
    collapsed: bool = False
    health: str = ""


def run_job(job: TrainJob, settings: Settings) -> list[Trained]:
    """Train the methods of `job` side by side, each as it would alone, and write their weights and cards.

    Batches are made once, and a teacher they share is asked once a batch. Nothing is trained where whole weights of the
    same origin stand. Where some of several fail, the others are written first; then GroupStopped names the failed.
    Raises UnknownName, TrainingStopped, BadWeights (no teacher), BadData, BadOutput.
    """
    for method in job.methods:
        _check(method, job.task)
        _check_weights(method, job)
    data = with_held_out(open_data(job.task, job.scale, job.recipe, job.data), job)
    waiting = [method for method in job.methods if _is_stale(method, job, data)]
    if waiting:
        often = min(settings.validate_every, max(1, job.recipe.iterations // 5))
        settings = replace(settings, device=pick_device(settings.device), validate_every=often)
        _train(job.only(waiting), data, settings)
    return [_trained(method, job, method in waiting) for method in job.methods]


def _trained(method: Method, job: TrainJob, new: bool) -> Trained:
    path = job.weights_path(method)
    card = files.read_card(path)
    known = (card.get("gain_db"), bool(card.get("collapsed")), str(card.get("health", "")))
    return Trained(method.id, job.task, job.seed, path, new, *known)


def _check(method: Method, task: Task) -> None:
    if not method.network:
        raise TrainingStopped("a method with a network", f"{method.id}, which has none", "There is nothing to train.")
    if task not in method.tasks:
        raise TrainingStopped(f"one of {', '.join(method.tasks)} for {method.id}", f"'{task}'", "Choose one of them.")


def _check_weights(method: Method, job: TrainJob) -> None:
    known = distiller(method.distiller).known_readings() if method.distiller else {}
    reading = known.get(str(method.options.get("reading", "")))
    if reading is not None and reading.unbalanced and job.recipe_of(method).balance == 0:
        raise TrainingStopped(
            "a reading whose terms can be trained at their printed weights",
            f"'{reading.name}': {reading.unbalanced}",
            "Set the weights by share, as in --balance 0.2, or choose another reading.",
        )


def _is_stale(method: Method, job: TrainJob, data: TrainingData) -> bool:
    path = job.weights_path(method)
    differing = changes(path, origin(method, job, data.facts))
    if differing and differing != ["weights"]:
        logger.warning("%s %s is trained again: its %s changed", method.id, job.task, ", ".join(differing))
    return job.outputs.fresh or bool(differing)


def _train(job: TrainJob, data: TrainingData, settings: Settings) -> None:
    settings = replace(settings, resume=not job.outputs.fresh, title=job.title)
    teachers: Teachers = {}
    built = [build_objective(method, job, teachers) for method in job.methods]
    checks = _check_teachers(teachers, job, data, settings)
    members = []
    for method, (objective, teacher) in zip(job.methods, built, strict=True):
        facts = {"method": method.id, "task": str(job.task), "scale": str(job.scale), "data": data.facts}
        facts |= {"network": network_of(method, job.task, job.scale)}
        facts |= {"teacher": teacher.sha256} if teacher is not None else {}
        members.append(engine.Member(objective, job.run_folder(method), facts, method.id, job.recipe_of(method)))
    results = engine.train_together(members, data, job.recipe, settings)
    if distributed.rank_and_world()[0] == 0:
        for method, (objective, teacher), member, result in zip(job.methods, built, members, results, strict=True):
            if isinstance(result, TrainingStopped):
                continue
            form, costs = smallest_form(student_of(objective), result.state, data.validation)
            card = make_card(method, job, result, data.facts, teacher) | {"storage_cost_db": costs}
            if teacher is not None:
                card["teacher"] |= checks.get(method.teacher, {})
            files.write_weights(job.weights_path(method), result.state, card, form)
            (member.folder / "checkpoint.pt").unlink(missing_ok=True)
    _raise_failures(job.methods, results)


def _check_teachers(
    teachers: Teachers, job: TrainJob, data: TrainingData, settings: Settings
) -> dict[str, dict[str, float]]:
    """What the cards tell of the teachers, by method. Raises TrainingStopped for one that does not restore."""
    if not data.validation:
        return {}
    device = distributed.local_device(settings.device)
    return {
        name: check_teacher(f"{name} {job.task}", teacher, data.validation, device, job.outputs.force).told()
        for name, (teacher, _) in teachers.items()
    }


def _raise_failures(methods: Sequence[Method], results: Sequence[object]) -> None:
    failed = {m.id: r for m, r in zip(methods, results, strict=True) if isinstance(r, TrainingStopped)}
    if len(methods) == 1 and failed:
        raise next(iter(failed.values()))
    if failed:
        raise GroupStopped(failed, len(methods))
