"""Quality against cost: one panel a data set, PSNR upwards, a cost to the right on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from markupsafe import Markup, escape

from benchmark.core.mathematics import plain
from benchmark.costs.records import record_of
from benchmark.datasets import describe
from benchmark.methods.find import row_method
from benchmark.methods.method import Method
from benchmark.views.figures.pareto import front
from benchmark.views.tables.grid import Results
from benchmark.views.tables.specs import dataset_id, quality_columns

WIDTH, HEIGHT = 340, 258
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 12, 34
_LETTER = 5.6  # the width of a letter of a label, about


@dataclass(frozen=True)
class Point:
    """A method on a data set: its cost, its mean PSNR in dB and what kind of method it is."""

    method: str
    title: str
    kind: str
    cost: float
    psnr: float


@dataclass(frozen=True)
class Panel:
    """One drawn plot with its data set's title."""

    title: str
    svg: Markup


@dataclass(frozen=True)
class Figure:
    """The panels of one cost; `missing` says why there are none, and `remedy` is the command that mends it."""

    id: str
    name: str
    axis: str
    panels: tuple[Panel, ...]
    missing: str = ""
    remedy: str = ""


def figures(results: Results, paper: str = "") -> list[Figure]:
    """PSNR against GMACs, parameters and latency, for every data set of the tables that has results."""
    # (id, name, axis, unit, cost of a method on a task)
    size = next((c.size for c in results.complexity.values()), 512)

    def gmacs(method: Method, task: str) -> float | None:
        found = record_of(results.complexity, method.network, (task, *method.tasks))
        return found.gmacs if found else None

    def parameters(method: Method, task: str) -> float | None:
        found = record_of(results.complexity, method.network, (task, *method.tasks))
        return found.parameters / 1e6 if found else None

    def latency(method: Method, task: str) -> float | None:
        found = record_of(results.latency, method.network, (task, *method.tasks))
        return found.median_ms if found else None

    profile = f"slkd-bench profile --all --scale {results.scale}"
    return [
        _figure(results, "gmacs", "GMACs", f"GMACs of one {size}×{size} image", "GMACs", gmacs, f"{profile} --save"),
        _figure(results, "parameters", "Parameters", "millions of parameters", "M", parameters, f"{profile} --save"),
        _figure(
            results,
            "latency",
            "Latency",
            f"milliseconds an image, on {results.device}",
            "ms",
            latency,
            f"{profile} --device cpu --save",
        ),
    ]


def _figure(
    results: Results, id: str, name: str, axis: str, unit: str, cost: Callable[[Method, str], float | None], remedy: str
) -> Figure:
    panels = []
    for column in quality_columns():
        dataset = dataset_id(column, results.scale)
        points = list(_points(results, dataset, column.group.lower(), cost))
        if len(points) > 1:
            panels.append(Panel(describe(dataset).title, draw(points, unit, axis)))
    if panels:
        return Figure(id, name, axis, tuple(panels))
    known = results.latency if id == "latency" else results.complexity
    why = "no method with a recorded cost has results yet" if known else f"no {name.lower()} recorded at this scale"
    return Figure(id, name, axis, (), why, "" if known else remedy)


def _points(results: Results, dataset: str, task: str, cost: Callable[[Method, str], float | None]) -> Iterable[Point]:
    for (name, where), cells in results.cells.items():
        if where != dataset:
            continue
        method = row_method(name)
        found, psnr = cost(method, task), fmean(cell.psnr for cell in cells)
        if found and math.isfinite(psnr):
            yield Point(name, plain(method.title), _kind(method), found, psnr)


def _kind(method: Method) -> str:
    return "slkd" if method.id.endswith("-slkd") else method.kind


