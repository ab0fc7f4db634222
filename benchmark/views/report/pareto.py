"""Quality against cost for the page: one panel a data set, drawn as the figures for a paper are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from benchmark.core.mathematics import plain
from benchmark.core.numbers import decimal
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.find import row_method
from benchmark.methods.method import Method
from benchmark.papers.model import FiguresFile
from benchmark.papers.read import get_paper
from benchmark.protocols import without_protocol
from benchmark.views.figures.pareto import Point, costs_known, is_network, points
from benchmark.views.figures.pareto_plot import TaskPanels, draw_legend, draw_one, drawn_marks
from benchmark.views.figures.plots import folders_of
from benchmark.views.figures.style import drawing
from benchmark.views.figures.svg import to_svg
from benchmark.views.report.chosen import is_own
from benchmark.views.tables.grid import Results
from benchmark.views.tables.specs import Column, dataset_id, quality_columns

_NAMES = {"gmacs": "GMACs", "parameters": "Parameters", "latency": "Latency"}
_UNITS = {"gmacs": "GMACs", "parameters": "M", "latency": "ms"}


@dataclass(frozen=True)
class Panel:
    """One drawn plot with its data set's title."""

    title: str
    svg: Markup


@dataclass(frozen=True)
class CostFigure:
    """The panels of one cost; `missing` says why there are none, and `remedy` is the command that mends it."""

    id: str
    name: str
    axis: str
    panels: tuple[Panel, ...]
    missing: str = ""
    remedy: str = ""


def figures(results: Results, paper: str = "") -> list[CostFigure]:
    """PSNR against GMACs, parameters and latency, for every data set with results: the paper's first, then any other."""
    read = get_paper(paper)
    size = next((c.size for c in results.complexity.values()), read.complexity.image_size)
    axes = {
        "gmacs": f"GMACs of one {size}×{size} image",
        "parameters": "millions of parameters",
        "latency": f"milliseconds an image, on {results.device}",
    }
    columns = shown_columns(results, read.id)
    return [_figure(results, columns, cost, axis, read.figures) for cost, axis in axes.items()]


def legend(results: Results, paper: str = "") -> Markup:
    """What the marks mean, as SVG; nothing where nothing is drawn."""
    read = get_paper(paper)
    methods = _methods(results, shown_columns(results, read.id))
    if not methods:
        return Markup("")

    with drawing():
        drawn = to_svg(draw_legend(methods, read.figures), "legend-", "What the marks mean")
    return Markup(drawn)  # nosec B704  # serialised by ElementTree, which escapes every text


def shown_columns(results: Results, paper: str) -> list[Column]:
    """The paper's columns, then one for each other data set with results."""
    columns = list(quality_columns(paper))
    usual = {dataset_id(column, results.scale) for column in columns}
    others = dict.fromkeys(dataset for _, dataset in results.cells if dataset not in usual)
    return [*columns, *(Column("quality", dataset) for dataset in others)]


def _named(dataset: str, results: Results) -> tuple[str, str]:
    """The title of a data set and its task: as its passport says, or as the results of a folder remember."""
    if dataset in dataset_ids():
        return describe(dataset).title, str(describe(dataset).task)
    known = without_protocol(dataset)
    task = folders_of(results).get(dataset) or (str(describe(known).task) if known in dataset_ids() else "")
    return known, task


def _figure(results: Results, columns: Sequence[Column], cost: str, axis: str, said: FiguresFile) -> CostFigure:
    panels = []
    for column in columns:
        dataset = dataset_id(column, results.scale)
        methods = {m.id: m for m in _methods(results, [column])}
        title, task = _named(dataset, results)
        found = points(results, methods.values(), [dataset], task, cost)
        if len(found) > (0 if any(is_own(point.method) for point in found) else 1):
            panels.append(
                Panel(
                    title, _drawn(found, methods, (f"{cost}-{dataset}-", cost, f"{title}: PSNR against {axis}"), said)
                )
            )
    name = _NAMES[cost]
    if panels:
        return CostFigure(cost, name, axis, tuple(panels))
    known = results.latency if cost == "latency" else results.complexity
    why = "no method with a recorded cost has results yet" if known else f"no {name.lower()} recorded at this scale"
    remedy = f"slkd-bench profile --all --scale {results.scale}{' --device cpu' if cost == 'latency' else ''} --save"
    return CostFigure(cost, name, axis, (), why, "" if known else remedy)


def _methods(results: Results, columns: Sequence[Column]) -> list[Method]:
    sets = {dataset_id(column, results.scale) for column in columns}
    named = dict.fromkeys(method for method, dataset in results.cells if dataset in sets)
    return [method for method in map(row_method, named) if is_network(method) and costs_known(results, [method.id])]


def _drawn(found: Sequence[Point], methods: dict[str, Method], what: tuple[str, str, str], said: FiguresFile) -> Markup:
    """A panel as SVG; `what` is the prefix of its ids, its cost and its label. Its points carry their numbers."""

    prefix, cost, label = what
    ordered = sorted(found, key=lambda p: (p.cost, -p.psnr))
    panel = TaskPanels(label, {cost: ordered}, None, methods)
    texts = {
        p.method: f"{plain(methods[p.method].title)}: {p.psnr:.2f} dB at {_figures(p.cost, cost)}" for p in ordered
    }
    with drawing():
        drawn = draw_one(panel, cost, drawn_marks(list(methods.values()), said))
        svg = to_svg(drawn, prefix, label, texts)
    return Markup(svg)  # nosec B704  # serialised by ElementTree, which escapes every text


def _figures(value: float, cost: str) -> str:
    value = value / 1e6 if cost == "parameters" else value
    if value < 1:
        return f"{decimal(value, 0, most=6 if cost == 'parameters' else 9)} {_UNITS[cost]}"
    return f"{value:.3g} {_UNITS[cost]}" if value < 100 else f"{value:.0f} {_UNITS[cost]}"
