"""Figures of somebody's own: what is shown of any methods and sets, with costs recorded beside the results."""

from __future__ import annotations

import dataclasses
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core.errors import BadData, BadMethod, SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.costs.card import DeviceCard
from benchmark.costs.records import Complexity, Latency, write_complexity, write_latencies
from benchmark.runs.choose import FolderOptions
from benchmark.runs.command import run
from benchmark.runs.options import RunOptions, RunRequest
from benchmark.views.figures.command import make_figure
from benchmark.views.figures.crop import choose
from benchmark.views.figures.pareto import Point
from benchmark.views.figures.pareto_plot import axis_of
from benchmark.views.figures.request import Request
from benchmark.views.figures.style import drawing
from benchmark.views.tables.results import read_results


def test_a_crop_that_is_black_is_not_chosen_however_much_the_methods_differ_there() -> None:
    rng = np.random.default_rng(0)
    clean = np.zeros((64, 64, 3))
    clean[:, 32:] = rng.random((64, 32, 3))
    noisy, other = clean.copy(), clean.copy()
    noisy[:, :24] += 0.5
    other[:, 40:] += 0.1
    crop, rule = choose(clean, [noisy, other, clean], clean)
    assert crop.of(clean).std() > 0.1
    assert "detail" in rule


def test_a_flat_image_has_a_crop_as_well() -> None:
    flat = np.full((32, 32, 3), 0.5)
    crop, _ = choose(flat + 0.1, [], flat)
    assert crop.of(flat).shape == (12, 12, 3)


def test_a_font_that_is_not_there_is_named() -> None:
    import matplotlib

    with drawing("stixgeneral"):
        assert matplotlib.rcParams["font.family"] == ["STIXGeneral"]
    with pytest.raises(UnknownName, match="Helvetica Never"), drawing("Helvetica Never"):
        pass


def test_a_figure_of_ones_own_needs_rows_and_columns(tmp_path: Path) -> None:
    request = Request("own", Scale.MINI, tmp_path, tmp_path, methods=("identity",))
    with pytest.raises(BadMethod, match="--method and --dataset"):
        make_figure(request, Console(file=StringIO()))


def test_costs_recorded_beside_the_results_stand_before_those_of_the_suite(tmp_path: Path) -> None:
    before = read_results(tmp_path, Scale.MINI)
    write_complexity([Complexity("mynet", "mini", "own", 512, 7, 7, 0.5, 1.0)], {}, tmp_path)
    card = DeviceCard("My machine", "cpu", "2.13.0", "fp32", "eager")
    write_latencies(card, [Latency("mynet", "mini", "own", 512, 3.0, 2.0, 4.0, None, 5)], tmp_path)
    results = read_results(tmp_path, Scale.MINI)
    assert results.complexity == before.complexity | {("mynet", "own"): results.complexity["mynet", "own"]}
    assert results.complexity["mynet", "own"].parameters == 7
    assert list(results.latency) == [("mynet", "own")]
    assert "My machine" in results.device


NET = "mine=tests.methods.nets:Smooth"


def pairs(base: Path, names: str = "abcd") -> Path:
    rng = np.random.default_rng(0)
    for side in ("input", "target"):
        (base / side).mkdir(parents=True)
        for name in names:
            Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(base / side / f"{name}.png")
    return base


def test_a_missing_partner_is_left_out_and_named(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "rainy")
    (folder / "target" / "b.png").unlink()
    for keep_going in (False, True):
        folders = FolderOptions("rgb", Task.DERAINING, keep_going)
        request = Request("own", Scale.MINI, tmp_path / "runs", tmp_path / "figures", formats=("png",), folders=folders)
        request = dataclasses.replace(request, methods=(NET,), datasets=(str(folder),))
        if not keep_going:
            with pytest.raises(BadData, match="clean partner"):
                make_figure(request, Console(file=StringIO()))
            continue
        drawn = make_figure(request, Console(file=StringIO()))
        assert [path.name for path in drawn.paths] == ["figure-own-mini.png"]
        (line,) = drawn.left_out
        assert line.startswith("b of rainy@rgb: expected a clean partner")
        words = [
            "figure",
            "own",
            "-m",
            NET,
            "-d",
            str(folder),
            "--protocol",
            "rgb",
            "--task",
            "deraining",
            "--keep-going",
        ]
        words += ["--out", str(tmp_path / "runs"), "--to", str(tmp_path / "again"), "--format", "png"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 1, done.output
        assert "left out b of rainy@rgb" in done.output


def test_a_folder_without_any_pair_that_can_be_shown_is_refused(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "rainy", "a")
    (folder / "target" / "a.png").write_bytes(b"no picture")
    folders = FolderOptions("rgb", Task.DERAINING, keep_going=True)
    request = Request("own", Scale.MINI, tmp_path, tmp_path, methods=(NET,), datasets=(str(folder),), folders=folders)
    with pytest.raises(BadData, match="image of rainy@rgb that can be shown"):
        make_figure(request, Console(file=StringIO()))


def test_a_folder_is_found_by_the_name_that_results_remember(tmp_path: Path) -> None:
    folder, out = pairs(tmp_path / "rainy"), tmp_path / "runs"
    first = RunRequest((NET, "identity"), (str(folder),), out=out, protocol="rgb", task=Task.DERAINING)
    assert run(first).computed == 2
    again = run(RunRequest(("mine", "identity"), ("rainy",), out=out, options=RunOptions()))
    assert (again.computed, again.already_done) == (0, 2)
    request = Request("own", Scale.MINI, out, tmp_path, formats=("png",), methods=("mine",), datasets=("rainy",))
    assert make_figure(request, Console(file=StringIO())).left_out == []
    run(RunRequest(("identity",), (str(folder),), out=out, protocol="rain13k-y", task=Task.DERAINING))
    with pytest.raises(SlkdBenchError, match="one protocol for the folder 'rainy'"):
        run(RunRequest(("identity",), ("rainy",), out=out))
    assert run(RunRequest(("identity",), ("rainy@rgb",), out=out)).already_done == 1


def test_a_figure_counts_few_parameters_one_by_one() -> None:
    few = [Point("mine", "mine", 29.0, 30.0)]
    assert axis_of(few, "parameters") == (1.0, "parameters")
    assert axis_of([Point("mine", "mine", 2.9e4, 30.0), *few], "parameters") == (1e3, "parameters (thousands)")
    assert axis_of([Point("mine", "mine", 2.9e6, 30.0), *few], "parameters") == (1e6, "parameters (millions)")
