"""What `slkd-bench inspect` does: builds the objective, measures, prints compact tables, writes the pictures."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.core.errors import UnknownName
from benchmark.core.terminal import print_json
from benchmark.core.types import Pair, Scale, Task
from benchmark.datasets import dataset_ids, describe, get_dataset
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.studies.inspection import pictures
from benchmark.studies.inspection.measure import (
    Inspection,
    Networks,
    Subject,
    measure,
    networks_of,
    require_teacher,
    with_reading,
)
from benchmark.studies.inspection.probing import probed
from benchmark.training.data.opening import open_synthesis
from benchmark.views.figures.restored import typical_image
from benchmark.views.figures.style import drawing, save

if TYPE_CHECKING:
    from baselines.distillation.probe import Trouble

STEPS = 6  # columns of the table along training


@dataclass(frozen=True)
class Request:
    """The options of one call of `slkd-bench inspect`; without `task`, the method's first."""

    method: str
    task: Task | None
    scale: Scale
    seed: int
    photos: Path | None
    image: str
    reading: str
    to: Path


def inspect(request: Request, console: Console | None = None, as_json: bool = False) -> int:
    """Prints what was measured and writes the pictures; gives 1 where a term or its gradient is not finite, else 0.

    With `as_json` what was measured is printed for programs, and everything else goes to standard error.
    """
    console = console or Console(stderr=as_json)
    known = get_method(request.method)
    task = request.task or known.tasks[0]
    require_teacher(known, task)
    method = with_reading(known, request.reading)
    pair = picture_pair(task, request.scale, request.image)
    subject = Subject(method, task, request.scale, request.seed, request.photos)
    networks = networks_of(subject, known)
    found = measure(networks, subject)
    title = f"{subject}, reading {method.options['reading']}" if "reading" in method.options else str(subject)
    console.print(f"[bold]{escape(title)}[/]", highlight=False)
    console.print(psnr_table(found, method))
    console.print(term_table(found))
    if found.along_training:
        console.print(training_table(found.along_training))
    for line in reasons(found):
        console.print(line, highlight=False)
    if found.trouble:
        console.print(trouble_table(found.trouble))
    if as_json:
        print_json(Console(), {"method": method.id, "task": task, "scale": request.scale, **asdict(found)})
    for path in write_pictures(networks, subject, found, pair, request.to):
        console.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    return 0 if all(term.finite for term in found.terms) else 1


def psnr_table(found: Inspection, method: Method) -> Table:
    """The PSNRs on the validation pairs."""
    table = _table(f"PSNR in dB on {found.pairs} validation pairs (RGB)", "what", "against", "mean")
    table.add_row("degraded input", "clean", _decibels(found.degraded))
    table.add_row(f"Teacher A(degraded), {escape(method.teacher)}", "clean", _decibels(found.teacher_on_degraded))
    least = f"{_decibels(found.teacher_on_clean)} (least {_decibels(found.teacher_on_clean_least)})"
    table.add_row("Teacher B(clean)", "clean", least)
    table.add_row("student, trained", "clean", "no weights yet" if found.student is None else _decibels(found.student))
    return table


def term_table(found: Inspection) -> Table:
    """Every term at step 0."""
    title = f"Loss terms at step 0, one batch of {found.batch[0]} patches of {found.batch[1]} pixels"
    table = _table(title, "term", "value", "weight", "gradient norm", "weighted", "share")
    for term in found.terms:
        share = f"{100 * term.share:.1f} %" if math.isfinite(term.share) else "–"
        style = "" if term.finite else "bold red"
        table.add_row(
            term.name,
            _number(term.value),
            f"{term.weight:g}",
            _number(term.gradient),
            _number(term.weighted),
            share,
            style=style,
        )
    return table


