"""Doing what a plan asks for: what comes first, teachers, the search for rates, matched budgets, the rows, their cells."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.core.errors import AskedToStop, GroupStopped, SlkdBenchError, TrainingStopped
from benchmark.core.types import Task
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.runs.choose import choose_datasets
from benchmark.runs.execute import execute
from benchmark.runs.options import RunOptions
from benchmark.runs.plan import make_plan
from benchmark.studies.plans import trainings as asked
from benchmark.studies.plans.beforehand import check_printed, import_teachers, measure_teachers, verify_data
from benchmark.studies.plans.decide import decide_rates, decide_steps, undecided
from benchmark.studies.plans.how import StudyRun
from benchmark.studies.plans.margins import too_close
from benchmark.studies.plans.plan import Plan
from benchmark.studies.plans.trainings import Folder, Training, joined, test_sets, weights_of
from benchmark.training.train import train

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What a run of a study did.

    Trainings that were done and those that stopped with the reason, cells that failed, teachers that are not better than
    their students by the plan's margin, and what the study waits for where it is not whole.
    """

    trained: int = 0
    stopped: dict[str, str] = field(default_factory=dict)
    failed_cells: dict[str, str] = field(default_factory=dict)
    poor_teachers: list[str] = field(default_factory=list)
    waiting: str = ""

    @property
    def whole(self) -> bool:
        """Whether all was done and nothing failed."""
        return not (self.stopped or self.failed_cells or self.poor_teachers or self.waiting)


def run_study(plan: Plan, folder: Folder, run: StudyRun) -> Outcome:
    """Trains what is missing of `plan` and computes the cells; a killed run goes on where it was.

    A stage begins when the one before is whole: with several shards, give the command again until nothing is waiting.
    Raises BadData for data that is not whole, BadWeights and BadResult for imported weights that are not what their
    authors print, TrainingStopped where a teacher does not improve its input, and as the trainings do.
    """
    outcome = Outcome()
    verify_data(plan, folder, run)
    import_teachers(plan, folder, run)
    check_printed(plan, folder, lambda methods, task, sets: compute(plan, folder, run, (methods, task, sets)))
    if not _stage(list(asked.teachers(plan, folder, run.data)), run, outcome):
        return outcome
    measure_teachers(plan, folder, run)
    if not _stage(list(asked.search(plan, folder, run.data)), run, outcome):
        return outcome
    decide_rates(plan, folder, run.data)
    if run.shard[0] == 1:
        decide_steps(plan, folder, run)
    unknown = undecided(plan, folder)
    if not _stage(list(asked.rows(plan, folder, run.data)), run, outcome, tuple(unknown)):
        return outcome
    if unknown:
        outcome.waiting = f"the steps of {', '.join(unknown)}, which shard 1 decides"
        return outcome
    outcome.failed_cells = compute_cells(plan, folder, run)
    outcome.poor_teachers = too_close(plan, folder)
    return outcome


def _stage(wanted: Sequence[Training], run: StudyRun, outcome: Outcome, unknown: Sequence[str] = ()) -> bool:
    """Trains this shard's part of a stage but for the `unknown` "ROW/TASK"; whether all that is known is done or stopped."""
    known = [training for training in wanted if f"{training.label}/{training.job.task}" not in unknown]
    groups = [[t for t in group if t in known and not t.done] for group in run.mine(wanted)]
    groups = [group for group in groups if group]
    if groups:
        stopped: dict[str, TrainingStopped] = {}
        jobs = [joined(group) for group in groups]
        try:
            train(jobs, run.settings, run.processes, run.cluster)
        except AskedToStop:
            raise
        except GroupStopped as error:
            stopped = error.failures
        except TrainingStopped as error:
            stopped = {jobs[0].title: error}
        for training, job in ((t, job) for group, job in zip(groups, jobs, strict=True) for t in group):
            if training.done:
                outcome.trained += 1
                continue
            names = (training.job.title, training.job.methods[0].id, job.title)
            why = next((stopped[name] for name in names if name in stopped), "its weights are not there")
            outcome.stopped[training.path.name] = str(why)
            logger.warning("%s stopped: %s", training.job.title, why)
    left = [t for t in known if not t.done and t.path.name not in outcome.stopped]
    if left:
        outcome.waiting = f"{len(left)} trainings of the stage '{left[0].stage}', first {left[0].job.title}"
    stopped_teacher = any(not t.done and t.stage == "teachers" for t in wanted)
    return not left and not stopped_teacher


def compute_cells(plan: Plan, folder: Folder, run: StudyRun) -> dict[str, str]:
    """The cells of every finished training and imported teacher, and of the input; returns those that failed with why."""
    failed: dict[str, str] = {}
    done = [t for t in (*asked.teachers(plan, folder, run.data), *asked.rows(plan, folder, run.data)) if t.done]
    for task in plan.tasks:
        methods: dict[Method, set[int]] = {get_method("identity"): {0}}
        for entry in plan.imported:
            if entry.task is task:
                methods[get_method(entry.method)] = {0}
        for training in done:
            if training.job.task is task:
                methods.setdefault(training.job.methods[0], set()).add(training.job.seed)
        failed |= compute(plan, folder, run, (methods, task, test_sets(plan, task)))
    return failed


def compute(
    plan: Plan, folder: Folder, run: StudyRun, wanted: tuple[dict[Method, set[int]], Task, list[str]]
) -> dict[str, str]:
    """The cells of methods by their seeds on the sets of a task; returns those that failed with the reason."""
    methods, _, names = wanted
    if not names:
        return {}
    failed: dict[str, str] = {}
    sets = choose_datasets(names, plan.scale)
    options = RunOptions(device=run.settings.device)
    with weights_of(folder):
        for method, seeds in methods.items():
            cells = make_plan([method], sets, plan.scale, folder.results, seeds=seeds, options=options)
            failed |= cells.missing | execute(cells).failed
    return failed


def parse_shard(text: str) -> tuple[int, int]:
    """`I/N` as numbers. Raises SlkdBenchError for anything else."""
    first, separator, count = text.partition("/")
    if not text:
        return 1, 1
    if not (separator and first.isdigit() and count.isdigit() and 1 <= int(first) <= int(count)):
        raise SlkdBenchError("--shard I/N with I from 1 to N", f"'{text}'", "Write it as --shard 1/4.")
    return int(first), int(count)
