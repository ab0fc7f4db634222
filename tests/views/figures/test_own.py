"""Figures of somebody's own: what is shown of any methods and sets, with costs recorded beside the results."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.types import Scale
from benchmark.costs.card import DeviceCard
from benchmark.costs.records import Complexity, Latency, write_complexity, write_latencies
from benchmark.views.figures.command import make_figure
from benchmark.views.figures.crop import choose
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
