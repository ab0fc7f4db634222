"""What a study found: means with intervals, effects against the reference row, rankings against budget, health and cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.core.errors import BadResult
from benchmark.core.types import Task
from benchmark.methods.weights import files
from benchmark.runs.cells import Cell, cell_path, read_cell
from benchmark.statistics.effect import FLOOR, SEED_SPREAD, Conclusion, Effect, conclude, effect
from benchmark.statistics.holm import holm
from benchmark.statistics.paired import ALPHA
from benchmark.studies.plans import trainings as asked
from benchmark.studies.plans.health import State, at_share, health
from benchmark.studies.plans.margins import Margin, margins
from benchmark.studies.plans.plan import Plan, Row
from benchmark.studies.plans.trainings import Folder, Training, test_sets
from benchmark.training.data.source import DataSource

SHARES = (0.25, 0.5, 1.0)
"""The parts of the budget at which the validation curves are compared."""


@dataclass(frozen=True)
class Mean:
    """The mean over seeds of a set's mean, with the half width of its 95 % t interval (NaN with one seed)."""

    value: float
    half: float
    seeds: int


@dataclass(frozen=True)
class RowReport:
    """A row on a task: means by set, validation PSNR at the shares of the budget, states of its runs, its cost.

    `steps` are of one run, `seconds` of all of them together; `rate` is the learning rate that was used.
    """

    label: str
    task: Task
    psnr: dict[str, Mean]
    ssim: dict[str, Mean]
    at_shares: tuple[Mean, ...]
    states: dict[State, int]
    rate: float
    steps: int
    seconds: float


@dataclass(frozen=True)
class Judged:
    """A row against the reference row on a set: the effect (row minus reference) and what may be concluded, after Holm."""

    label: str
    reference: str
    dataset: str
    metric: str
    effect: Effect
    conclusion: Conclusion


@dataclass(frozen=True)
class Report:
    """A whole study: rows, judged effects, what is missing of it, and the teachers: margins, and what was measured of them.

    `teachers` has by "METHOD/TASK/SEED" the validation PSNR, the gain over the input and the PSNR on clean images, in dB.
    """

    plan: Plan
    rows: tuple[RowReport, ...]
    judged: tuple[Judged, ...]
    missing: int
    margins: tuple[Margin, ...] = ()
    teachers: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def too_close(self) -> list[Margin]:
        """The teachers that are not better than a student by the plan's margin."""
        least = self.plan.health.teacher_margin
        return [one for one in self.margins if least > 0 and one.margin < least]

    def ranking(self, task: Task, share: int) -> list[tuple[str, Mean]]:
        """The rows of a task from best to worst at a share of the budget, by validation PSNR; rows without one are left out."""
        told = [(row.label, row.at_shares[share]) for row in self.rows if row.task == task]
        return sorted((pair for pair in told if pair[1].seeds), key=lambda pair: -pair[1].value)


def report(plan: Plan, folder: Folder) -> Report:
    """Reads what was trained and scored so far; nothing is computed."""
    wanted = list(asked.rows(plan, folder, DataSource()))
    done = [training for training in wanted if files.has_whole_weights(training.path)]
    rows = tuple(
        _row(plan, folder, row, task, [t for t in done if t.label == row.label and t.job.task == task])
        for row in plan.rows
        for task in plan.tasks_of(row)
    )
    missing = len(wanted) - len(done)
    return Report(
        plan, rows, tuple(_judged(plan, folder)), missing, tuple(margins(plan, folder)), folder.read("teachers")
    )


def _row(plan: Plan, folder: Folder, row: Row, task: Task, done: Sequence[Training]) -> RowReport:
    cards = [files.read_card(training.path) for training in done]
    cells = {name: _cells(plan, folder, row, name) for name in test_sets(plan, task)}
    shares = [[value for card in cards if (value := at_share(card, share)) is not None] for share in SHARES]
    return RowReport(
        label=row.label,
        task=task,
        psnr={name: _mean([cell.psnr for cell in found.values()]) for name, found in cells.items()},
        ssim={name: _mean([cell.ssim for cell in found.values()]) for name, found in cells.items()},
        at_shares=tuple(_mean(values) for values in shares),
        states=dict(Counter(health(card, plan.health).state for card in cards)),
        rate=float(cards[0]["recipe"]["lr"]) if cards else math.nan,
        steps=int(cards[0]["iterations"]) if cards else 0,
        seconds=math.fsum(card["seconds"] for card in cards),
    )


def _cells(plan: Plan, folder: Folder, row: Row, dataset: str) -> dict[int, Cell]:
    """The row's finished cells on a set by seed."""
    found: dict[int, Cell] = {}
    for seed in plan.seeds_of(row):
        path = cell_path(folder.results, row.resolved().id, dataset, plan.scale, seed)
        if path.is_file():
            cell = read_cell(path)
            if not cell.failures:
                found[seed] = cell
    return found


def _mean(values: Sequence[float]) -> Mean:
    from scipy.special import stdtrit

    count = len(values)
    if not count:
        return Mean(math.nan, math.nan, 0)
    mean = math.fsum(values) / count
    if count == 1:
        return Mean(mean, math.nan, 1)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    return Mean(mean, float(stdtrit(count - 1, 1 - ALPHA / 2)) * deviation / math.sqrt(count), count)


def _judged(plan: Plan, folder: Folder) -> list[Judged]:
    """Every row that is no demonstration against the reference, Holm's correction over the rows and sets of a metric."""
    if not plan.reference:
        return []
    reference = plan.row(plan.reference)
    found: list[Judged] = []
    for metric in ("psnr", "ssim"):
        effects: list[tuple[str, str, Effect]] = []
        for row in plan.rows:
            if row.label == plan.reference or row.demonstration:
                continue
            for dataset in (name for task in plan.tasks_of(row) for name in test_sets(plan, task)):
                differing = _effect(
                    _cells(plan, folder, reference, dataset), _cells(plan, folder, row, dataset), metric
                )
                if differing is not None:
                    effects.append((row.label, dataset, differing))
        chances = holm([one.chance for *_, one in effects])
        equals = holm([one.equal for *_, one in effects])
        for (label, dataset, one), chance, equal in zip(effects, chances, equals, strict=True):
            conclusion = conclude(one, chance, equal, FLOOR[metric])
            found.append(Judged(label, plan.reference, dataset, metric, one, conclusion))
    return found


def _effect(reference: dict[int, Cell], row: dict[int, Cell], metric: str) -> Effect | None:
    """Row minus reference over the seeds and images that both have; None without any."""
    seeds = sorted(reference.keys() & row.keys())
    if not seeds:
        return None
    names = [score.name for score in reference[seeds[0]].scores]
    scenes = [score.scene for score in reference[seeds[0]].scores]
    table = []
    for seed in seeds:
        a, b = ({s.name: getattr(s, metric) for s in cell.scores} for cell in (reference[seed], row[seed]))
        if a.keys() != b.keys() or a.keys() != set(names):
            raise BadResult(
                "cells of the same images", f"{row[seed].method} on {row[seed].dataset}", "Run the study again."
            )
        table.append([b[name] - a[name] for name in names])
    return effect(table, scenes, FLOOR[metric], SEED_SPREAD[metric])
