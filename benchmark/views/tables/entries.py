"""What stands in one cell of a table, by the kind of its column."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean

from benchmark.costs.records import Complexity
from benchmark.methods.method import Method
from benchmark.methods.networks import arguments
from benchmark.statistics import gap_closed, spread
from benchmark.views.tables.parts import NO_GAP, NOT_ITS_TASK, NOT_MEASURED, NOT_RUN, UNLIKE, Entry, Part
from benchmark.views.tables.results import Results
from benchmark.views.tables.specs import Column, dataset_id

_TASK = {"rain1400": "deraining", "test1200": "deraining", "gopro": "deblurring", "hide": "deblurring"}


def make_entry(method: Method, column: Column, results: Results, spread_too: bool = False) -> Entry:
    """The entry of `method` in `column`; with `spread_too`, scores of several seeds carry their standard deviation."""
    if column.kind == "quality":
        return _quality(method, column, results, spread_too)
    return _ENTRIES[column.kind](method, column, results)


def _quality(method: Method, column: Column, results: Results, spread_too: bool) -> Entry:
    dataset = dataset_id(column, results.scale)
    images = results.images(method.id, dataset)
    if not images:
        return _absent(method, column)
    psnr, ssim = fmean(s.psnr for s in images.values()), fmean(s.ssim for s in images.values())
    parts = (Part(psnr, f"{psnr:.2f}" if math.isfinite(psnr) else "inf"), Part(ssim, f"{ssim:.3f}"))
    cells = results.cells[method.id, dataset]
    if not spread_too or len(cells) < 2:
        return Entry(parts)
    by_seed = [[score for score in cell.scores if score.name in images] for cell in cells]
    deviations = (
        spread([fmean(s.psnr for s in scores) for scores in by_seed]).deviation,
        spread([fmean(s.ssim for s in scores) for scores in by_seed]).deviation,
    )
    return Entry(
        tuple(
            Part(part.value, part.text, after=f"±{d:.{digits}f}", details=(("sd", d),)) if math.isfinite(d) else part
            for part, d, digits in zip(parts, deviations, (2, 3), strict=True)
        )
    )


def _absent(method: Method, column: Column) -> Entry:
    return Entry(note=NOT_RUN if _TASK.get(column.dataset, "denoising") in method.tasks else NOT_ITS_TASK)


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


def _complexity(method: Method, results: Results) -> Complexity | None:
    tasks = [str(task) for task in method.tasks]
    return next(
        (results.complexity[method.network, t] for t in tasks if (method.network, t) in results.complexity), None
    )


def _gmacs(method: Method, column: Column, results: Results) -> Entry:
    found = _complexity(method, results)
    if found is None:
        return Entry(note=NOT_MEASURED)
    return Entry((Part(found.gmacs, f"{found.gmacs:.1f}G" if found.gmacs >= 10 else f"{found.gmacs:.2f}G", True),))


def _parameters(method: Method, column: Column, results: Results) -> Entry:
    found = _complexity(method, results)
    if found is None:
        return Entry(note=NOT_MEASURED)
    millions = found.parameters / 1e6
    return Entry((Part(millions, f"{millions:.1f}M" if millions >= 1 else f"{millions:.3f}M", True),))


def _latency(method: Method, column: Column, results: Results) -> Entry:
    tasks = [str(task) for task in method.tasks]
    found = next((results.latency[method.network, t] for t in tasks if (method.network, t) in results.latency), None)
    if found is None:
        return Entry(note=NOT_MEASURED)
    return Entry((Part(found.median_ms, f"{found.median_ms / 1e3:.4f}s", True),))


def _argument(*names: str) -> Callable[[Method, Column, Results], Entry]:
    def entry(method: Method, column: Column, results: Results) -> Entry:

        chosen = arguments(method.network, results.scale)
        value = next(chosen[name] for name in names if name in chosen)
        if isinstance(value, tuple):  # encoder and bottleneck, as Table I prints them
            value = value[: len(value) // 2 if len(value) > 5 else len(value)]
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        return Entry((Part(math.nan, text),))

    return entry


_ENTRIES: dict[str, Callable[[Method, Column, Results], Entry]] = {
    "gap": _gap,
    "gmacs": _gmacs,
    "parameters": _parameters,
    "latency": _latency,
    "levels": _argument("blocks", "depths"),
    "width": _argument("width"),
}
