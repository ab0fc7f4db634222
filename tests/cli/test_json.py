"""What commands print for programs: whole and unrounded in the narrowest terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.cli.lazy import load
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
