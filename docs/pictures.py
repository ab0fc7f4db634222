"""The pictures of README and documentation, drawn from the reference results, for light and for dark pages.

python docs/pictures.py             draw the README's anew
python docs/pictures.py FOLDER      draw all of them into a folder, to look at
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.core.types import Pair
    from benchmark.views.figures.pareto_plot import TaskPanels
    from benchmark.views.figures.request import Request
    from benchmark.views.figures.restored import ImageRow

ASSETS = TOP / "docs" / "assets"
README = "pareto"  # the picture that the README shows, and that is kept in the repository


@dataclass(frozen=True)
class Theme:
    """The colours of a page: what is written, what lies behind it, and what stands for the fixed grays of the figures."""

    name: str
    ink: str
    ground: str
    grays: tuple[tuple[str, str], ...] = ()


LIGHT = Theme("light", "#1f2328", "#ffffff")
DARK = Theme(
    "dark",
    "#e6edf3",
    "#0d1117",
    (
        ("#eeeeee", "#262c36"),  # grids
        ("#aaaaaa", "#6e7681"),  # the front
        ("#777777", "#9198a1"),
        ("#444444", "#a3acb6"),  # lightweight networks
        ("#332288", "#8f7fe8"),  # the darkest of the marks
        ("#882255", "#d5648f"),
        ("#0072b2", "#3a9bdc"),
    ),
)
THEMES = (LIGHT, DARK)


@dataclass(frozen=True)
class Picture:
    """One picture: what draws it, in which form, and what it shows in words."""

    draw: Callable[[], Figure]
    form: str
    says: str


def drawn(name: str, theme: Theme) -> bytes:
    """The file of a picture for a theme: the same results give the same bytes under one version of matplotlib."""
    from benchmark.views.figures.style import drawing

    picture = PICTURES[name]
    with drawing(), _coloured(theme):
        figure = picture.draw()
        for text in figure.texts:
            if text.get_gid() == "caption":
                text.set_visible(False)
        buffer = BytesIO()
        metadata: dict[str, Any] = {"Date": None} if picture.form == "svg" else {"Software": None}
        figure.savefig(
            buffer, format=picture.form, metadata=metadata, transparent=True, bbox_inches="tight", pad_inches=0.04
        )
    if picture.form != "svg":
        return buffer.getvalue()
    return _recoloured(buffer.getvalue().decode("utf-8"), theme).encode("utf-8")


def files() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The name of every file of the gallery, and what draws it."""
    for name, picture in PICTURES.items():
        for theme in THEMES:
            yield f"{name}-{theme.name}.{picture.form}", lambda name=name, theme=theme: drawn(name, theme)  # type: ignore[misc]


