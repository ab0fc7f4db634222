"""The figures that every paper has, from files alone: quality against cost, and training curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import BadResult, BadWeights
from benchmark.core.types import Scale
from benchmark.datasets import describe, resolve
from benchmark.datasets.passport import tasks as all_tasks
from benchmark.papers.read import get_paper
from benchmark.protocols import without_protocol
from benchmark.runs.cells import FOLDERS
from benchmark.views.figures import convergence_plot, pareto_plot
from benchmark.views.figures.convergence import read_curves
from benchmark.views.figures.pareto import COSTS, is_network, mean_psnr, points
from benchmark.views.figures.pareto_plot import TaskPanels
from benchmark.views.figures.request import Request, methods_of, scale_line
from benchmark.views.tables.grid import read_results
from benchmark.views.tables.specs import dataset_id, quality_columns, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.views.tables.grid import Results


def pareto_figure(request: Request) -> tuple[Figure, list[str]]:
    """Quality against cost, from files alone, and notes of what is left out. Raises BadResult where there is nothing."""
    results = read_results(request.out, request.scale, request.card)
    paper = get_paper(request.paper)
    methods = methods_of(request, rows_of(paper.id, paper.figures.pareto))
    measured = folders_of(results)
    by_task: dict[str, list[str]] = {}
    for name in request.datasets or [dataset_id(column, request.scale) for column in quality_columns(paper.id)]:
        folders = [one for one in measured if one == name or without_protocol(one) == Path(name).name]
        for known in folders or [resolve(name, request.scale)]:
            task = measured[known] if folders else str(describe(known).task)
            by_task.setdefault(task, []).append(known)
    panels, notes = [], list(results.broken)
    for task, sets in by_task.items():
        titles = ", ".join(without_protocol(one) if one in measured else _title(one) for one in sets)
        found = {cost: points(results, methods, sets, task, cost) for cost in COSTS}
        if not any(found.values()):
            notes.append(f"no method with results on all of {', '.join(sets)}, and costs")
            continue
        title = f"{f'{task.capitalize()}: ' if task else ''}{titles}{' (mean)' if len(sets) > 1 else ''}"
        panels.append(TaskPanels(title, found, mean_psnr(results, "identity", sets), {m.id: m for m in methods}))
        lacking = [
            m.title
            for m in methods
            if is_network(m) and (not task or task in m.tasks) and mean_psnr(results, m.id, sets) is None
        ]
        notes += [f"no results on all sets of {task}, left out: {', '.join(lacking)}"] if lacking else []
    if not panels:
        raise BadResult(
            f"result files below {request.out / 'cells' / request.scale} and recorded costs",
            "no method with both",
            f"Run `slkd-bench run --all --scale {request.scale} --out {request.out}` and `slkd-bench profile --all --save`.",
        )
    if not any(panel.points["latency"] for panel in panels):
        command = f"slkd-bench profile --all --scale {request.scale} --device cpu --save"
        notes.append(f"no times are recorded at scale {request.scale}, so their panels are left out: `{command}`")
    return pareto_plot.draw(
        panels, _pareto_caption(panels, results, request.scale), paper.figures, request.columns
    ), notes


def _pareto_caption(panels: Sequence[TaskPanels], results: Results, scale: Scale) -> str:
    sizes = "/".join(f"{s} x {s}" for s in sorted({c.size for c in results.complexity.values()}))
    text = ["PSNR against cost.", scale_line(scale), f"GMACs: of a {sizes} image."]
    if any(panel.points["latency"] for panel in panels):
        text.append(f"Time: {results.device}.")
    text.append("PSNR: mean over images and seeds. Named and outlined: the front.")
    inputs = [f"{p.title.partition(':')[0].lower()} {p.degraded:.2f}" for p in panels if p.degraded is not None]
    if inputs:
        text.append(f"Degraded input: {', '.join(inputs)} dB.")
    worse = [f"{p.title.partition(':')[0].lower()}: {', '.join(p.worse())}" for p in panels if p.worse()]
    if worse:
        text.append(f"Below the degraded input, not drawn: {'; '.join(worse)}.")
    return " ".join(text)


def convergence_figure(request: Request) -> tuple[Figure, list[str]]:
    """Training curves, from files alone, and notes of what is left out. Raises BadWeights where there is nothing."""
    paper = get_paper(request.paper)
    methods = methods_of(request, rows_of(paper.id, paper.figures.convergence))
    sets = [describe(resolve(name, request.scale)) for name in request.datasets]
    tasks = list(dict.fromkeys(one.task for one in sets)) or list(all_tasks())
    curves = read_curves(methods, tasks, request.scale, request.training)
    if not curves:
        raise BadWeights(
            f"validation curves at scale {request.scale} of {', '.join(m.id for m in methods)}",
            f"no card of weights and no log below {request.training}",
            f"Run `slkd-bench train METHOD --scale {request.scale}`, or choose others with --method.",
        )
    titles = {m.id: m.title for m in methods}
    text = ["Validation PSNR while training.", scale_line(request.scale)]
    text.append("Mean over all channels of pairs that are neither trained on nor test pairs.")
    if any(len(curve.series) > 1 for curve in curves):
        text.append("Line: mean of the seeds; band: from the least to the greatest.")
    seeds = sorted({seed for curve in curves for seed in curve.series})
    text.append(f"Training seed{'s' if len(seeds) > 1 else ''}: {', '.join(map(str, seeds))}.")
    going = [f"{titles[c.method]} ({c.task})" for c in curves if c.unfinished]
    text += [f"From logs, no weights stored: {', '.join(going)}."] if going else []
    text.append("Each panel begins at the lowest value of any second half of a training.")
    lacking = [m.title for m in methods if m.network and not any(c.method == m.id for c in curves)]
    notes = [f"no curves, left out: {', '.join(lacking)}"] if lacking else []
    panel_titles = {str(task): str(task).capitalize() for task in tasks}
    look = convergence_plot.Look(panel_titles, paper.figures, request.columns)
    return convergence_plot.draw(curves, methods, look, " ".join(text)), notes


def folders_of(results: Results) -> dict[str, str]:
    """The folders with results, and the task of each as its cells remember it."""
    found: dict[str, str] = {}
    for (_, dataset), cells in results.cells.items():
        if cells and cells[0].scale == FOLDERS:
            found[dataset] = str(cells[0].origin.get("task", "")) or found.get(dataset, "")
    return found


def _title(dataset: str) -> str:
    return describe(dataset).title.removeprefix("mini, ")
