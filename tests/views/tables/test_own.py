"""A table of somebody's own: from options or from a file, in every form; nothing is ever cut."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core.errors import BadFile, BadMethod, BadResult, UnknownName
from benchmark.core.types import Scale
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.views.tables.grid import Grid, make_grid, read_results
from benchmark.views.tables.own import OwnTable, beyond, ordered, own_tables
from benchmark.views.tables.specs import get_tables, tables
from benchmark.views.tables.terminal import print_grid

SPEC = """
[[table]]
id = "a"
caption = "Mine & yours."
label = "tab:mine"
columns = ["gopro", "lpips:gopro", "gmacs"]
pool = "section"
order = "lpips"

[[table.section]]
title = "all"
rows = ["my_net", "res-sl", "identity"]
unranked = ["identity"]
"""


def put(out: Path, method: str, dataset: str, psnr: float, scale: str = "mini") -> None:
    scores = tuple(
        ImageScore(str(i), str(i), psnr + i, 0.9 + psnr / 1000, {"lpips": (50 - psnr) / 100 + i / 1000})
        for i in range(8)
    )
    cell = Cell(method, dataset, scale, 0, {"limit": None}, {}, scores)
    write_cell(cell_path(out, method, dataset, scale), cell)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for method, psnr in (("identity", 20.0), ("res-sl-slkd", 30.0), ("my_net", 33.0)):
        for dataset in ("mini-gopro", "private"):
            put(tmp_path, method, dataset, psnr)
    put(tmp_path, "prenet", "rain100l", 37.0, "paper")
    return tmp_path


def grid(out: Path, own: OwnTable, scale: Scale = Scale.MINI) -> Grid:
    results = read_results(out, scale)
    (spec,) = own_tables(own, results)
    made = make_grid(spec, results)
    return ordered(made, spec) if spec.order else made


def numbers(found: Grid) -> dict[str, list[str]]:
    rows = [row for section in found.sections for row in section]
    return {row.title: ["/".join(p.text for p in e.parts) or e.dash for e in row.entries] for row in rows}


def test_rows_columns_and_metrics_are_those_that_were_asked_for(out: Path) -> None:
    own = OwnTable(("my_net", "Res-SL"), ("gopro", "private"), ("ssim,psnr", "lpips", "params"))
    found = grid(out, own)
    assert found.headers == (
        "after GoPro", "after GoPro LPIPS", "private", "private LPIPS", "Param.",
    )  # fmt: skip
    assert numbers(found) == {
        "my_net": ["36.50/0.933", "0.1735", "36.50/0.933", "0.1735", "–‡"],
        "Res-SL": ["33.50/0.930", "0.2035", "33.50/0.930", "0.2035", "0.120M"],
    }
    marks = {row.title: [p.mark for e in row.entries for p in e.parts] for row in found.sections[0]}
    assert marks == {"my_net": ["best"] * 6, "Res-SL": ["second"] * 6 + [""]}
    assert found.number == ""


def test_without_options_it_holds_all_that_has_results(out: Path) -> None:
    found = grid(out, OwnTable())
    assert {*numbers(found)} == {"Degraded input", "my_net", "Res-SL"}
    assert {*found.headers} == {"after GoPro", "private"}
    assert [row.ranked for row in found.sections[0] if row.method == "identity"] == [False]
    assert grid(out, OwnTable(), Scale.PAPER).headers == ("Rain100L",)


@pytest.mark.parametrize(
    ("order", "first"), [("psnr", "my_net"), ("lpips", "my_net"), ("lpips:private", "my_net"), ("gmacs", "Res-SL")]
)
def test_rows_in_the_order_of_a_metric_best_first(out: Path, order: str, first: str) -> None:
    own = OwnTable(("identity", "res-sl", "my_net"), ("gopro", "private"), ("psnr,lpips,gmacs",), order=order)
    assert grid(out, own).sections[0][0].title == first
    with pytest.raises(BadMethod, match="niqe"):
        grid(out, OwnTable(order="niqe"))


def test_a_file_says_the_same_as_options(out: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SPEC)
    found = grid(out, OwnTable(file=path))
    assert [*numbers(found)] == ["my_net", "Res-SL", "Degraded input"]
    assert (found.caption, found.label, found.titles) == ("Mine & yours.", "tab:mine", ("all",))
    with pytest.raises(BadFile, match="options alone"):
        grid(out, OwnTable(("prenet",), file=path))
    path.write_text(SPEC.replace("rows", "row"))
    with pytest.raises(BadFile, match=r"own\.toml:10"):
        grid(out, OwnTable(file=path))
    path.write_text("")
    with pytest.raises(BadFile, match="table"):
        grid(out, OwnTable(file=path))


def test_published_rows_are_marked_and_only_beside_official_sets(out: Path) -> None:
    own = OwnTable(("prenet",), ("test1200", "rain100l"), published="restormer/1")
    found = grid(out, own, Scale.PAPER)
    (measured,), printed = found.sections
    assert measured.entries[1].parts[0].text == "40.50"
    assert {row.title: row.entries[0].parts[0].text for row in printed}["MPRNet"] == "32.91"
    assert {row.ranked for row in printed} == {False}
    assert any(note.startswith("Published, not measured") for note in found.footnotes)
    mini = grid(out, OwnTable(("my_net",), ("gopro",), published="restormer/2"))
    assert len(mini.sections) == 1
    assert any("see --scale paper" in note for note in mini.footnotes)
    with pytest.raises(UnknownName):
        grid(out, OwnTable(("prenet",), ("rain100l",), published="nobody/1"), Scale.PAPER)


@pytest.mark.parametrize(
    ("own", "names"),
    [
        (OwnTable(("my_nett",)), "my_net"),
        (OwnTable(datasets=("gopr",)), "gopro"),
        (OwnTable(metrics=("lpps",)), "lpips"),
    ],
)
def test_what_is_unknown_is_named_with_what_is_near(out: Path, own: OwnTable, names: str) -> None:
    with pytest.raises(UnknownName, match=names):
        grid(out, own)


def test_no_results_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadResult, match="slkd-bench run"):
        grid(tmp_path, OwnTable(("prenet",)))


def test_a_method_of_no_table_stands_in_every_form_of_all(out: Path) -> None:
    results = read_results(out, Scale.MINI)
    (spec,) = beyond(results)
    assert spec.sections[0].rows == ("my_net",)
    forms = {"--markdown": 2, "--latex": 2, "--csv": 2, "--html": 2, "--json": 2}
    for form in forms:
        done = CliRunner().invoke(app, ["table", "all", form, "--out", str(out)])
        assert done.exit_code == 0, done.output
        assert re.search(r"my\\?_net", done.output), form


def test_csv_is_one_rectangle(out: Path) -> None:
    import pandas

    done = CliRunner().invoke(app, ["table", "all", "--csv", "--out", str(out)])
    frame = pandas.read_csv(io.StringIO(done.output))
    assert {*frame["table"]} >= {*tables(), "own"}
    assert frame.set_index(["table", "method"]).loc[("own", "my_net"), "private PSNR"] == pytest.approx(36.5)


def test_json_holds_values_marks_and_reasons(out: Path) -> None:
    done = CliRunner().invoke(app, ["table", "own", "--json", "--out", str(out), "-m", "my_net", "-m", "identity"])
    (table,) = json.loads(done.output)
    first = table["rows"][0]
    assert first["method"] == "my_net"
    assert first["entries"][0]["numbers"][0] == {"metric": "psnr", "value": 36.5, "text": "36.50", "mark": ""}


def test_options_of_an_own_table_beside_another_are_refused(out: Path) -> None:
    done = CliRunner().invoke(app, ["table", "II", "-m", "prenet", "--out", str(out)])
    assert done.exit_code == 1
    assert "table own" in str(done.exception)


@pytest.mark.parametrize(("terminal", "width"), [(True, 80), (True, 40), (False, 80), (False, 20)])
def test_no_number_and_no_name_is_ever_cut(out: Path, terminal: bool, width: int) -> None:
    results = read_results(out, Scale.MINI)
    specs = [*get_tables("all"), *own_tables(OwnTable(metrics=("psnr,ssim,lpips,gmacs,params,ms",)), results)]
    for spec in specs:
        made = make_grid(spec, results)
        file = io.StringIO()
        print_grid(Console(file=file, width=width, force_terminal=terminal, color_system=None), made)
        text = file.getvalue()
        assert "…" not in text
        for row in (row for section in made.sections for row in section):
            for entry in row.entries:
                shown = "/".join(p.text + ("°" if p.mark == "tied" else "") for p in entry.parts) or entry.dash
                assert shown in text
        if terminal and width == 80:
            assert max(map(len, text.splitlines())) <= 80
