"""What commands print for programs: whole and unrounded in the narrowest terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.cli.lazy import COMMANDS, load
from benchmark.core.types import Scale
from benchmark.methods.catalogue import methods
from tests.views.report.conftest import fabricate


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("COLUMNS", "40")
    load(arguments[0])(arguments[1:], standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def test_methods_have_their_whole_ids(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = printed(["list", "methods", "--json"], capsys, monkeypatch)
    assert isinstance(rows, list)
    assert [row["method"] for row in rows][: len(methods())] == [method.id for method in methods()]


@pytest.mark.parametrize("words", [["data", "list", "--json"], ["weights", "list", "--json"]])
def test_other_lists_are_objects(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = printed(words, capsys, monkeypatch)
    assert isinstance(rows, list)
    assert len(rows) > 5
    assert all(isinstance(row, dict) and len(row) > 3 for row in rows)


def test_comparisons_are_unrounded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fabricate(tmp_path, "identity", "mini-rain1400", 22.1, 0.71)
    fabricate(tmp_path, "prenet", "mini-rain1400", 31.7512345, 0.91)
    where = ["--out", str(tmp_path), "--scale", str(Scale.MINI), "--json"]
    rows = printed(["compare", "identity", "prenet", *where], capsys, monkeypatch)
    assert isinstance(rows, list)
    assert rows[0]["psnr"]["mean"] == pytest.approx(9.6512345, abs=1e-9)
    found = printed(["worst", "prenet", *where], capsys, monkeypatch)
    assert isinstance(found, dict)
    assert found["poorest"][0]["psnr"] == pytest.approx(31.7512345 - 3.5)


NO_TABLE = {  # they say what they did, in lines or files
    *("train", "merge", "figure", "report", "claims validate", "weights import", "weights fetch", "weights verify"),
    *("data new", "data fetch", "data verify", "data prepare", "data show", "study run", "study merge"),
}


def leaves() -> Iterator[tuple[str, Any]]:
    for name in COMMANDS:
        command: Any = load(name)
        for inner, one in getattr(command, "commands", {"": command}).items():
            yield f"{name} {inner}".strip(), one


def test_every_command_that_prints_a_table_has_json() -> None:
    with_json = {name for name, one in leaves() if any("--json" in parameter.opts for parameter in one.params)}
    assert {name for name, _ in leaves()} == with_json | NO_TABLE
    assert not with_json & NO_TABLE


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["claims", "papers", "--json"], "paper"),
        (["claims", "list", "III", "--json"], "text"),
        (["verdict", "III", "--scale", "paper", "--json"], "status"),
        (["audit", "paper", "--json"], "lint"),
        (["identify", "34.18/0.944", "--json"], "sentence"),
        (["study", "list", "--json"], "study"),
        (["list", "datasets", "--json"], "data set"),
        (["profile", "res-sl", "--scale", "mini", "--size", "64", "--json"], "complexity"),
    ],
)
def test_lines_are_objects_with_what_the_table_shows(
    words: list[str], key: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = printed(words, capsys, monkeypatch)
    assert isinstance(rows, list)
    assert rows
    assert all(row[key] for row in rows)


def test_a_number_on_no_record_is_an_empty_list_and_exit_code_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load("identify")(["99.99/0.999", "--json"], standalone_mode=False) == 1
    assert json.loads(capsys.readouterr().out) == []


def test_a_place_and_a_folder_of_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = printed(["data", "where", "gopro", "--root", str(tmp_path), "--json"], capsys, monkeypatch)
    assert isinstance(where, dict)
    assert (where["present"], where["place"], where["counts"]) == (False, str(tmp_path / "gopro"), [1111])
    fabricate(tmp_path, "identity", "mini-rain1400", 22.1, 0.71)
    found = printed(["status", "--quick", "--out", str(tmp_path), "--json"], capsys, monkeypatch)
    assert isinstance(found, dict)
    assert [(group["dataset"], group["cells"]) for group in found["groups"]] == [("mini-rain1400", 1)]


def test_a_run_and_a_score_print_json_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "runs")
    words = ["run", "-m", "identity", "-d", "sidd", "--limit", "2", "--out", out, "--device", "cpu"]
    saved = ["--save-images", str(tmp_path / "images")]
    first = printed([*words, *saved, "--json"], capsys, monkeypatch)
    assert isinstance(first, dict)
    assert (first["computed"], first["already_done"], first["failed"]) == (1, 0, {})
    (line,) = first["results"]
    assert (line["method"], line["dataset"], line["images"]) == ("identity", "mini-sidd", 2)
    folder = tmp_path / "images" / "mini-sidd" / "identity"
    score = ["score", str(folder), "-d", "mini-sidd", "--limit", "2", "--out", out, "--name", "mine", "--json"]
    again = printed(score, capsys, monkeypatch)
    assert isinstance(again, dict)
    assert again["psnr"] == pytest.approx(line["psnr"], abs=0.05)  # saved images are rounded to bytes
    assert Path(again["file"]).is_file()
    matrix = printed([*score[:-1], "--protocol", "all", "--json"], capsys, monkeypatch)
    assert isinstance(matrix, list)
    assert {row["variant"] for row in matrix} >= {"as given", "rounded"}
