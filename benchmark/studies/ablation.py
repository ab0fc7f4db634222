"""Ablations of a paper's own distiller, as its `methods.toml` asks them: trained alike and compared with the row they vary.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import BadMethod, GroupStopped, SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.distillers import distiller
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.papers.model import Axis
from benchmark.papers.read import get_paper
from benchmark.runs.choose import choose_datasets
from benchmark.runs.execute import execute
from benchmark.runs.plan import make_plan
from benchmark.statistics.compare import compare
from benchmark.training.data.source import DataSource
from benchmark.training.job import Outputs, Selection, TrainJob, jobs_of
from benchmark.training.recipe import RecipeOverrides
from benchmark.training.settings import Settings
from benchmark.training.train import train

if TYPE_CHECKING:
    from benchmark.statistics.compare import Comparison


def axes(paper: str = "") -> dict[str, Axis]:
    """Every axis of a paper by name. Raises UnknownName for the paper."""
    return {axis.name: axis for axis in get_paper(paper).methods.axis}


def default_row(paper: str = "") -> str:
    """The row that is varied where none is named: the first student of a paper, trained by the paper's own distiller."""
    for family in get_paper(paper).methods.family:
        if family.own:
            return f"{family.student}-{family.own}"
    raise BadMethod("a row to vary", "none that the paper calls its own", "Name one with --method.")


def variants(base: Method, axis: Axis) -> list[Method]:
    """The methods of `axis` around `base`. Raises BadMethod for a row without options, UnknownName for one without these."""
    rows = [_alike(base, get_method(name)) for name in axis.rows]
    return rows + [get_method(f"{base.id}@{change}") for change in (*axis.changes, *_combinations(base, axis))]


def _alike(base: Method, row: Method) -> Method:
    """The ablation `row`, of `base` where that is of another student."""
    if base.network == row.network:
        return row
    name = row.id.removeprefix(f"{row.network}-")
    title = f"{base.title}, {name.removeprefix('ablation-')}"
    return replace(base, id=f"{base.network}-{name}", title=title, kind=row.kind, options=row.options)


def _combinations(base: Method, axis: Axis) -> Iterator[str]:
    """The changes of an axis's grid but the one that is as declared."""
    declared = distiller(base.distiller).options if axis.grid else {}
    for values in product(*axis.grid.values()) if axis.grid else ():
        chosen = dict(zip(axis.grid, values, strict=True))
        if any(declared.get(name) != value for name, value in chosen.items()):
            yield ",".join(f"{name}={_text(value)}" for name, value in chosen.items())


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class AblationRow:
    """One variant: its comparisons with the base by data set (variant minus base), or why it stopped."""

    method: Method
    comparisons: tuple[Comparison, ...] = ()
    stopped: str = ""


@dataclass(frozen=True)
class Study:
    """How the variants are trained, alike, and where their scores go; weights go to the user's own folder."""

    task: Task
    scale: Scale = Scale.MINI
    seeds: tuple[int, ...] = (0,)
    out: Path = Path("runs")
    overrides: RecipeOverrides = RecipeOverrides()
    data: DataSource = DataSource()
    outputs: Outputs = Outputs()
    settings: Settings = Settings()

    def jobs(self, methods: Sequence[Method], seed: int) -> list[TrainJob]:
        """One job in which all methods train side by side."""
        selection = Selection(scale=self.scale, seed=(seed,), together=True)
        return jobs_of([(m, self.task) for m in methods], selection, self.overrides, self.data, self.outputs)


def ablate(base: Method, chosen: Sequence[Axis], study: Study) -> dict[str, list[AblationRow]]:
    """Train what is missing of `base` and the variants of the axes side by side, score them, and compare image by image.

    A variant whose loss is not a number has no result: its row says why.
    """
    task, scale, out = study.task, study.scale, study.out

    by_axis = {axis.name: variants(base, axis) for axis in chosen}
    methods = {m.id: m for found in by_axis.values() for m in found}
    methods = {base.id: base} | methods
    stopped: dict[str, str] = {}
    for seed in study.seeds:
        try:
            train(study.jobs(list(methods.values()), seed), study.settings)
        except GroupStopped as group:
            stopped |= {id: f"{failure.found}" for id, failure in group.failures.items()}
    if base.id in stopped:
        raise SlkdBenchError(f"{base.id} to train", stopped[base.id], "Look at its terms with `slkd-bench inspect`.")
    score(list(methods.values()), task, scale, study.seeds, out)
    rows: dict[str, list[AblationRow]] = {}
    for name, found in by_axis.items():
        rows[name] = [
            AblationRow(m, stopped=stopped[m.id])
            if m.id in stopped
            else AblationRow(m, tuple(c for c in compare(base.id, m.id, out, scale) if c.dataset in _sets(task, scale)))
            for m in found
        ]
    return rows


def _sets(task: Task, scale: Scale) -> list[str]:

    return [id for id in dataset_ids("test") if describe(id).scale == scale and describe(id).task == task]


def score(methods: Sequence[Method], task: Task, scale: Scale, seeds: Sequence[int], out: Path) -> None:
    """The cells of `methods` on the task's data sets that are on this machine, those that are not done yet."""

    datasets = [d for d in choose_datasets([], scale) if d.task == task]
    summary = execute(make_plan(methods, datasets, scale, out, seeds=seeds))
    if summary.failed:
        what, why = next(iter(summary.failed.items()))
        raise SlkdBenchError("every variant to be scored", f"{what}: {why}", "Give the same command again.")


def chosen_axes(names: Sequence[str]) -> list[Axis]:
    """The axes called so, those that come first when none is named. Raises UnknownName."""
    known = axes()
    for name in names:
        if name not in known:
            raise UnknownName("axis of ablation", name, known)
    return [known[name] for name in names or [name for name, axis in known.items() if axis.first]]
