"""What `slkd-bench inspect` does: builds the objective, measures, prints compact tables, writes the pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    build,
    measure,
    require_teacher,
    trained_student,
    with_reading,
)
from benchmark.training import recipes
from benchmark.training.data.opening import open_synthesis
from benchmark.views.figures.restored import typical_image
from benchmark.views.figures.style import drawing, save

if TYPE_CHECKING:
    from torch import nn

    from baselines.objective import Objective
    from slkd.failures import Failures

STEPS = 6  # columns of the table along training
_WHY = {
    "opposite": "S and T have different signs (the logarithm of a negative number)",
    "student_zero": "S is 0 (0 log 0)",
    "teacher_zero": "only T is 0 (a division by 0)",
    "broken": "S or T is not finite itself",
}


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
    objective = build(method, task, request.scale, request.seed)
    student, card = trained_student(known, task, request.scale, request.seed)
    found = measure(objective, student, card, task, method, request.scale, request.seed, request.photos)
    title = f"{method.id}, {task}, scale {request.scale}, seed {request.seed}"
    title += f", reading {method.options['reading']}" if "reading" in method.options else ""
    console.print(f"[bold]{escape(title)}[/]", highlight=False)
    console.print(psnr_table(found, method))
    console.print(term_table(found))
    if found.along_training:
        console.print(training_table(found.along_training))
    for line in reasons(found):
        console.print(line, highlight=False)
    if found.failures:
        console.print(failure_table(found.failures))
    if as_json:
        print_json(Console(), {"method": method.id, "task": task, "scale": request.scale, **asdict(found)})
    for path in write_pictures(request, method, task, objective, student, found, pair):
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
        where = [f for f in found.failures if f.term == term.name]
        what = f"is {term.value:.3g}" if not math.isfinite(term.value) else f"has a gradient of {term.gradient:.3g}"
        line = f"[bold red]{escape(term.name)}[/] {what}"
        if where:
            counts = [(sum(getattr(f, name) for f in where), why) for name, why in _WHY.items()]
            parts = [(count, why) for count, why in counts if count]
            line += f": S log(S/T) fails at {sum(f.failing for f in where)} elements, "
            line += (
                ", ".join(f"{count} where {why}" if len(parts) > 1 else f"where {why}" for count, why in parts) + "."
            )
        lines.append(line)
    if lines and found.failures:
        lines.append(
            "S log(S/T) needs positive S and T: descriptors are signed or 0, and a network's output is not clamped. The "
            "reading `recommended` compares softmaxes over positions, and clamped images."
        )
    return lines


def failure_table(failures: Sequence[Failures]) -> Table:
    """Where it fails: one row a place, the share of its failing elements and the descriptor that fails most."""
    title = "Where S log(S/T) is not a number, as a share of the descriptors named"
    table = _table(title, "term", "place", "signs differ", "S = 0", "T = 0", "descriptors")
    for term, place in dict.fromkeys((f.term, f.place) for f in failures):
        here = sorted((f for f in failures if (f.term, f.place) == (term, place)), key=lambda f: -f.failing / f.total)
        total = sum(f.total for f in here)
        shares = [
            f"{100 * sum(getattr(f, n) for f in here) / total:.1f} %"
            for n in ("opposite", "student_zero", "teacher_zero")
        ]
        names = ", ".join(f.descriptor for f in here[:2]) + (f" and {len(here) - 2} more" if len(here) > 2 else "")
        table.add_row(term, place, *shares, names)
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


def write_pictures(  # noqa: PLR0913
    request: Request,
    method: Method,
    task: Task,
    objective: Objective,
    student: nn.Module | None,
    found: Inspection,
    pair: Pair | None,
) -> list[Path]:
    """Writes the maps of one image as PNG below `to`/METHOD-TASK, and the gradients along training where a card has them."""

    if pair is None:
        recipe = recipes.recipe_for(method, request.scale, task)
        pairs = open_synthesis(task, recipe, request.photos).validation
        degraded, clean = (image[0] if image.dim() == 4 else image for image in pairs[0])
        pair = Pair("validation 1", degraded, clean)
    shown = objective.student if student is None else student
    views = pictures.look(objective, shown, pair.degraded[None], pair.clean[None])
    state = "untrained" if student is None else "trained"
    told = (
        f"{method.id}, {task}, scale {request.scale}, seed {request.seed}; image {pair.name}; student {state}, on the "
    )
    told += f"degraded image; teacher's encoder on the degraded image, its decoder on the {views.source} one. "
    told += "Each pair on one colour scale, whose ends stand below it."
    folder = request.to / f"{method.id}-{task}-{request.scale}"
    paths = []
    with drawing():
        figures = {"features": pictures.feature_figure(views, told)}
        for level in (name for name in views.extracted if name.startswith("encoder")):
            stem = f"natural-{level.replace(' ', '-')}"
            figures[stem] = pictures.natural_figure(
                views, level, f"Natural and colour descriptors (BRISQUE), {level}. {told}"
            )
        figures["texture"] = pictures.texture_figure(views, f"Edge and texture descriptors (PIQE). {told}")
        if len(found.along_training) > 1:
            weights = {term.name: term.weight for term in found.terms}
            figures["gradients"] = pictures.gradient_figure(found.along_training, weights, f"{method.id}, {task}")
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
