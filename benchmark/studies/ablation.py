"""Ablations of SLKD as data: Table IV's rows and what lies beyond, trained alike and compared with the row they vary.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import GroupStopped, SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.runs.choose import choose_datasets
from benchmark.runs.execute import execute
from benchmark.runs.plan import make_plan
from benchmark.statistics.compare import compare
from benchmark.training.data.source import DataSource
from benchmark.training.job import Outputs, Selection, TrainJob, jobs_of
from benchmark.training.recipe import RecipeOverrides
from benchmark.training.settings import Settings
from benchmark.training.train import train
from slkd.readings import READINGS, RECOMMENDED

if TYPE_CHECKING:
    from benchmark.statistics.compare import Comparison

ALPHA1 = (0.0, 0.05, 0.5, 5.0)
ALPHA2 = (0.0, 0.01, 0.1, 1.0)
PAPER_ALPHAS = (0.5, 0.1)


@dataclass(frozen=True)
class Axis:
    """One question: `changes` are the variants' options as `benchmark.methods.variants` writes them, or ids of whole rows."""

    name: str
    question: str
    changes: tuple[str, ...]


def axes() -> dict[str, Axis]:
    """Every axis by name."""

    own = [name for name, reading in READINGS.items() if reading.extractors == "statistics" and not reading.unfit]
    readings = tuple(f"reading={name}" for name in own if name != RECOMMENDED.name)
    grid = tuple(f"alpha1={a:g},alpha2={b:g}" for a in ALPHA1 for b in ALPHA2 if (a, b) != PAPER_ALPHAS)
    rows = (
        Axis("table-iv", "Table IV: the decoder's source, and what L_NC and L_ET add", _TABLE_IV),
        Axis(
            "controls",
            "Table IV's first rows with plain features instead of none; extractors of random filters",
            _CONTROLS,
        ),
        Axis("pixel", "Equation 5 against Teacher B's output, or against the clean image", ("pixel_target=clean",)),
        Axis("alpha", "Equation 6: a grid around the paper's weights .5 and .1", grid),
        Axis("readings", "what the paper leaves open: every reading against the recommended one", readings),
    )
    return {axis.name: axis for axis in rows}


_CONTROLS = ("decoder_source=degraded,reading=features", "reading=features", "reading=random")
_TABLE_IV = ("rainy", "clean", "nc", "et")  # rows of `benchmark.methods`, which the paper has for Res-SL alone


def variants(base: Method, axis: Axis) -> list[Method]:
    """The methods of `axis` around `base`, an SLKD row. Raises BadMethod for a row of another distiller."""
    found = []
    for change in axis.changes:
        if change not in _TABLE_IV:
            found.append(get_method(f"{base.id}@{change}"))
            continue
        row = get_method(f"res-sl-ablation-{change}")
        if base.network != row.network:  # other families get the same row
            own, title = f"{base.network}-ablation-{change}", f"{base.title}, {change}"
            row = replace(base, id=own, title=title, kind=row.kind, options=row.options)
        found.append(row)
    return found


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
    """The axes called so, Table IV's and the pixel target's when none is named. Raises UnknownName."""
    known = axes()
    for name in names:
        if name not in known:
            raise UnknownName("axis of ablation", name, known)
    return [known[name] for name in names or ("table-iv", "pixel")]
