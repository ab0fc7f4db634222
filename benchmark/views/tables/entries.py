"""What stands in one cell of a table, by the kind of its column."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean
from typing import Any

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.numbers import decimal, gigas, millions
from benchmark.core.types import Task
from benchmark.costs.records import record_of
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.method import Method
from benchmark.methods.networks import arguments
from benchmark.runs.cells import ImageScore
from benchmark.statistics import gap_closed, spread
from benchmark.views.tables.parts import NO_GAP, NOT_ITS_TASK, NOT_MEASURED, NOT_RUN, UNLIKE, Entry, Part
from benchmark.views.tables.results import Results
from benchmark.views.tables.specs import COSTS, LOWER_IS_BETTER, Column, dataset_id

_DIGITS = {"psnr": 2, "ssim": 3}


def make_entry(method: Method, column: Column, results: Results, spread_too: bool = False) -> Entry:
    """The entry of `method` in `column`; with `spread_too`, scores of several seeds carry their standard deviation."""
    if column.measures:
        return _scores(method, column, results, spread_too)
    return _ENTRIES[column.kind](method, column, results)


def metrics_of(column: Column) -> tuple[str, ...]:
    """The metrics that stand in a column of a data set."""
    return ("psnr", "ssim") if column.kind == "quality" else (column.kind,)


def value_of(score: ImageScore, metric: str) -> float:
    """A metric of one image: PSNR in dB, SSIM, or a further one by its name; NaN where it was not computed."""
    return getattr(score, metric) if metric in _DIGITS else score.extra.get(metric, math.nan)


def _scores(method: Method, column: Column, results: Results, spread_too: bool) -> Entry:
    dataset = dataset_id(column, results.scale)
    images = results.images(method.id, dataset)
    if not images:
        return _absent(method, column)
    parts = tuple(_part(metric, [value_of(s, metric) for s in images.values()]) for metric in metrics_of(column))
    if all(math.isnan(part.value) for part in parts):
        return Entry(note=NOT_MEASURED)
    cells = results.cells[method.id, dataset]
    if not spread_too or len(cells) < 2:
        return Entry(parts)
    by_seed = [[score for score in cell.scores if score.name in images] for cell in cells]
    return Entry(tuple(_with_spread(part, by_seed) for part in parts))


def _part(metric: str, values: list[float]) -> Part:
    mean = fmean(values) if not any(map(math.isnan, values)) else math.nan
    text = f"{mean:.{_DIGITS.get(metric, 4)}f}" if math.isfinite(mean) else "inf" if mean > 0 else "–"
    return Part(mean, text, metric in LOWER_IS_BETTER, metric=metric)


def _with_spread(part: Part, by_seed: list[list[ImageScore]]) -> Part:
    found = spread([fmean(value_of(s, part.metric) for s in scores) for scores in by_seed]).deviation
    if not math.isfinite(found):
        return part
    after = f"±{found:.{_DIGITS.get(part.metric, 4)}f}"
    return Part(part.value, part.text, part.lower_is_better, after=after, details=(("sd", found),), metric=part.metric)


def task_of(dataset: str) -> Task | None:
    """The task of a data set as its passport says; None for a set without one."""
    return describe(dataset).task if dataset in dataset_ids() else None


def _absent(method: Method, column: Column) -> Entry:
    task = task_of(column.dataset)
    return Entry(note=NOT_RUN if task is None or task in method.tasks else NOT_ITS_TASK)


def _gap(method: Method, column: Column, results: Results) -> Entry:
    dataset = dataset_id(column, results.scale)
    ids = method.id, method.id.removesuffix(method.distiller) + "scratch", method.teacher
    three = [results.images(id, dataset) for id in ids]
    names = [name for name in three[0] if all(name in t and math.isfinite(t[name].psnr) for t in three)]
    if not names:
        return _absent(method, column)
    if len(set().union(*(results.basis(id, dataset) for id in ids))) > 1:
        return Entry(note=UNLIKE)
    student, scratch, teacher = ([images[name].psnr for name in names] for images in three)
    found = gap_closed(student, scratch, teacher, [three[0][name].scene or name for name in names])
    if not found.defined:
        return Entry(note=NO_GAP)
    ends = (("low", found.low), ("high", found.high))
    after = f" [{_whole(found.low)},{_whole(found.high)}]"
    return Entry((Part(found.percent, _whole(found.percent), after=after, details=ends),))


def _whole(percent: float) -> str:
    return str(round(percent)) if math.isfinite(percent) else str(percent)


def _cost(column: Column, method: Method, results: Results) -> float | None:
    if column.kind in ("latency", "ms"):
        timed = record_of(results.latency, method.network or method.id, method.tasks)
        return timed.median_ms if timed else None
    counted = record_of(results.complexity, method.network or method.id, method.tasks)
    if counted is None:
        return None
    return counted.gmacs if column.kind == "gmacs" else counted.parameters / 1e6


_PRINTED: dict[str, Callable[[float], str]] = {
    "gmacs": gigas,
    "parameters": millions,
    "latency": lambda value: f"{decimal(value / 1e3, 4)}s",
    "ms": lambda value: decimal(value, 1),
}


def _priced(method: Method, column: Column, results: Results) -> Entry:
    value = _cost(column, method, results)
    return Entry(note=NOT_MEASURED) if value is None else Entry((Part(value, _PRINTED[column.kind](value), True),))


def _argument(*names: str) -> Callable[[Method, Column, Results], Entry]:
    def entry(method: Method, column: Column, results: Results) -> Entry:
        chosen = _arguments(method, results)
        value = next((chosen[name] for name in names if name in chosen), None)
        if value is None:
            return Entry(note=NOT_MEASURED)
        if isinstance(value, tuple):  # encoder and bottleneck, as papers print them
            value = value[: len(value) // 2 if len(value) > 5 else len(value)]
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        return Entry((Part(math.nan, text),))

    return entry


def _arguments(method: Method, results: Results) -> dict[str, Any]:
    try:
        return arguments(method.network, results.scale)
    except (UnknownName, BadMethod):  # a network from outside, or without this scale
        return {}


_ENTRIES: dict[str, Callable[[Method, Column, Results], Entry]] = {
    "gap": _gap,
    "levels": _argument("blocks", "depths"),
    "width": _argument("width"),
    "printed": lambda method, column, results: Entry(note=NOT_MEASURED),
    **dict.fromkeys(_PRINTED, _priced),
}
assert set(COSTS) <= set(_ENTRIES)