def training_table(norms: dict[int, dict[str, float]]) -> Table:
    """The card's gradient norms: a row a term, at most six steps from the first to the last."""
    steps = sorted(norms)
    shown = steps if len(steps) <= STEPS else [steps[round(k * (len(steps) - 1) / (STEPS - 1))] for k in range(STEPS)]
    table = _table("Gradient norms along training, unweighted, from the card", "step", *map(str, shown))
    for name in dict.fromkeys(name for found in norms.values() for name in found):
        table.add_row(name, *(_number(norms[s][name]) if name in norms[s] else "–" for s in shown))
    return table


def reasons(found: Inspection) -> list[str]:
    """One line for every term that is no number: where and why."""
    lines = []
    for term in found.terms:
        if term.finite:
            continue
        what = f"is {term.value:.3g}" if not math.isfinite(term.value) else f"has a gradient of {term.gradient:.3g}"
        told = found.trouble.told.get(term.name) if found.trouble else ""
        lines.append(f"[bold red]{escape(term.name)}[/] {what}" + (f": {told}" if told else ""))
    if lines and found.trouble:
        lines.append(found.trouble.remedy)
    return lines


def trouble_table(trouble: Trouble) -> Table:
    """Where terms are no numbers."""
    table = _table(trouble.title, *trouble.columns)
    for row in trouble.rows:
        table.add_row(*row)
    return table


def picture_pair(task: Task, scale: Scale, name: str) -> Pair | None:
    """The test pair that is shown: the one called `name`, else the typical one of the task's first embedded set.

    None at scale paper without a name: then a validation pair is shown. Raises UnknownName.
    """

    if scale is Scale.PAPER and not name:
        return None
    ids = [id for id in dataset_ids("test") if describe(id).scale == scale and describe(id).task == task]
    names: list[str] = []
    for id in ids:
        dataset = get_dataset(id)
        if not name:
            return dataset[typical_image(dataset, Path("runs"))]
        if name in dataset.names():
            return dataset[dataset.names().index(name)]
        names += dataset.names()
    raise UnknownName(f"image of {', '.join(ids)}", name, names)


def write_pictures(networks: Networks, subject: Subject, found: Inspection, pair: Pair | None, to: Path) -> list[Path]:
    """Writes the maps of one image as PNG below `to`/METHOD-TASK, and the gradients along training where a card has them."""

    method, objective, student = subject.method, networks.objective, networks.student
    if pair is None:
        pairs = open_synthesis(subject.task, subject.recipe, subject.photos).validation
        degraded, clean = (image[0] if image.dim() == 4 else image for image in pairs[0])
        pair = Pair("validation 1", degraded, clean)
    shown = objective.student if student is None else student
    views = pictures.look(objective, shown, pair.degraded[None], pair.clean[None], probed(method).load_probe())
    state = "untrained" if student is None else "trained"
    told = f"{subject}; image {pair.name}; student {state}, on the "
    told += f"degraded image; teacher's encoder on the degraded image, its decoder on the {views.source} one. "
    told += "Each pair on one colour scale, whose ends stand below it."
    folder = to / f"{method.id}-{subject.task}-{subject.scale}"
    paths = []
    with drawing():
        figures = {"features": pictures.feature_figure(views, told)}
        for sheet in views.probe.sheets:
            figures |= pictures.sheet_figures(views, sheet, told)
        if len(found.along_training) > 1:
            weights = {term.name: term.weight for term in found.terms}
            figures["gradients"] = pictures.gradient_figure(
                found.along_training, weights, f"{method.id}, {subject.task}"
            )
        for name, figure in figures.items():
            paths += save(figure, folder, name, ("png",))
    return paths


def _table(title: str, *columns: str) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="", pad_edge=False, padding=(0, 1, 0, 0)
    )
    for number, column in enumerate(columns):
        words = number == 0 or column in ("against", "place") or column.startswith("descriptors")
        table.add_column(column, justify="left" if words else "right")
    return table


def _decibels(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "inf"


def _number(value: float) -> str:
    return f"{value:.4g}"
