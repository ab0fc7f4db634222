"""What `slkd-bench figure` does: restores what a figure shows, draws it, writes it, and says what is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from benchmark.core.errors import BadMethod, BadWeights
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale
from benchmark.protocols import get_protocol
from benchmark.runs.remembered import Opening, find_method, open_datasets
from benchmark.views.figures.plots import convergence_figure, pareto_figure
from benchmark.views.figures.qualitative import draw
from benchmark.views.figures.request import Request, scale_line
from benchmark.views.figures.restored import Making, find_image, restore_row, typical_image
from benchmark.views.figures.specs import OWN, PLOTS, FigureSpec, get_figure
from benchmark.views.figures.style import ONE_COLUMN, TWO_COLUMNS, drawing, save, show_caption, without_caption
from benchmark.views.tables.latex import escape as escape_latex

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.views.figures.restored import ImageRow


@dataclass(frozen=True)
class Drawn:
    """The files of a figure, and what was left out of it in spite of being asked for, a line each."""

    paths: list[Path]
    left_out: list[str] = field(default_factory=list)


def make_figure(request: Request, console: Console | None = None) -> Drawn:
    """Draws the figure that is asked for, and says what is left out. Raises SlkdBenchError where nothing can be shown."""
    console = console or Console()
    left_out: list[str] = []
    with drawing(request.font):
        if request.name not in PLOTS:
            figure, notes, left_out = _qualitative(request)
            stem = f"figure-{request.name}-{request.scale}"
        elif request.name == "pareto":
            figure, notes = pareto_figure(request)
            stem = f"pareto-{request.scale}"
        else:
            figure, notes = convergence_figure(request)
            stem = f"convergence-{request.scale}"
        text, floor = without_caption(figure)
        if request.caption:
            show_caption(figure)
        paths = save(figure, request.to, stem, request.formats, 0.0 if request.caption else floor)
    caption = request.to / f"{stem}.tex"
    write_atomically(caption, escape_latex(re.sub(r"^Figure \S+\. ", "", text)) + "\n")
    for note in notes:
        console.print(f"[yellow]note[/] {escape(note)}", highlight=False, soft_wrap=True)
    for line in left_out:
        console.print(f"[bold yellow]left out[/] {escape(line)}", highlight=False, soft_wrap=True)
    for path in paths:
        console.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    console.print(f"wrote {escape(str(caption))}, the caption", highlight=False, soft_wrap=True)
    return Drawn(paths, left_out)


def _qualitative(request: Request) -> tuple[Figure, list[str], list[str]]:
    spec = OWN if request.name == OWN.id else get_figure(request.name, request.paper)
    if spec is OWN and not (request.methods and request.datasets):
        raise BadMethod("the rows and columns of a figure of your own", "too little", "Give --method and --dataset.")
    rows = gather(spec, request)
    if not any(row.panels for row in rows):
        raise BadWeights(
            f"trained weights at scale {request.scale} of a method of Figure {spec.id}",
            "none",
            "See `slkd-bench weights list`; then "
            + ("`slkd-bench weights fetch METHOD` for the authors' or " if request.scale is Scale.PAPER else "")
            + f"`slkd-bench train METHOD --scale {request.scale}`.",
        )
    left_out = [line for row in rows for line in row.left_out]
    notes = [line for row in rows for line in row.stale]
    notes += [
        f"no weights, left out of {row.title}: {', '.join(map(_one_line, row.missing))}" for row in rows if row.missing
    ]
    rows = [row for row in rows if row.panels]
    if request.methods or request.datasets:  # the paper's words would not be true of these
        tasks = ", ".join(dict.fromkeys(row.task for row in rows if row.task))
        spec = replace(spec, caption=f"Restored images: {tasks}." if tasks else "Restored images.")
    caption = qualitative_caption(spec, rows, request.scale, bool(request.image))
    return draw(rows, caption, TWO_COLUMNS if request.columns == 2 else ONE_COLUMN), notes, left_out


def gather(spec: FigureSpec, request: Request) -> list[ImageRow]:
    """The rows of a figure, restored now. Raises UnknownName for an image that is in none of the sets."""

    methods = [find_method(name, request.out) for name in request.methods or spec.methods]
    how = Opening(folders=request.folders)
    sets = open_datasets(request.datasets or spec.datasets, request.scale, request.out, how)
    if request.image and not request.datasets:
        sets = [s for s in sets if request.image in s.names()] or sets
    titled = [(method, spec.title(method)) for method in methods]
    making = Making(request.scale, request.out, request.crop)
    rows = []
    for one in sets:
        left_out: dict[str, str] | None = {} if request.folders.keep_going else None
        index = find_image(one, request.image) if request.image else typical_image(one, request.out, left_out)
        row = restore_row(one, index, titled, making)
        rows.append(
            replace(row, left_out=tuple(f"{name} of {one.id}: {why}" for name, why in (left_out or {}).items()))
        )
    return rows


def qualitative_caption(spec: FigureSpec, rows: Sequence[ImageRow], scale: Scale, image_given: bool) -> str:
    """What has to be known to read the figure: sets, images, crops, protocols, seeds, and what is not shown."""

    seeds = sorted({panel.seed for row in rows for panel in row.panels})
    protocols = {row.protocol: get_protocol(row.protocol) for row in rows}
    text = [f"Figure {spec.id}. {spec.caption}", scale_line(scale)]
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


def _one_line(title: str) -> str:
    return title.replace("\n", " ")
