"""What is decided between the stages of a study: each row's rate, and the steps that take as long as another row's."""

from __future__ import annotations

import math
from typing import Any

from benchmark.methods.weights import files
from benchmark.studies.plans import trainings as asked
from benchmark.studies.plans.how import StudyRun
from benchmark.studies.plans.plan import Plan
from benchmark.studies.plans.times import StepTimes, kind, measured
from benchmark.studies.plans.trainings import Folder, Training
from benchmark.training.data.source import DataSource


def decide_rates(plan: Plan, folder: Folder, data: DataSource) -> None:
    """Chooses each row's rate by the last validation PSNR of its search, the smaller of two equal ones; keeps old choices.

    What each rate gave is recorded in `searched.json`: {"ROW/TASK": {"RATE": PSNR in dB}}.
    """
    found: dict[str, dict[float, float]] = {}
    for training in asked.search(plan, folder, data):
        if training.done:
            place = f"{training.label}/{training.job.task}"
            found.setdefault(place, {})[training.job.recipe.lr] = last_psnr(files.read_card(training.path))
    if found:
        told = {
            place: {f"{lr:g}": psnr for lr, psnr in by.items() if math.isfinite(psnr)} for place, by in found.items()
        }
        folder.write("searched", told | folder.read("searched"))
        folder.decide("rates", {place: min(by, key=lambda lr: (-by[lr], lr)) for place, by in found.items()})


def last_psnr(card: dict[str, Any]) -> float:
    """The last validation PSNR in dB that a card tells; minus infinity where it has none."""
    curve = card.get("validation") or []
    return float(curve[-1][1]) if curve else float("-inf")


def decide_steps(plan: Plan, folder: Folder, run: StudyRun) -> None:
    """Measures how many steps of a row take the seconds of the row that it is matched with; keeps old measurements."""
    by_place = {f"{t.label}/{t.job.task}": t for t in asked.rows(plan, folder, run.data)}
    todo = {place: (by_place[place], by_place[other]) for place, other in undecided(plan, folder).items()}
    if todo:
        times = measured([training for both in todo.values() for training in both], run.settings.device)
        folder.decide("steps", {place: _matched(*both, times) for place, both in todo.items()})


def undecided(plan: Plan, folder: Folder) -> dict[str, str]:
    """The "ROW/TASK" whose steps are not measured yet, each with the one that it is matched with."""
    known = folder.decisions()["steps"]
    return {
        place: f"{row.same_seconds_as}/{task}"
        for row in plan.rows
        if row.same_seconds_as
        for task in plan.tasks_of(row)
        if (place := f"{row.label}/{task}") not in known
    }


def _matched(own: Training, other: Training, times: StepTimes) -> float:
    seconds = times[kind(other.job)] * other.job.recipe.iterations
    return float(max(1, round(seconds / times[kind(own.job)])))
