"""A paper is a folder: one added in a temporary place is found by every command, and a malformed one is one message."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.claims.judge import verdicts
from benchmark.claims.ledger import papers, read_ledger
from benchmark.cli import app
from benchmark.core.errors import BadFile, UnknownName
from benchmark.core.types import Scale
from benchmark.methods.catalogue import methods, own_rows
from benchmark.methods.find import get_method
from benchmark.papers import read
from benchmark.papers.read import default_paper, get_paper, open_paper, paper_ids
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.views.tables.grid import make_grid, read_results
from benchmark.views.tables.specs import get_tables, tables

HEAD = {
    "id": "mine",
    "short": "Mine",
    "title": "A Student of Mine",
    "source": "Nobody, 2030",
    "scope": "Table 1",
    "complete": True,
    "image_size": 256,
    "states": {"device": {"stated": False, "concerns": ["latency"], "what": "the device"}},
}
TABLE = {
    "table": "1",
    "columns": {
        "Rain100L": {"metrics": ["psnr", "ssim"], "dataset": "rain100l", "protocol": "rain13k-y"},
        "FLOPs": {"metrics": ["gmacs"]},
    },
    "provenance": "measured by the authors",
    "rows": [
        {"row": "PReNet", "method": "prenet", "cells": {"Rain100L": "37.10/0.977", "FLOPs": "66.2G"}},
        {"row": "Tiny", "method": "res-sl-tiny", "cells": {"Rain100L": "36.50/0.970"}},
    ],
}
SHOWN = """
[[table]]
id = "1"
caption = "Networks on Rain100L."
columns = ["rain100l", "gmacs"]
published = "1"

[[table.section]]
rows = ["identity", "prenet", "res-sl-tiny"]
unranked = ["identity"]
"""
METHODS = """
[[ablation]]
id = "res-sl-tiny"
of = "res-sl-slkd"
title = "Res-SL, tiny"
source = "Nobody, 2030"
tasks = ["deraining"]
options = { edge_texture = false }
"""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"paper.json": json.dumps(HEAD), "table-1.json": json.dumps(TABLE), "shown.toml": SHOWN}
    texts |= {"methods.toml": METHODS, "complexity.toml": "image_size = 256\n"}
    for name, text in (texts | {name.replace("_", "."): text for name, text in files.items()}).items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the user's own, and no folder opened before or after."""
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path / "home"))
    before = list(read._opened)
    yield tmp_path / "home"
    read._opened[:] = before


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for method, psnr in (("identity", 27.0), ("prenet", 37.1), ("res-sl-tiny", 36.2)):
        scores = tuple(ImageScore(f"{i}", f"{i}", psnr + i % 2 - 0.5, 0.977) for i in range(100))
        key = {"limit": None, "protocol": "rain13k-y@1", "data": "d"}
        cell = Cell(method, "rain100l", "paper", 0, key, {}, scores)
        write_cell(cell_path(tmp_path / "runs", method, "rain100l", "paper"), cell)
    return tmp_path / "runs"


@pytest.mark.parametrize("opened", [False, True])
def test_a_folder_is_a_paper_like_a_shipped_one(home: Path, tmp_path: Path, out: Path, opened: bool) -> None:
    folder = write(tmp_path / "elsewhere" if opened else home / "papers" / "whatever")
    name = open_paper(str(folder)) if opened else open_paper("mine")
    assert name == "mine"
    assert "mine" in papers()
    tiny = get_method("res-sl-tiny")
    assert (tiny.kind, tiny.network, tiny.options) == ("ablation", "res-sl", {"edge_texture": False})
    assert tiny in methods()
    grid = make_grid(get_tables("1", "mine")[0], read_results(out, Scale.PAPER))
    assert grid.groups == ("Deraining", "")
    printed = {row.title: row.entries[0].parts[0].text for section in grid.sections for row in section}
    assert printed == {"Degraded input": "27.00", "PReNet": "37.10", "Res-SL, tiny": "36.20", "Tiny": "36.50"}
    assert grid.sections[1][0].source == "Mine, Table 1"
    assert any(note.startswith("Published, not measured") for note in grid.footnotes)
    found = {v.claim.id: v for v in verdicts(out, paper="mine")}
    assert found["1.prenet.rain100l.psnr"].status == "reproduced"
    assert found["1.res-sl-tiny.rain100l.psnr"].measured == pytest.approx(36.2)


