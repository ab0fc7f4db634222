"""Pareto fronts and validation curves: what is drawn from files, and that names do not overlap."""

from __future__ import annotations

import itertools
import json
import math
import random
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from benchmark.core import paths
from benchmark.core.errors import BadResult, BadWeights
from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.costs.records import Complexity, Latency
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.weights import store
from benchmark.papers.read import get_paper
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.views.figures import command, convergence_plot, pareto_plot
from benchmark.views.figures.convergence import Curve, read_curves
from benchmark.views.figures.labels import Box, place
from benchmark.views.figures.pareto import Point, front, mean_psnr, points
from benchmark.views.figures.request import Request
from benchmark.views.figures.style import drawing, marks
from benchmark.views.tables.grid import Results, read_results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SAID = get_paper().figures
SETS = ("mini-rain1400", "mini-test1200", "mini-gopro", "mini-hide", "mini-sidd")


def write(out: Path, method: str, dataset: str, psnr: float, seed: int = 0) -> None:
    cell = Cell(method, dataset, "mini", seed, {"limit": None}, {}, (ImageScore("a", "s", psnr, 0.9),))
    write_cell(cell_path(out, method, dataset, "mini", seed), cell)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cell of every method on every set of its tasks, data-free DFKD below the degraded input."""
    tmp_path = tmp_path_factory.mktemp("runs")
    rng = random.Random(3)
    for dataset, task in zip(SETS, ("deraining",) * 2 + ("deblurring",) * 2 + ("denoising",), strict=True):
        for method in methods():
            if task in method.tasks:
                low = {"identity": 25.0}.get(method.id, 20.0 if method.distiller == "dfkd" else None)
                write(tmp_path, method.id, dataset, low or 30 + rng.random())
    return tmp_path


def say() -> Console:
    return Console(file=StringIO(), width=200)


def test_the_front_by_hand() -> None:
    given = [
        Point("a", "", 1.0, 30.0),
        Point("b", "", 2.0, 29.0),
        Point("c", "", 2.0, 31.0),
        Point("d", "", 3.0, 31.0),
        Point("e", "", 4.0, 33.0),
        Point("f", "", 1.0, 28.0),
        Point("g", "", 4.0, 33.0),
    ]
    assert [p.method for p in front(given)] == ["a", "c", "e", "g"]
    assert [p.method for p in front(reversed(given))] == ["a", "c", "g", "e"]
    assert front([]) == []


def test_points_average_seeds_then_sets_and_need_every_set(tmp_path: Path) -> None:
    write(tmp_path, "res-sl-slkd", "mini-rain1400", 30.0)
    write(tmp_path, "res-sl-slkd", "mini-rain1400", 32.0, seed=1)
    write(tmp_path, "res-sl-slkd", "mini-test1200", 27.0)
    write(tmp_path, "restormer", "mini-rain1400", 33.0)
    results = read_results(tmp_path, Scale.MINI)
    results.complexity = {("res-sl", "deraining"): Complexity("res-sl", "mini", "deraining", 512, 1000, 1000, 2.5, 5.0)}
    results.latency = {("res-sl", "deraining"): Latency("res-sl", "mini", "deraining", 256, 7.5, 7.0, 8.0, None, 5)}
    chosen = [get_method("res-sl-slkd"), get_method("restormer"), get_method("identity"), get_method("vdn")]
    for cost, expected in (("gmacs", 2.5), ("parameters", 1000.0), ("latency", 7.5)):
        found = points(results, chosen, SETS[:2], "deraining", cost)
        assert found == [Point("res-sl-slkd", "res-sl", expected, 29.0)]
    assert mean_psnr(results, "restormer", SETS[:2]) is None
    assert mean_psnr(results, "restormer", SETS[:1]) == 33.0
    assert points(results, chosen, SETS[:1], "deraining", "gmacs") == [Point("res-sl-slkd", "res-sl", 2.5, 31.0)]


def test_a_network_with_one_record_serves_all_its_tasks() -> None:
    cell = Cell("res-sl-slkd", "mini-gopro", "mini", 0, {}, {}, (ImageScore("a", "", 27.0, 0.9),))
    own = {("res-sl", "deraining"): Complexity("res-sl", "mini", "deraining", 512, 10, 10, 2.0, 4.0)}
    results = Results(Scale.MINI, {("res-sl-slkd", "mini-gopro"): [cell]}, own)
    assert points(results, [get_method("res-sl-slkd")], ["mini-gopro"], "deblurring", "gmacs")[0].cost == 2.0
    results.complexity["res-sl", "deblurring"] = replace(own["res-sl", "deraining"], gmacs=3.0)
    assert points(results, [get_method("res-sl-slkd")], ["mini-gopro"], "deblurring", "gmacs")[0].cost == 3.0


def test_names_take_the_first_free_place() -> None:
    bounds = Box(0, 0, 100, 100)
    (right,) = place([(50, 50)], [(20, 10)], [], bounds, 2)
    assert right == Box(52.6, 45, 72.6, 55)
    (left,) = place([(50, 50)], [(20, 10)], [Box(60, 40, 70, 60)], bounds, 2)
    assert left == Box(27.4, 45, 47.4, 55)
    (edge,) = place([(95, 50)], [(20, 10)], [], bounds, 2)
    assert edge.right <= 95
    two = place([(50, 50), (50, 50)], [(20, 10)] * 2, [], bounds, 2)
    assert two[0].overlap(two[1]) == 0


def test_no_name_lies_on_the_line_of_another() -> None:
    crowd = [Box(35, 35, 65, 65)]  # both names have to go far from their points, so lines lead to them
    first, second = place([(50, 50), (50, 53)], [(20, 10)] * 2, crowd, Box(0, 0, 100, 100), 2)
    assert first == Box(68, 45, 88, 55)
    assert second == Box(12, 48, 32, 58)  # above would be nearer, but its line would pass the first one's


def drawn_front(out: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Figure, list[Axes], str]:
    """The figure with its panels, in none of which a name covers another, and what was said meanwhile."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    kept: list[Figure] = []

    def keep(figure: Figure, *_: object) -> list[Path]:
        kept.append(figure)
        return []

    monkeypatch.setattr(command, "save", keep)
    monkeypatch.setattr(command, "write_atomically", lambda *_: None)  # no caption among the results
    said = StringIO()
    command.make_figure(Request("pareto", Scale.MINI, out, out, columns=columns), Console(file=said, width=200))
    (figure,) = kept
    renderer = FigureCanvasAgg(figure).get_renderer()
    panels = [axes for axes in figure.axes if axes.get_label()]
    for axes in panels:
        names = [text for text in axes.texts if text.get_gid() == "name"]
        assert names  # what is on the front, and only that
        for one, other in itertools.combinations([name.get_window_extent(renderer) for name in names], 2):
            assert not one.padded(-1).overlaps(other.padded(-1))
        steps = np.asarray(next(line for line in axes.lines if line.get_gid() == "front").get_xydata())
        assert len(names) == len(steps)
    return figure, panels, said.getvalue()


