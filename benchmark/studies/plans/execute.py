"""Doing what a plan asks for: teachers, the search for rates, matched budgets, the rows, and their cells."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.core.errors import SlkdBenchError, TrainingStopped
from benchmark.core.types import Task
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.find import get_method
from benchmark.methods.weights import files
from benchmark.runs.choose import choose_datasets
from benchmark.runs.execute import execute
from benchmark.runs.plan import make_plan
from benchmark.studies.plans import trainings as asked
from benchmark.studies.plans.health import gain
from benchmark.studies.plans.plan import Plan
from benchmark.studies.plans.times import StepTimes, kind, measured
from benchmark.studies.plans.trainings import Folder, Training
from benchmark.training.data.source import DataSource
from benchmark.training.settings import Settings
from benchmark.training.train import train

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyRun:
    """How a study is done here: settings of every training, processes at once, which part of it, and where data is from."""

    settings: Settings = Settings()
    processes: int = 1
    shard: tuple[int, int] = (1, 1)
    data: DataSource = DataSource()
    cluster: Any = ""

    def mine(self, trainings: Sequence[Training]) -> list[Training]:
        """The trainings of this shard: every n-th, so that long and short ones are spread."""
        first, count = self.shard
        return list(trainings)[first - 1 :: count]


@dataclass
class Outcome:
    """What a run of a study did: trainings by stage, those that stopped with the reason, and cells that failed."""

    trained: int = 0
    stopped: dict[str, str] = field(default_factory=dict)
    failed_cells: dict[str, str] = field(default_factory=dict)
    waiting: str = ""


def run_study(plan: Plan, folder: Folder, run: StudyRun) -> Outcome:
    """Trains what is missing of `plan` and computes the cells; a killed run goes on where it was.

    A stage begins when the one before is whole: with several shards, give the command again until nothing is waiting.
    Raises TrainingStopped where a teacher does not improve its input, and as the trainings do.
    """
    outcome = Outcome()
    stages: tuple[tuple[str, Callable[[], list[Training]]], ...] = (
        ("teachers", lambda: list(asked.teachers(plan, folder, run.data))),
        ("search", lambda: list(asked.search(plan, folder, run.data))),
        ("rows", lambda: list(asked.rows(plan, folder, run.data))),
    )
    for name, make in stages:
        if name == "rows":
            decide_rates(plan, folder, run.data)
            decide_steps(plan, folder, run)
        wanted = make()
        _train(run.mine([training for training in wanted if not training.done]), run, outcome)
        left = [t for t in wanted if not t.done and t.path.name not in outcome.stopped]
        if left:
            outcome.waiting = f"{len(left)} trainings of the stage '{name}', first {left[0].job.title}"
            return outcome
        if name == "teachers":
            _refuse_poor_teachers(plan, wanted)
    outcome.failed_cells = compute_cells(plan, folder, run)
    return outcome


def _train(wanted: Sequence[Training], run: StudyRun, outcome: Outcome) -> None:
    """Trains with a time between checkpoints of a minute; a training that stops is told and leaves the others to go on."""
    for start in range(0, len(wanted), max(1, run.processes)):
        group = wanted[start : start + max(1, run.processes)]
        try:
            train([training.job for training in group], run.settings, run.processes, run.cluster)
        except TrainingStopped as error:
            for training in group:
                if not training.done:
                    outcome.stopped[training.path.name] = str(error)
                    logger.warning("%s stopped: %s", training.job.title, error)
        outcome.trained += sum(training.done for training in group)


def _refuse_poor_teachers(plan: Plan, teachers: Sequence[Training]) -> None:
    if plan.health.teacher_gain <= 0:
        return
    for training in teachers:
        gained = gain(files.read_card(training.path))
        if gained is not None and gained < plan.health.teacher_gain:
            raise TrainingStopped(
                f"a teacher that gains at least {plan.health.teacher_gain:g} dB over its input",
                f"{training.job.title}: {gained:+.2f} dB on validation",
                "Give it more steps or another rate in the plan.",
            )


def decide_rates(plan: Plan, folder: Folder, data: DataSource) -> None:
    """Chooses each row's rate by the last validation PSNR of its search, the smaller of two equal ones; keeps old choices."""
    found: dict[str, dict[float, float]] = {}
    for training in asked.search(plan, folder, data):
        if training.done:
            place = f"{training.label}/{training.job.task}"
            found.setdefault(place, {})[training.job.recipe.lr] = last_psnr(files.read_card(training.path))
    if found:
        folder.decide("rates", {place: min(by, key=lambda lr: (-by[lr], lr)) for place, by in found.items()})


def last_psnr(card: dict[str, Any]) -> float:
    """The last validation PSNR in dB that a card tells; minus infinity where it has none."""
    curve = card.get("validation") or []
    return float(curve[-1][1]) if curve else float("-inf")


def decide_steps(plan: Plan, folder: Folder, run: StudyRun) -> None:
    """Measures how many steps of a row take the seconds of the row that it is matched with; keeps old measurements."""
    todo: dict[str, tuple[Training, Training]] = {}
    by_place = {f"{t.label}/{t.job.task}": t for t in asked.rows(plan, folder, run.data)}
    for row in plan.rows:
        for task in plan.tasks_of(row) if row.same_seconds_as else ():
            place = f"{row.label}/{task}"
            if place not in folder.decisions()["steps"]:
                todo[place] = (by_place[place], by_place[f"{row.same_seconds_as}/{task}"])
    if todo:
        times = measured([training for both in todo.values() for training in both], run.settings.device)
        folder.decide("steps", {place: _matched(*both, times) for place, both in todo.items()})


def _matched(own: Training, other: Training, times: StepTimes) -> float:
    seconds = times[kind(other.job)] * other.job.recipe.iterations
    return float(max(1, round(seconds / times[kind(own.job)])))


def test_sets(plan: Plan, task: Task) -> list[str]:
    """The test sets of a task: those that the plan names, or all of its scale."""
    names = plan.sets or [name for name in dataset_ids("test") if describe(name).scale == plan.scale]
    return [name for name in names if describe(name).task == task]


def compute_cells(plan: Plan, folder: Folder, run: StudyRun) -> dict[str, str]:
    """The cells of every finished training, and of the degraded input; returns those that failed with the reason."""
    before = os.environ.get("SLKD_BENCH_WEIGHTS")
    os.environ["SLKD_BENCH_WEIGHTS"] = str(folder.weights)
    failed: dict[str, str] = {}
    try:
        for task in plan.tasks:
            sets = choose_datasets(test_sets(plan, task), plan.scale)
            mine = [t for t in (*asked.teachers(plan, folder, run.data), *asked.rows(plan, folder, run.data)) if t.done]
            methods = {t.job.methods[0].id: t.job.methods[0] for t in mine if t.job.task == task}
            cells = make_plan([get_method("identity"), *methods.values()], sets, plan.scale, folder.results)
            failed |= execute(cells).failed
    finally:
        if before is None:
            del os.environ["SLKD_BENCH_WEIGHTS"]
        else:
            os.environ["SLKD_BENCH_WEIGHTS"] = before
    return failed


def parse_shard(text: str) -> tuple[int, int]:
    """`I/N` as numbers. Raises SlkdBenchError for anything else."""
    first, separator, count = text.partition("/")
    if not text:
        return 1, 1
    if not (separator and first.isdigit() and count.isdigit() and 1 <= int(first) <= int(count)):
        raise SlkdBenchError("--shard I/N with I from 1 to N", f"'{text}'", "Write it as --shard 1/4.")
    return int(first), int(count)
