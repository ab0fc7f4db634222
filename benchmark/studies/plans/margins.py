"""How much better the teachers of a study are than the students that learnt from them, on every test set."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.core.types import Task
from benchmark.methods.find import get_method
from benchmark.runs.cells import cell_path, read_cell
from benchmark.studies.plans import trainings as asked
from benchmark.studies.plans.plan import Plan
from benchmark.studies.plans.trainings import Folder, Training, test_sets
from benchmark.training.data.source import DataSource


@dataclass(frozen=True)
class Margin:
    """A teacher and the best of its students on a test set, PSNR in dB."""

    teacher: str
    seed: int
    task: Task
    dataset: str
    psnr: float
    best: str
    best_psnr: float

    @property
    def margin(self) -> float:
        """What the teacher is better by."""
        return self.psnr - self.best_psnr

    def __str__(self) -> str:
        return (
            f"{self.teacher} (seed {self.seed}) on {self.dataset}: {self.psnr:.2f} dB, {self.margin:+.2f} dB over "
            f"{self.best} ({self.best_psnr:.2f} dB)"
        )


def margins(plan: Plan, folder: Folder) -> list[Margin]:
    """By teacher, its seed and test set the margin over its best student; those that were scored so far.

    A control without a teacher counts as a student of the one of its row's seed.
    """
    best: dict[tuple[str, int, Task, str], tuple[float, str]] = {}
    for training in asked.rows(plan, folder, DataSource()):
        method = training.job.methods[0]
        if not method.teacher:
            continue
        for dataset in test_sets(plan, training.job.task):
            own = _psnr(plan, folder, (method.id, dataset, training.job.seed))
            place = (method.teacher, training.job.teacher_seed, training.job.task, dataset)
            if own is not None and (place not in best or own > best[place][0]):
                best[place] = own, _told(training)
    found = []
    for (teacher, seed, task, dataset), (psnr, student) in best.items():
        theirs = _psnr(plan, folder, (get_method(teacher).id, dataset, seed))
        if theirs is not None:
            found.append(Margin(teacher, seed, task, dataset, theirs, student, psnr))
    return found


def too_close(plan: Plan, folder: Folder) -> list[str]:
    """The teachers that are not better than a student by the plan's margin, in words."""
    least = plan.health.teacher_margin
    return [str(one) for one in margins(plan, folder) if least > 0 and one.margin < least]


def _told(training: Training) -> str:
    return f"{training.label}, seed {training.job.seed}"


def _psnr(plan: Plan, folder: Folder, cell: tuple[str, str, int]) -> float | None:
    """The PSNR of a cell (method, data set, seed), where it is whole."""
    method, dataset, seed = cell
    path = cell_path(folder.results, method, dataset, plan.scale, seed)
    if not path.is_file():
        return None
    found = read_cell(path)
    return None if found.failures else found.psnr