def shows() -> str:
    """What the README's picture shows, as a hash of its numbers as they are drawn."""
    told = [
        [panel.title, panel.degraded and round(panel.degraded, 3)]
        + [[point.method, round(point.cost, 4), round(point.psnr, 3)] for point in panel.points["gmacs"]]
        for panel in _tasks()
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def readme_files() -> dict[Path, bytes]:
    """The README's picture for both themes, each with the hash of what it shows."""
    line = f"<!-- shows {shows()} -->\n".encode()
    return {
        ASSETS / f"{README}-{theme.name}.svg": drawn(README, theme).replace(b"<svg ", line + b"<svg ", 1)
        for theme in THEMES
    }


def _reference() -> Path:
    from benchmark.core import paths

    return paths.results() / "mini"


def _request(name: str, **options: Any) -> Request:
    from benchmark.core.types import Scale
    from benchmark.views.figures.request import Request

    return Request(name, Scale.MINI, _reference(), TOP, **options)


def _tasks() -> list[TaskPanels]:
    """Every task's methods by their multiply-accumulates."""
    from benchmark.core.types import Scale
    from benchmark.datasets import describe
    from benchmark.papers.read import get_paper
    from benchmark.views.figures.pareto import mean_psnr, points
    from benchmark.views.figures.pareto_plot import TaskPanels
    from benchmark.views.figures.request import methods_of
    from benchmark.views.tables.grid import read_results
    from benchmark.views.tables.specs import dataset_id, quality_columns, rows_of

    results, paper = read_results(_reference(), Scale.MINI), get_paper("")
    methods = methods_of(_request("pareto"), rows_of(paper.id, paper.figures.pareto))
    by_task: dict[str, list[str]] = {}
    for column in quality_columns(paper.id):
        name = dataset_id(column, Scale.MINI)
        by_task.setdefault(str(describe(name).task), []).append(name)
    panels = []
    for task, sets in by_task.items():
        found = {"gmacs": points(results, methods, sets, task, "gmacs"), "parameters": [], "latency": []}
        title = f"{task.capitalize()}, mini" + (f": mean of {len(sets)} sets" if len(sets) > 1 else "")
        panels.append(TaskPanels(title, found, mean_psnr(results, "identity", sets), {m.id: m for m in methods}))
    return panels


def _pareto() -> Figure:
    from benchmark.papers.read import get_paper
    from benchmark.views.figures.pareto_plot import draw

    return draw(_tasks(), "", get_paper("").figures)


def _convergence() -> Figure:
    from benchmark.views.figures.plots import convergence_figure

    return convergence_figure(_request("convergence", training=TOP / "no-logs"))[0]


def _restored() -> Figure:
    from benchmark.views.figures.qualitative import draw

    return draw(_rows(), "")


@cache
def _rows() -> list[ImageRow]:
    from benchmark.views.figures.command import gather
    from benchmark.views.figures.specs import OWN

    methods = ("restormer", "res-sl-scratch", "res-sl-logits", "res-sl-dckd-cross", "res-sl-slkd")
    return gather(OWN, _request("own", methods=methods, datasets=("mini-rain1400", "mini-gopro", "mini-sidd")))


def _degraded() -> Figure:
    """A pair of each mini set: degraded above, clean below."""
    from matplotlib.figure import Figure

    pairs = _pairs()
    figure = Figure(figsize=(7.16, 3.1))
    for place, (title, pair) in enumerate(pairs.items()):
        for row, (image, says) in enumerate(((pair.degraded, title), (pair.clean, "clean"))):
            axes = figure.add_axes((place / len(pairs), 0.5 - row / 2, 0.98 / len(pairs), 0.45))
            side = min(image.shape[1:])
            axes.imshow(image[:, :side, :side].permute(1, 2, 0).clamp(0, 1).numpy(), interpolation="antialiased")
            axes.set_axis_off()
            axes.set_title(says, fontsize=7, pad=2)
    return figure


@cache
def _pairs() -> dict[str, Pair]:
    """A pair of each mini set, each of another scene, by the set's title."""
    from benchmark.core.types import Scale
    from benchmark.datasets import describe, get_dataset
    from benchmark.papers.read import get_paper
    from benchmark.views.tables.specs import dataset_id, quality_columns

    names = [dataset_id(column, Scale.MINI) for column in quality_columns(get_paper("").id)]
    return {describe(name).title: get_dataset(name)[1 + 4 * place] for place, name in enumerate(names)}


def _verdicts() -> Figure:
    """How many of the paper's claims came to which verdict, a bar a table."""
    from matplotlib.figure import Figure

    from benchmark.claims.judge import verdicts
    from benchmark.claims.verdict import Status
    from benchmark.core.types import Scale

    colours = {
        Status.REPRODUCED: "#009E73",
        Status.CLOSE: "#56B4E9",
        Status.CONTRADICTED: "#D55E00",
        Status.UNTESTABLE: "#B0B7BF",
    }
    found = verdicts(_reference(), Scale.PAPER)
    tables = list(dict.fromkeys(verdict.claim.table for verdict in found))
    figure = Figure(figsize=(7.16, 0.3 * len(tables) + 0.6))
    axes = figure.add_axes((0.14, 0.3, 0.84, 0.62))
    for place, table in enumerate(tables):
        left = 0
        for status, colour in colours.items():
            count = sum(verdict.status == status for verdict in found if verdict.claim.table == table)
            axes.barh(place, count, left=left, color=colour, height=0.68, label=status if not place else None)
            if count > 3:
                axes.text(left + count / 2, place, str(count), ha="center", va="center", color="#101418", fontsize=6)
            left += count
    names = [f"Table {table}" if re.fullmatch("[IVX]+", table) else table.capitalize() for table in tables]
    axes.set_yticks(range(len(tables)), names)
    axes.invert_yaxis()
    axes.set_xlabel("claims of the paper", labelpad=2)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="lower center", bbox_to_anchor=(0.5, 0.0), ncols=4, frameon=False, borderpad=0)
    return figure


PICTURES = {
    "pareto": Picture(
        _pareto, "svg", "PSNR against multiply-accumulates of every method, for deraining, deblurring and denoising"
    ),
    "restored": Picture(_restored, "png", "Crops restored by a teacher and by its students, with their errors"),
    "verdicts": Picture(
        _verdicts, "svg", "How many claims of each of the paper's tables were reproduced, and how many not"
    ),
    "degraded": Picture(_degraded, "png", "A degraded and a clean image of each embedded data set"),
    "convergence": Picture(_convergence, "svg", "Validation PSNR while training, for each task"),
}


@contextmanager
def _coloured(theme: Theme) -> Iterator[None]:
    import matplotlib

    ink = dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), theme.ink)
    with matplotlib.rc_context({**ink, "axes.facecolor": "none", "figure.facecolor": "none"}):  # type: ignore[dict-item]
        yield


def _recoloured(svg: str, theme: Theme) -> str:
    """The figures' own black, white and grays in the colours of the theme; black is also what says no colour."""
    fixed = (("#000000", theme.ink), ("#ffffff", theme.ground), *theme.grays)
    for old, new in fixed:
        svg = re.sub(rf"(?<=: ){old}\b", new, svg)
    return svg.replace("<svg ", f'<svg fill="{theme.ink}" ', 1)


def main(arguments: Sequence[str]) -> int:
    """Draws the README's picture in its place, or all into a folder."""
    wanted = {Path(arguments[0]) / name: draw() for name, draw in files()} if arguments else readme_files()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{path}: {len(content) / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