def test_every_command_takes_it(home: Path, tmp_path: Path, out: Path) -> None:
    folder = str(write(tmp_path / "elsewhere"))

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, (words, done.output, done.exception)
        return str(done.output)

    of_paper = ("--scale", "paper", "--out", str(out))
    assert "36.20" in said("table", "1", "--paper", folder, *of_paper)
    assert "Res-SL, tiny" in said("list", "methods")
    assert "res-sl-tiny" in said("list", "methods")
    assert "37.10" in said("verdict", "--scale", "paper", "--paper", folder, "--out", str(out))
    assert "not stated" not in said("audit", "paper", folder)  # no time is printed, so no device is missed
    assert "66.2G" in said("audit", "complexity", "--paper", folder)
    assert "Rain100L" in said("identify", "37.10/0.977", "--paper", folder)
    page = tmp_path / "report.html"
    said("report", "--paper", folder, *of_paper, "--to", str(page), "--no-images")
    text = page.read_text()
    assert "What is true of A Student of Mine" in text
    assert "Networks on Rain100L" in text


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"shown_toml": SHOWN.replace("rows =", "row =")}, ["shown.toml:8", "key table.1.section.1", "rows"]),
        ({"shown_toml": SHOWN.replace('"rain100l", ', '"rain100l", 3, ')}, ["shown.toml:5", "columns.2", "string"]),
        ({"shown_toml": SHOWN + SHOWN}, ["shown.toml", "'1' twice"]),
        ({"methods_toml": METHODS + "colour = 3\n"}, ["methods.toml:9", "ablation.1.colour", "known here"]),
        ({"complexity_toml": "image_size = 'big'\n"}, ["complexity.toml:1", "image_size", "integer"]),
        ({"figures_toml": "[mark.slkd]\ncolour = 'red'\n"}, ["figures.toml:1", "mark.slkd.marker", "a value"]),
        ({"paper_json": "{}"}, ["paper.json", "id"]),
    ],
)
def test_a_malformed_paper_is_one_message(home: Path, tmp_path: Path, files: dict[str, str], names: list[str]) -> None:
    folder = write(tmp_path / "elsewhere", **files)
    with pytest.raises(BadFile) as error:
        get_paper(open_paper(str(folder)))
    for name in names:
        assert name in str(error.value)


def test_an_unknown_data_set_or_row_is_named(home: Path) -> None:
    write(home / "papers" / "mine", shown_toml=SHOWN.replace('"rain100l", ', '"rain100k", '))
    with pytest.raises(UnknownName, match="rain100l"):
        tables("mine")
    write(home / "papers" / "mine", methods_toml=METHODS.replace("res-sl-slkd", "res-sl-slk"))
    with pytest.raises(BadFile, match=r"methods\.toml.*res-sl-slk"):
        methods()


def test_two_papers_of_one_id_are_refused_with_both_folders(home: Path, tmp_path: Path) -> None:
    one, other = write(home / "papers" / "one"), write(tmp_path / "other")
    with pytest.raises(BadFile) as error:
        open_paper(str(other))
    assert str(one) in str(error.value)
    assert str(other) in str(error.value)
    assert "mine" in paper_ids()  # the refused one is forgotten
    write(home / "papers" / "two")
    with pytest.raises(BadFile, match="'mine' in both"):
        paper_ids()


def test_an_unknown_paper_is_an_error(home: Path) -> None:
    with pytest.raises(UnknownName, match="restormer"):
        open_paper("restormr")


def test_the_default_may_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_paper() == "slkd"
    assert own_rows()["res-sl"] == "res-sl-slkd"
    monkeypatch.setenv("SLKD_BENCH_PAPER", "restormer")
    assert [*tables()] == ["1", "2", "6"]
    assert read_ledger().id == "restormer"


def test_code_knows_no_paper() -> None:
    """No id, package, student or table of a paper stands in the laboratory's code; the program's own name may."""
    program = re.compile(r"slkd-bench|slkd_bench\b|SLKD_BENCH(_\w+)?\b|SlkdBenchError")
    papers_own = re.compile(r"(?i:slkd|\b(res|ufor|drs)[-_]sl\b)|\bTABLES\b|Table (I|II|III|IV|V)\b")
    top = Path(__file__).parents[2] / "benchmark"
    found = [
        f"{path.relative_to(top).as_posix()}:{number}: {line.strip()}"
        for path in sorted(top.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if papers_own.search(program.sub("", line))
    ]
    assert "\n".join(found) == ""


def test_the_added_papers_touch_no_code() -> None:
    top = Path(__file__).parents[2]
    for paper in ("restormer", "dckd-dynamic"):
        done = subprocess.run(
            ["git", "log", "-1", "--diff-filter=A", "--format=%H", "--", f"results/paper/{paper}/shown.toml"],
            cwd=top,
            capture_output=True,
            text=True,
        )
        if done.returncode or not done.stdout.strip():
            pytest.skip("needs the history")
        commit = done.stdout.split()[0]
        shown = subprocess.run(
            ["git", "show", "--format=", "--name-only", commit], cwd=top, capture_output=True, text=True, check=True
        )
        assert not [name for name in shown.stdout.split() if name.endswith(".py") and not name.startswith("tests/")]