def draw(points: Sequence[Point], unit: str, axis: str) -> Markup:
    """One panel as SVG: axes, the Pareto front as a step line, a marker a method; points on the front carry names."""
    costs, psnrs = [p.cost for p in points], [p.psnr for p in points]
    left, right = math.log10(min(costs)) - 0.08, math.log10(max(costs)) + 0.08
    low, high = min(psnrs), max(psnrs)
    margin = max((high - low) * 0.08, 0.05)
    low, high = low - margin, high + 1.6 * margin  # names stand above their points

    def x(cost: float) -> float:
        return LEFT + (math.log10(cost) - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def y(psnr: float) -> float:
        return HEIGHT - BOTTOM - (psnr - low) / (high - low) * (HEIGHT - BOTTOM - TOP)

    lines = [
        f'<svg class="pareto" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="PSNR against {escape(axis)}">'
    ]
    floor = HEIGHT - BOTTOM
    for value in linear_ticks(low, high):
        lines.append(f'<path class="grid" d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text class="tick" x="{LEFT - 5}" y="{y(value) + 3.5:.1f}" text-anchor="end">{value:g}</text>')
    for value in log_ticks(10**left, 10**right):
        lines.append(f'<path class="axis" d="M{x(value):.1f} {floor}v4"/>')
        lines.append(f'<text class="tick" x="{x(value):.1f}" y="{floor + 15}" text-anchor="middle">{value:g}</text>')
    lines.append(f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>')
    lines.append(f'<text class="tick" x="{LEFT - 5}" y="{TOP - 2}" text-anchor="end">dB</text>')
    lines.append(f'<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(unit)}</text>')
    edge = front(points)
    steps = f"M{x(edge[0].cost):.1f} {y(edge[0].psnr):.1f}" + "".join(
        f"H{x(p.cost):.1f}V{y(p.psnr):.1f}" for p in edge[1:]
    )
    lines.append(f'<path class="front" d="{steps}H{WIDTH - RIGHT}"/>')
    for number, point in enumerate(sorted(points, key=lambda p: (p.cost, -p.psnr))):
        label = escape(f"{point.title}: {point.psnr:.2f} dB at {_figures(point.cost)} {unit}")
        lines.append(
            f'<g class="point {point.kind}" transform="translate({x(point.cost):.1f} {y(point.psnr):.1f})" '
            f'tabindex="{-1 if number else 0}" role="img" aria-label="{label}"><title>{label}</title>'
            f"{_MARKERS.get(point.kind, _MARKERS['control'])}</g>"
        )
    placed = _place([(x(p.cost), y(p.psnr), p.title) for p in edge], [(x(p.cost), y(p.psnr)) for p in points])
    lines += [
        f'<text class="name" x="{tx:.1f}" y="{ty:.1f}" text-anchor="{anchor}">{escape(title)}</text>'
        for tx, ty, anchor, title in placed
    ]
    lines.append('<text class="tip" aria-hidden="true"></text></svg>')
    return Markup("".join(lines))


_MARKERS = {
    "teacher": '<rect x="-4" y="-4" width="8" height="8"/>',
    "slkd": '<path d="M0-5.5L5.5 0 0 5.5-5.5 0z"/>',
    "student": '<circle r="4"/>',
    "control": '<path d="M-4-4L4 4M4-4L-4 4"/>',
    "ablation": '<circle r="2.5"/>',
    "lightweight": '<path d="M0-5L5 4H-5z"/>',
    "outside": '<path d="M0 5L5-4H-5z"/>',
}
LEGEND = (
    ("teacher", "teacher"),
    ("slkd", "SLKD student"),
    ("student", "other distillers"),
    ("control", "scratch, logits"),
    ("ablation", "ablation"),
    ("lightweight", "lightweight network"),
    ("outside", "from outside"),
)


def legend(figures: Sequence[Figure]) -> list[tuple[str, str, Markup]]:
    """(kind, name, marker) of the kinds that occur in the panels."""
    drawn = "".join(panel.svg for figure in figures for panel in figure.panels)
    return [(kind, name, Markup(_MARKERS[kind])) for kind, name in LEGEND if f'class="point {kind}"' in drawn]


def _place(
    wanted: Sequence[tuple[float, float, str]], markers: Sequence[tuple[float, float]]
) -> list[tuple[float, float, str, str]]:
    """Where names go: the first of six places around the point that touches no marker, no other name and no edge."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in markers]
    placed = []
    for x, y, title in wanted:
        wide = len(title) * _LETTER
        above, beside, below = y - 8, y + 3.5, y + 15
        places = (
            (x, above, "middle"),
            (x - 6, above, "start"),
            (x + 6, above, "end"),
            (x + 8, beside, "start"),
            (x - 8, beside, "end"),
            (x, below, "middle"),
        )
        for tx, ty, anchor in places:
            start = tx - {"middle": wide / 2, "start": 0, "end": wide}[anchor]
            box = (start, ty - 9, start + wide, ty + 2)
            inside = box[0] > LEFT and box[2] < WIDTH - 1 and box[1] > 0 and box[3] < HEIGHT - BOTTOM
            own = (x - 5, y - 5, x + 5, y + 5)
            if inside and not any(_overlap(box, other) for other in taken if other != own):
                taken.append(box)
                placed.append((tx, ty, anchor, title))
                break
    return placed


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def linear_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten) between `low` and `high`."""
    step = 10 ** math.floor(math.log10((high - low) / about))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= about)
    return [round(k * step, 6) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between `low` and `high`; 2 and 5 times them below three decades, more within one."""
    steps = (1,) if high / low > 1e3 else (1, 2, 5) if high / low > 10 else (1, 2, 3, 4, 5, 6, 8)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{m * 10.0**d:.6g}") for d in decades for m in steps if low <= m * 10.0**d <= high]


def _figures(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
