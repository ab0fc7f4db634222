"""What `slkd-bench figure` does: gathers what a figure shows, draws it, writes it, and says what is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from benchmark.core.errors import BadResult, BadWeights
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale
from benchmark.datasets import describe, resolve
from benchmark.datasets.passport import tasks as all_tasks
from benchmark.methods.find import row_method
from benchmark.methods.method import Method
from benchmark.papers.read import get_paper
from benchmark.protocols import get_protocol
from benchmark.runs.choose import choose_datasets
from benchmark.runs.remembered import find_method
from benchmark.views.figures.convergence import read_curves
from benchmark.views.figures.pareto import COSTS, mean_psnr, points
from benchmark.views.figures.restored import find_image, restore_row, typical_image
from benchmark.views.figures.specs import PLOTS, FigureSpec, get_figure
from benchmark.views.figures.style import FORMATS, drawing, save, show_caption, without_caption
from benchmark.views.tables.grid import read_results
from benchmark.views.tables.latex import escape as escape_latex
from benchmark.views.tables.specs import dataset_id, quality_columns, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.views.figures.pareto_plot import TaskPanels
    from benchmark.views.figures.restored import ImageRow
    from benchmark.views.tables.grid import Results


@dataclass(frozen=True)
class Request:
    """The options of one call of `slkd-bench figure`; `paper` is the default one where it is empty."""

    name: str
    scale: Scale
    out: Path
    to: Path
    image: str = ""
    crop: str = ""
    datasets: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    formats: tuple[str, ...] = FORMATS
    card: str | None = None
    training: Path = Path("training")
    columns: int = 2
    paper: str = ""
    caption: bool = False


def make_figure(request: Request, console: Console | None = None) -> list[Path]:
    """Draws the figure that is asked for; gives the files written. Raises SlkdBenchError where nothing can be shown."""
    console = console or Console()
    with drawing():
        if request.name not in PLOTS:
            figure, notes = _qualitative(request)
            stem = f"figure-{request.name}-{request.scale}"
        elif request.name == "pareto":
            figure, notes = _pareto(request)
            stem = f"pareto-{request.scale}"
        else:
            figure, notes = _convergence(request)
            stem = f"convergence-{request.scale}"
        text, floor = without_caption(figure)
        if request.caption:
            show_caption(figure)
        paths = save(figure, request.to, stem, request.formats, 0.0 if request.caption else floor)
    caption = request.to / f"{stem}.tex"
    write_atomically(caption, escape_latex(re.sub(r"^Figure \S+\. ", "", text)) + "\n")
    for note in notes:
        console.print(f"[yellow]note[/] {escape(note)}", highlight=False, soft_wrap=True)
    for path in paths:
        console.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    console.print(f"wrote {escape(str(caption))}, the caption", highlight=False, soft_wrap=True)
    return paths


def _qualitative(request: Request) -> tuple[Figure, list[str]]:
    from benchmark.views.figures.qualitative import draw

    spec = get_figure(request.name, request.paper)
    rows = gather(spec, request)
    if not any(row.panels for row in rows):
        raise BadWeights(
            f"trained weights at scale {request.scale} of a method of Figure {spec.id}",
            "none",
            f"Run `slkd-bench train --all --scale {request.scale}`, or see `slkd-bench list methods`.",
        )
    notes = [line for row in rows for line in row.stale]
    notes += [
        f"no weights, left out of {row.title}: {', '.join(map(_one_line, row.missing))}" for row in rows if row.missing
    ]
    rows = [row for row in rows if row.panels]
    if request.methods or request.datasets:  # the paper's words would not be true of these
        tasks = ", ".join(dict.fromkeys(row.task for row in rows))
        spec = replace(spec, caption=f"Restored images: {tasks}.")
    return draw(rows, qualitative_caption(spec, rows, request.scale, bool(request.image))), notes


def gather(spec: FigureSpec, request: Request) -> list[ImageRow]:
    """The rows of a figure, restored now. Raises UnknownName for an image that is in none of the sets."""

    methods = [find_method(name, request.out) for name in request.methods or spec.methods]
    sets = choose_datasets(request.datasets or spec.datasets, request.scale)
    if request.image and not request.datasets:
        sets = [s for s in sets if request.image in s.names()] or sets
    titled = [(method, spec.title(method)) for method in methods]
    rows = []
    for one in sets:
        index = find_image(one, request.image) if request.image else typical_image(one, request.out)
        rows.append(restore_row(one, index, titled, request.scale, request.out, request.crop))
    return rows


def qualitative_caption(spec: FigureSpec, rows: Sequence[ImageRow], scale: Scale, image_given: bool) -> str:
    """What has to be known to read the figure: sets, images, crops, protocols, seeds, and what is not shown."""

    seeds = sorted({panel.seed for row in rows for panel in row.panels})
    protocols = {row.protocol: get_protocol(row.protocol) for row in rows}
    text = [f"Figure {spec.id}. {spec.caption}", _scale_line(scale)]
    text.append(
        "Left: the whole degraded image and the crop. Right: crops, below them the error (mean of |restored - clean| over "
        "the channels, values in [0, 1], one scale a row), and the PSNR of the whole image under "
        + ("its set's protocol" if len(protocols) > 1 else "the protocol")
        + f" ({', '.join(protocols)})."
    )
    if not image_given:
        text.append("Images: of each set the one whose degraded PSNR is the median.")
    text.append(f"Crop: {'; '.join(dict.fromkeys(row.rule for row in rows))}.")
    text.append(f"Training seed{'s' if len(seeds) > 1 else ''}: {', '.join(map(str, seeds))}.")
    if any(row.missing for row in rows):
        left_out = "; ".join(f"{row.title}: {', '.join(map(_one_line, row.missing))}" for row in rows if row.missing)
        same = {row.missing for row in rows}
        left_out = ", ".join(map(_one_line, rows[0].missing)) if len(same) == 1 else left_out
        text.append(f"Without weights, not shown: {left_out}.")
    return " ".join(text)


def _pareto(request: Request) -> tuple[Figure, list[str]]:
    from benchmark.views.figures.pareto_plot import TaskPanels, draw

    results = read_results(request.out, request.scale, request.card)
    paper = get_paper(request.paper)
    methods = _methods(request, rows_of(paper.id, paper.figures.pareto))
    by_task: dict[str, list[str]] = {}
    for name in request.datasets or [dataset_id(column, request.scale) for column in quality_columns(paper.id)]:
        known = resolve(name, request.scale)
        by_task.setdefault(str(describe(known).task), []).append(known)
    panels, notes = [], list(results.broken)
    for task, sets in by_task.items():
        titles = ", ".join(describe(one).title.removeprefix("mini, ") for one in sets)
        found = {cost: points(results, methods, sets, task, cost) for cost in COSTS}
        if not any(found.values()):
            notes.append(f"no method with results on all of {', '.join(sets)}, and costs")
            continue
        title = f"{task.capitalize()}: {titles}{' (mean)' if len(sets) > 1 else ''}"
        panels.append(TaskPanels(title, found, mean_psnr(results, "identity", sets), {m.id: m for m in methods}))
        lacking = [m.title for m in methods if m.network and task in m.tasks and mean_psnr(results, m.id, sets) is None]
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
    return draw(panels, _pareto_caption(panels, results, request.scale), paper.figures, request.columns), notes


def _pareto_caption(panels: Sequence[TaskPanels], results: Results, scale: Scale) -> str:
    sizes = "/".join(f"{s} x {s}" for s in sorted({c.size for c in results.complexity.values()}))
    text = ["PSNR against cost.", _scale_line(scale), f"GMACs: of a {sizes} image."]
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


def _convergence(request: Request) -> tuple[Figure, list[str]]:
    from benchmark.views.figures.convergence_plot import Look, below, draw

    paper = get_paper(request.paper)
    methods = _methods(request, rows_of(paper.id, paper.figures.convergence))
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
    text = ["Validation PSNR while training.", _scale_line(request.scale)]
    text.append("Mean over all channels of pairs that are neither trained on nor test pairs.")
    if any(len(curve.series) > 1 for curve in curves):
        text.append("Line: mean of the seeds; band: from the least to the greatest.")
    seeds = sorted({seed for curve in curves for seed in curve.series})
    text.append(f"Training seed{'s' if len(seeds) > 1 else ''}: {', '.join(map(str, seeds))}.")
    going = [f"{titles[c.method]} ({c.task})" for c in curves if c.unfinished]
    text += [f"From logs, no weights stored: {', '.join(going)}."] if going else []
    low = [f"{titles[c.method]} ({c.task}) {c.band()[-1][1]:.2f} dB" for c in below(curves)]
    text += [f"End below their panel: {', '.join(low)}."] if low else []
    lacking = [m.title for m in methods if m.network and not any(c.method == m.id for c in curves)]
    notes = [f"no curves, left out: {', '.join(lacking)}"] if lacking else []
    panel_titles = {str(task): str(task).capitalize() for task in tasks}
    look = Look(panel_titles, paper.figures, request.columns)
    return draw(curves, methods, look, " ".join(text)), notes


def _scale_line(scale: Scale) -> str:
    if scale is Scale.MINI:
        return "Scale mini: small networks on small sets made after the named ones."
    return "Scale paper: full-size networks on the official sets."


def _one_line(title: str) -> str:
    return title.replace("\n", " ")


def _methods(request: Request, default: Sequence[str]) -> list[Method]:
    if request.methods:
        return [find_method(name, request.out) for name in request.methods]
    return [row_method(name) for name in dict.fromkeys(default)]
