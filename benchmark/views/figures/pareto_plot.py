"""Draws PSNR against cost: a row of panels a task, a panel a cost, the Pareto front as a line, and no name over another."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmark.core.mathematics import plain
from benchmark.methods.method import Method
from benchmark.papers.model import FiguresFile
from benchmark.views.figures.labels import Box, place
from benchmark.views.figures.pareto import COSTS, Point, front
from benchmark.views.figures.style import ONE_COLUMN, SMALL, TWO_COLUMNS, Mark, marks, place_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure

PANEL = 1.75  # inches high
AREA = 26.0  # square points of a marker
PAD = 2.0  # pixels free on either side of a name


@dataclass(frozen=True)
class TaskPanels:
    """The panels of a task: `title` names its sets, `points` are by cost, `degraded` the input's own PSNR in dB.

    Points below the degraded input are not drawn but named in the caption.
    """

    title: str
    points: dict[str, list[Point]]
    degraded: float | None = None
    methods: dict[str, Method] = field(default_factory=dict)

    def shown(self, cost: str) -> list[Point]:
        """The points that are drawn."""
        return [p for p in self.points[cost] if self.degraded is None or p.psnr >= self.degraded]

    def worse(self) -> list[str]:
        """What is not drawn, as text."""
        every = {p.method: p.psnr for found in self.points.values() for p in found}
        low = [(m, v) for m, v in every.items() if self.degraded is not None and v < self.degraded]
        return [f"{self.methods[m].title} {value:.2f} dB" for m, value in low]


def draw(panels: Sequence[TaskPanels], caption: str, said: FiguresFile, columns: int = 2) -> Figure:
    """All panels in a figure one or two columns of a paper wide, a legend of how the students were trained, `caption`.

    Where all panels have the same one cost, up to three tasks stand side by side.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    costs = [cost for cost in COSTS if any(task.points.get(cost) for task in panels)]
    across = 1 if columns != 2 else len(costs) if len(costs) > 1 else min(len(panels), 3)
    rows = -(-len(panels) * len(costs) // across)
    width = TWO_COLUMNS if columns == 2 else ONE_COLUMN
    methods = list({p.method: t.methods[p.method] for t in panels for c in costs for p in t.shown(c)}.values())
    drawn = drawn_marks(methods, said)
    entries = legend_entries(methods, drawn, said)
    lines = textwrap.wrap(caption, 150 if columns == 2 else 70)
    per_line = 7 if columns == 2 else 4
    legend_lines = -(-len(entries) // per_line)
    foot = 0.12 + 0.115 * len(lines) + 0.16 * legend_lines
    height = rows * (PANEL + 0.5) + foot
    figure = Figure(figsize=(width, height))
    canvas = FigureCanvasAgg(figure)
    left, gap = 0.5, 0.32
    side = (width - left - gap * (across - 1) - 0.08) / across
    placed = []
    for number, (task, cost) in enumerate((task, cost) for task in panels for cost in costs):
        row, column = divmod(number, across)
        x, y = left + column * (side + gap), height - (row + 1) * (PANEL + 0.5) + 0.33
        axes = figure.add_axes((x / width, y / height, side / width, PANEL / height), label=f"{task.title}: {cost}")
        _panel(axes, task, cost, drawn)
        if column == 0:
            axes.set_ylabel("PSNR (dB)", labelpad=2)
        if column == 0 or len(costs) == 1:
            axes.set_title(task.title, loc="left", fontweight="bold", pad=4)
        placed.append((axes, task, cost))
    for axes, task, cost in placed:
        _label(axes, task, cost, canvas.get_renderer())
    _legend(figure, entries, per_line, (0.12 + 0.115 * len(lines)) / height)
    place_caption(figure, lines)
    return figure


def drawn_marks(methods: Sequence[Method], said: FiguresFile) -> dict[str, Mark]:
    """How each method is drawn: lightweight networks all alike, the others as the paper says."""
    return {**marks(methods, said), **{m.id: Mark("#444444", "D") for m in methods if m.kind == "lightweight"}}


def draw_one(task: TaskPanels, cost: str, drawn: dict[str, Mark]) -> Figure:
    """One panel alone, for a page: the same drawing as in a figure of all, without its title."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(ONE_COLUMN, 2.6))
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.12, 0.15, 0.86, 0.82), label=f"{task.title}: {cost}")
    _panel(axes, task, cost, drawn)
    axes.set_ylabel("PSNR (dB)", labelpad=2)
    _label(axes, task, cost, canvas.get_renderer())
    return figure


def draw_legend(methods: Sequence[Method], said: FiguresFile) -> Figure:
    """The legend alone, for a page."""
    from matplotlib.figure import Figure

    entries = legend_entries(methods, drawn_marks(methods, said), said)
    lines = -(-(len(entries) + 1) // 7)
    figure = Figure(figsize=(TWO_COLUMNS, 0.16 * lines + 0.06))
    _legend(figure, entries, 7, 0.0)
    return figure


def legend_entries(methods: Sequence[Method], drawn: dict[str, Mark], said: FiguresFile) -> dict[str, Mark]:
    """What each mark means, once: how a student was trained, a teacher, a lightweight network."""
    found: dict[str, Mark] = {}
    for method in methods:
        if method.kind in ("teacher", "lightweight"):
            name = {"teacher": "teacher", "lightweight": "lightweight network"}[method.kind]
        elif method.kind == "student" and method.distiller in said.mark and said.mark[method.distiller].name:
            name = said.mark[method.distiller].name
        elif "(" in method.title:
            name = method.title.partition("(")[2].rstrip(")")
        else:
            name = method.title
        found.setdefault(name, drawn[method.id])
    return found


def _panel(axes: Axes, task: TaskPanels, cost: str, drawn: dict[str, Mark]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    shown = task.shown(cost)
    scale, name = axis_of(shown, cost)
    best = front(shown)
    axes.plot(
        [p.cost / scale for p in best],
        [p.psnr for p in best],
        color="#AAAAAA",
        linewidth=1.0,
        drawstyle="steps-post",
        zorder=1,
        gid="front",
    )
    ahead = {p.method for p in best}
    for point in shown:
        mark = drawn[point.method]
        edge = ("black", 0.7) if point.method in ahead else ("white", 0.3)
        axes.scatter(
            [point.cost / scale],
            [point.psnr],
            s=AREA * (1.9 if mark.marker == "*" else 1),
            c=mark.colour,
            marker=mark.marker,
            zorder=3 if point.method in ahead else 2,
            gid=point.method,
            edgecolors=edge[0],
            linewidths=edge[1],
        )
    axes.set_xscale("log")
    axes.set_xlabel(name, labelpad=1.5)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if shown:
        xs, ys = [p.cost / scale for p in shown], [p.psnr for p in shown]
        spread = max(max(ys) - min(ys), 0.5)
        middle = (max(ys) + min(ys)) / 2
        axes.set_ylim(middle - 0.58 * spread, middle + 0.66 * spread)
        axes.set_xlim(min(xs) / 1.6, max(xs) * 1.6)
        _plain_ticks(axes, min(xs) / 1.6, max(xs) * 1.6)
    axes.xaxis.set_minor_locator(LogLocator(subs=range(2, 10)))
    axes.grid(color="#EEEEEE", linewidth=0.4, zorder=0)
    axes.set_axisbelow(True)


def axis_of(shown: Sequence[Point], cost: str) -> tuple[float, str]:
    """What costs are divided by on their axis, and its title: parameters in the unit that suits the largest."""
    if cost != "parameters":
        return 1.0, {"gmacs": "GMACs", "latency": "time of an image (ms)"}[cost]
    most = max((point.cost for point in shown), default=1e6)
    if most >= 1e5:
        return 1e6, "parameters (millions)"
    return (1e3, "parameters (thousands)") if most >= 1e3 else (1.0, "parameters")


def _plain_ticks(axes: Axes, low: float, high: float) -> None:
    """Numbers at 1, 2 and 5 of every decade (at 1 alone where the range is wide), written out."""
    from numpy import format_float_positional

    steps = (1, 2, 5) if high / low < 60 else (1,)
    ticks = [s * 10.0**d for d in range(-9, 10) for s in steps if low <= s * 10.0**d <= high]
    axes.set_xticks(ticks, labels=[format_float_positional(tick, trim="-") for tick in ticks])


def _label(axes: Axes, task: TaskPanels, cost: str, renderer: RendererAgg) -> None:
    """Names what is on the front, each beside its mark; the others are told by the legend."""
    figure = axes.get_figure()
    assert figure is not None
    shown = task.shown(cost)
    scale, _ = axis_of(shown, cost)
    best = front(shown)
    places = {p.method: axes.transData.transform((p.cost / scale, p.psnr)) for p in shown}
    radius = 0.6 * (AREA**0.5) * figure.dpi / 72
    around = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in places.values()]
    around += _along(axes, best, scale)
    names = [_broken(plain(task.methods[p.method].title)) for p in best]
    texts = [axes.text(0, 0, name, fontsize=SMALL, transform=None) for name in names]
    extents = [text.get_window_extent(renderer) for text in texts]
    frame = axes.get_window_extent(renderer)
    bounds = Box(frame.x0, frame.y0, frame.x1, frame.y1 + 2)
    anchors = [(float(places[p.method][0]), float(places[p.method][1])) for p in best]
    boxes = place(anchors, [(e.width + 2 * PAD, e.height) for e in extents], around, bounds, radius)
    for text, name, point, box in zip(texts, names, best, boxes, strict=True):
        text.remove()
        x, y = places[point.method]
        offset = ((box.left + PAD - x) * 72 / figure.dpi, (box.bottom - y) * 72 / figure.dpi)
        far = max(box.left - x, x - box.right, box.bottom - y, y - box.top) > 3 * radius
        axes.annotate(
            name,
            (point.cost / scale, point.psnr),
            offset,
            textcoords="offset points",
            fontsize=SMALL,
            va="bottom",
            ha="left",
            gid="name",
            color="black",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0, "shrinkB": 2}
            if far
            else None,
        )


def _broken(title: str) -> str:
    """A long name on two lines, which leaves more places for it."""
    for mark in (" (", ", "):
        if len(title) > 14 and mark in title:
            return title.replace(mark, mark.rstrip(" (") + "\n" + mark.strip(" ,"), 1)
    return title


def _along(axes: Axes, best: Sequence[Point], scale: float) -> list[Box]:
    """The front's steps as thin boxes in pixels, which names are to leave free."""
    corners = [axes.transData.transform((p.cost / scale, p.psnr)) for p in best]
    found = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        found += [Box(x0, y0 - 2, x1, y0 + 2), Box(x1 - 2, y0, x1 + 2, y1)]
    return found


def _legend(figure: Figure, entries: dict[str, Mark], columns: int, bottom: float) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=mark.marker,
            color=mark.colour,
            markeredgecolor="white",
            markeredgewidth=0.3,
            markersize=7 if mark.marker == "*" else 5,
            label=name,
        )
        for name, mark in entries.items()
    ]
    handles.append(Line2D([], [], color="#AAAAAA", linewidth=1.0, drawstyle="steps-post", label="Pareto front"))
    figure.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, bottom),
        ncols=columns,
        frameon=False,
        handletextpad=0.3,
        columnspacing=1.0,
        borderpad=0,
        fontsize=SMALL,
    )
