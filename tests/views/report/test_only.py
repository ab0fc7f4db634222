"""A report of chosen methods: their results and costs in a table and in the plots, without the claims of any paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.core.errors import BadResult, UnknownName
from benchmark.core.types import Scale
from benchmark.costs.records import Complexity, write_complexity
from benchmark.runs.cells import FOLDERS, Cell, ImageScore, cell_path, write_cell
from benchmark.views.report.chosen import only
from benchmark.views.report.command import Request, write_report
from benchmark.views.tables.grid import read_results
from tests.views.report.conftest import fabricate

FOLDER = "rainy@rain13k-y"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a network of one's own on a mini set and on a folder, beside two of the suite; its cost."""
    out = tmp_path_factory.mktemp("runs")
    for method, psnr in (("identity", 22.0), ("prenet", 31.0), ("res-sl-slkd", 33.0), ("mynet", 30.0)):
        fabricate(out, method, "mini-rain1400", psnr, 0.9)
    scores = tuple(ImageScore(str(i), str(i), 25.0 + i, 0.8) for i in range(3))
    remembered = {"loader": "python:mynet:MyNet", "weights": "../best.pth", "multiple": 4}
    origin = {"folder": "../data/rainy", "task": "deraining", "method": remembered}
    key = {"protocol": "rain13k-y@1", "network": "", "limit": None}
    write_cell(
        cell_path(out, "mynet", FOLDER, FOLDERS), Cell("mynet", FOLDER, FOLDERS, 0, key, {}, scores, {}, 3, origin)
    )
    write_complexity([Complexity("mynet", "mini", "own", 512, 29, 29, 0.0102, 0.02)], {}, out)
    return out


def page(out: Path, to: Path, *names: str) -> str:
    write_report(Request(Scale.MINI, out, to / "r.html", images=0, only=names, latex=to / "r.tex"))
    return (to / "r.html").read_text(encoding="utf-8")


def test_own_results_alone_have_no_claims_and_no_table_of_dashes(own: Path, tmp_path: Path) -> None:
    text = page(own, tmp_path, "own")
    assert "Results of mynet" in text
    assert 'id="verdicts"' not in text
    assert "PReNet" not in text
    assert len(re.findall(r'<table class="comparison"', text)) == 1
    assert {"0.000029M", "0.0102G"} <= set(re.findall(r"[\d.]+[MG]", text))
    assert 'href="#tables">To the tables' in text
    latex = (tmp_path / "r.tex").read_text(encoding="utf-8")
    assert "mynet" in latex
    assert "PReNet" not in latex


def test_own_networks_stand_in_the_plots_with_their_costs(own: Path, tmp_path: Path) -> None:
    alone = page(own, tmp_path, "own")
    assert "mynet: 26.00 dB at 0.0102 GMACs" in alone  # the folder
    assert "mynet: 30.00 dB at 0.000029 M" in alone
    beside = page(own, tmp_path, "own", "res-sl")
    assert "Res-SL: 33.00 dB at" in beside
    assert "mynet: 30.00 dB at 0.0102 GMACs" in page(own, tmp_path)  # in the whole report too


def test_commands_are_those_that_the_results_remember(own: Path, tmp_path: Path) -> None:
    text = re.sub("<[^>]*>", "", page(own, tmp_path, "own"))
    given = "run --method mynet=mynet:MyNet@weights=best.pth,multiple=4 --dataset rainy=data/rainy"
    assert f"slkd-bench {given} --protocol rain13k-y --task deraining" in text
    write_report(Request(Scale.MINI, own, tmp_path / "pictures.html", only=("own",)))
    pictures = re.sub("<[^>]*>", "", (tmp_path / "pictures.html").read_text(encoding="utf-8"))
    assert "slkd-bench run --method mynet --dataset mini-rain1400 --dataset rainy@rain13k-y" in pictures


def test_names_that_have_no_results_are_refused(own: Path, tmp_path: Path) -> None:
    results = read_results(own, Scale.MINI)
    with pytest.raises(UnknownName, match="mynett"):
        only(results, ["mynett"])
    with pytest.raises(BadResult, match="results of restormer"):
        only(results, ["restormer"])
    fabricate(tmp_path, "prenet", "mini-rain1400", 31.0, 0.9)
    with pytest.raises(BadResult, match="network of your own"):
        only(read_results(tmp_path, Scale.MINI), ["own"])