@pytest.mark.parametrize("columns", [1, 2])
def test_no_name_covers_another_or_a_point_with_all_methods(
    everything: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    figure, panels, said = drawn_front(everything, columns, monkeypatch)
    per_task = len(panels) // 3
    assert per_task in (2, 3)  # GMACs, parameters, and times where they are recorded at this scale
    assert (per_task == 3) is ("no times are recorded" not in said)
    for axes in panels:
        drawn = {collection.get_gid() for collection in axes.collections}
        assert "res-sl-slkd" in drawn
        assert "res-sl-dfkd" not in drawn
    caption = next(text.get_text() for text in figure.texts if text.get_gid() == "caption").replace("\n", " ")
    assert "Below the degraded input, not drawn: deraining: Res-SL (DFKD) 20.00 dB" in caption
    assert "Degraded input: deraining 25.00" in caption


@pytest.mark.parametrize("columns", [1, 2])
def test_no_name_covers_another_among_the_reference_results(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    drawn_front(paths.results() / "mini", columns, monkeypatch)


def test_the_drawn_front_is_the_front() -> None:
    found = {
        "gmacs": [
            Point("restormer", "restormer", 20.0, 33.0),
            Point("res-sl-slkd", "res-sl", 3.0, 31.0),
            Point("res-sl-at", "res-sl", 3.0, 30.0),
        ],
        "parameters": [],
        "latency": [],
    }
    chosen = {name: get_method(name) for name in ("restormer", "res-sl-slkd", "res-sl-at")}
    with drawing():
        figure = pareto_plot.draw([pareto_plot.TaskPanels("Deraining: X", found, 20.0, chosen)], "A caption.", SAID)
        (line,) = [line for line in figure.axes[0].lines if line.get_gid() == "front"]
    assert [*map(tuple, np.asarray(line.get_xydata()).tolist())] == [(3.0, 31.0), (20.0, 33.0)]
    entries = pareto_plot.legend_entries([*chosen.values()], marks([*chosen.values()], SAID), SAID)
    assert [*entries] == ["teacher", "SLKD", "AT"]


def test_pareto_without_results_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadResult, match="slkd-bench run --all"):
        command.make_figure(Request("pareto", Scale.MINI, tmp_path, tmp_path), say())


def test_every_distiller_has_colour_and_marker_of_its_own() -> None:
    family = [m for m in methods() if m.network == "res-sl" and m.kind != "ablation"] + [get_method("restormer")]
    found = marks(family, SAID)
    assert len({(mark.colour, mark.line) for mark in found.values()}) == len(family)
    assert len({mark.marker for mark in found.values()}) == len(family)
    others = marks([m for m in methods() if m.kind in ("lightweight", "ablation")], SAID)
    assert len({(mark.colour, mark.line) for mark in others.values()}) == len(others)


def card(home: Path, method: str, task: str, seed: int, validation: list[list[float]]) -> None:
    path = home / "weights" / store.relative_path(method, task, "mini", seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    path.with_suffix(".json").write_text(json.dumps({"validation": validation}))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that alone has weights."""
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path))
    monkeypatch.setattr("benchmark.core.paths.packaged_weights", lambda: tmp_path / "none")
    return tmp_path


def test_curves_come_from_cards_then_from_logs(home: Path) -> None:
    card(home, "res-sl-slkd", "deraining", 0, [[500, 28.0], [1000, 30.0]])
    card(home, "res-sl-slkd", "deraining", 1, [[500, 29.0], [1000, 30.5], [1500, 31.0]])
    for name, psnr in (("res-sl-slkd-seed0", 1.0), ("res-sl-slkd-seed2", 27.0), ("res-sl-slkd-x-seed3", 2.0)):
        log = home / "training/mini/deraining" / name / "metrics.jsonl"
        log.parent.mkdir(parents=True)
        rows = [{"kind": "train", "step": 1}, *({"kind": "validation", "step": s, "psnr": psnr} for s in (500, 1000))]
        log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (curve,) = read_curves(
        [get_method("res-sl-slkd"), get_method("vdn")], list(ALL_TASKS), Scale.MINI, home / "training"
    )
    assert curve.task == "deraining"
    assert curve.unfinished == (2,)
    assert curve.series[0] == ((500, 28.0), (1000, 30.0))
    assert curve.band() == [(500, 28.0, 27.0, 29.0), (1000, pytest.approx((30 + 30.5 + 27) / 3), 27.0, 30.5)]


def test_a_card_with_a_broken_curve_is_named(home: Path) -> None:
    card(home, "prenet", "deraining", 0, [[500]])
    with pytest.raises(BadWeights, match="prenet"):
        read_curves([get_method("prenet")], [Task.DERAINING], Scale.MINI, home)


def test_one_panel_a_task_one_line_a_method_and_a_band_for_seeds() -> None:
    names = ("restormer", "res-sl-scratch", "res-sl-dfkd")
    series: dict[int, tuple[tuple[int, float], ...]] = {0: ((500, 28.0), (1000, 30.0)), 1: ((500, 29.0), (1000, 31.0))}
    curves = [
        Curve(name, task, series if name == "res-sl-scratch" else {0: series[0]})
        for task in ("deraining", "denoising")
        for name in names[:2]
    ]
    low = Curve("res-sl-dfkd", "denoising", {0: ((500, 12.0), (1000, 15.0))})
    with drawing():
        figure = convergence_plot.draw([*curves, low], [*map(get_method, names)], convergence_plot.Look(), "A caption.")
        assert [axes.get_label() for axes in figure.axes] == ["deraining", "denoising"]
        assert [line.get_gid() for line in figure.axes[0].lines] == ["restormer", "res-sl-scratch"]
        assert np.asarray(figure.axes[0].lines[1].get_ydata()).tolist() == [28.5, 30.5]
        assert [band.get_gid() for band in figure.axes[0].collections] == ["res-sl-scratch seeds"]
        assert 13 < figure.axes[1].get_ylim()[0] < 15  # a collapsed training ends within its panel
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["Restormer", "Res-SL (scratch)", "Res-SL (DFKD)"]


def test_all_methods_of_the_zoo_in_one_convergence_figure(home: Path) -> None:
    for method in methods():
        for task in method.tasks if method.network else ():
            for seed in range(3):
                card(
                    home,
                    method.id,
                    task,
                    seed,
                    [[s, 31 + seed / 10 - 4 * math.exp(-s / 900)] for s in range(500, 3001, 500)],
                )
    heard = StringIO()
    said = Console(file=heard, width=200)
    request = Request("convergence", Scale.MINI, home, home / "figures", formats=("png",))
    (path,) = command.make_figure(request, said).paths
    assert path.name == "convergence-mini.png"
    caption = path.with_suffix(".tex").read_text()
    assert caption.startswith("Validation PSNR while training. Scale mini")
    (within,) = command.make_figure(replace(request, to=home / "within", caption=True), said).paths
    assert Image.open(within).size[1] > Image.open(path).size[1]  # by default the caption is not in the picture
    first = path.read_bytes()
    command.make_figure(request, said)
    assert path.read_bytes() == first
    assert "left out" not in heard.getvalue()
    with pytest.raises(BadWeights, match="validation curves"):
        command.make_figure(replace(request, scale=Scale.PAPER), said)
