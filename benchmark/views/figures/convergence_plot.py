"""Draws validation curves: a panel a task, a line a method, several seeds as a band from the least to the greatest."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.methods.method import Method
from benchmark.papers.model import FiguresFile
from benchmark.views.figures.convergence import Curve
from benchmark.views.figures.style import ONE_COLUMN, TWO_COLUMNS, Mark, marks, place_caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = 2.1  # inches high


@dataclass(frozen=True)
class Look:
    """How the curves are shown: the panels' titles by task, the paper's marks, the width in columns of a paper."""

    titles: dict[str, str] = field(default_factory=dict)
    said: FiguresFile = field(default_factory=FiguresFile)
    columns: int = 2


def draw(curves: Sequence[Curve], methods: Sequence[Method], look: Look, caption: str) -> Figure:
    """A figure one or two columns of a paper wide: panels side by side, or one below the other in a single column."""
    from matplotlib.figure import Figure

    columns = look.columns
    tasks = list(dict.fromkeys(curve.task for curve in curves))
    across = len(tasks) if columns == 2 else 1
    rows = len(tasks) // across
    width = TWO_COLUMNS if columns == 2 else ONE_COLUMN
    drawn = marks(methods, look.said)
    strong = {m.id for m in methods if m.kind == "teacher" or (look.said.own and m.distiller == look.said.own)}
    shown = [m for m in methods if any(c.method == m.id for c in curves)]
    per_line = 6 if columns == 2 else 3
    lines = textwrap.wrap(caption, 150 if columns == 2 else 70)
    foot = 0.14 + 0.115 * len(lines) + 0.16 * -(-len(shown) // per_line)
    height = rows * (PANEL + 0.52) + foot
    figure = Figure(figsize=(width, height))
    left, gap = 0.4, 0.34
    side = (width - left - gap * (across - 1) - 0.05) / across
    for number, task in enumerate(tasks):
        row, column = divmod(number, across)
        place = (left + column * (side + gap)) / width, (height - (row + 1) * (PANEL + 0.52) + 0.34) / height
        axes = figure.add_axes((*place, side / width, PANEL / height), label=task)
        _panel(axes, [c for c in curves if c.task == task], drawn, strong)
        axes.set_title(look.titles.get(task, task), loc="left", fontweight="bold", pad=4)
        if column == 0:
            axes.set_ylabel("validation PSNR (dB)", labelpad=2)
    _legend(figure, shown, drawn, per_line, (0.12 + 0.115 * len(lines)) / height)
    place_caption(figure, lines)
    return figure


def _panel(axes: Axes, curves: Sequence[Curve], drawn: dict[str, Mark], strong_ones: Collection[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    for curve in curves:
        mark, band = drawn[curve.method], curve.band()
        steps, means, least, most = ([point[k] for point in band] for k in range(4))
        thousands = [step / 1000 for step in steps]
        strong = curve.method in strong_ones
        axes.plot(
            thousands,
            means,
            mark.line,
            color=mark.colour,
            linewidth=1.3 if strong else 0.9,
            gid=curve.method,
            marker=mark.marker,
            markersize=5 if mark.marker == "*" else 3,
            markevery=[-1],
            zorder=4 if strong else 3,
        )
        if len(curve.series) > 1:
            axes.fill_between(
                thousands, least, most, color=mark.colour, alpha=0.18, linewidth=0, gid=f"{curve.method} seeds"
            )
    bands = [curve.band() for curve in curves]
    low = min(point[2] for band in bands for point in band[len(band) // 2 :])  # where training begins says little
    high = max(point[3] for band in bands for point in band)
    room = max(high - low, 0.5)
    axes.set_ylim(low - 0.04 * room, high + 0.05 * room)
    axes.set_xlim(left=0)
    axes.set_xlabel("iterations (thousands)", labelpad=1.5)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.grid(color="#EEEEEE", linewidth=0.4)
    axes.set_axisbelow(True)


def _legend(figure: Figure, methods: Sequence[Method], drawn: dict[str, Mark], columns: int, bottom: float) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for method in methods:
        mark = drawn[method.id]
        line: Any = mark.line
        size = 5 if mark.marker == "*" else 3.5
        handles.append(
            Line2D(
                [],
                [],
                linestyle=line,
                marker=mark.marker,
                color=mark.colour,
                linewidth=1.0,
                markersize=size,
                label=method.title,
            )
        )
    figure.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, bottom),
        ncols=columns,
        frameon=False,
        handletextpad=0.4,
        columnspacing=1.0,
        borderpad=0,
        handlelength=2.0,
    )
