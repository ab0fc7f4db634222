"""The `data` commands as a person uses them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmark.cli import data as topic
from benchmark.core.errors import BadData, UnknownName
from benchmark.core.types import Scale
from benchmark.datasets import dataset_ids, describe, resolve
from benchmark.datasets.passport import passports
from benchmark.images.io import image_size
from tests.datasets.trees import TREES, picture

app = typer.Typer()
topic.register(app)


@app.callback()
def _group() -> None:
    """Keeps `data` a sub-command."""


def call(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["data", *map(str, words)], env={"COLUMNS": "80"}, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_list_fits_in_80_columns(tmp_path: Path) -> None:
    (tmp_path / "gopro").mkdir()
    lines = call("list", "--root", tmp_path).splitlines()
    assert len(lines) == len(dataset_ids()) + 1
    assert max(map(len, lines)) <= 80
    rows = {line.split()[0]: line for line in lines}
    assert rows["gopro"].split() == ["gopro", "test", "deblurring", "rgb-uint8-volumetric", "1,111", "yes"]
    assert rows["rain13k"].split() == ["rain13k", "train", "deraining", "rain13k-y", "13,711", "-"]
    trained = {id: rows[id].split()[1] for id in dataset_ids()}
    assert {id for id, use in trained.items() if use == "train"} == set(dataset_ids("train"))
    assert rows["hide"].endswith("-") or rows["hide"].rstrip().endswith("-")
    assert "embedded" in rows["mini-gopro"]
    for id in dataset_ids():
        assert id in rows


@pytest.mark.parametrize("name", passports())
def test_where_says_where_and_what(tmp_path: Path, name: str) -> None:
    text = call("where", name, "--root", tmp_path)
    assert text.splitlines()[0] == str(tmp_path / describe(name).folder)
    assert describe(name).source in text
    assert describe(name).by_hand in text


def test_where_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLKD_BENCH_DATA", str(tmp_path / "mine"))
    assert call("where", "hide").startswith(str(tmp_path / "mine/hide"))
    assert "embedded" in call("where", "mini-hide")


def test_verify_prints_every_problem(tmp_path: Path, expect: Callable[..., None]) -> None:
    names = TREES["rain100l", "official"](tmp_path / "rain100l")
    expect("rain100l", len(names))
    text = call("verify", "rain100l", "--root", tmp_path, "--full", "--sums", tmp_path / "sums.txt")
    assert "all is well" in text
    assert "sha256 of everything" in text
    assert call("verify", "rain100l", "--root", tmp_path, "--sums", tmp_path / "sums.txt").count("\n") == 3
    picture(tmp_path / "rain100l/norain/norain-002.png", 5)
    assert "norain/norain-002.png" in call(
        "verify", "rain100l", "--root", tmp_path, "--sums", tmp_path / "sums.txt", code=1
    )
    (tmp_path / "rain100l/norain/norain-010.png").unlink()
    (tmp_path / "rain100l/norain/extra.txt").write_text("x")
    text = call("verify", "rain100l", "--root", tmp_path, code=1)
    assert "extra.txt" in text
    assert "norain-010x2.png" in text
    assert "2 problems" in text


def test_verify_a_folder_named_like_an_official_set(tmp_path: Path) -> None:
    TREES["rain100l", "input-target"](tmp_path / "gopro")
    assert "all is well" in call("verify", tmp_path / "gopro")


def test_prepare_and_show(tmp_path: Path, expect: Callable[..., None]) -> None:
    names = TREES["gopro", "official"](tmp_path / "gopro")
    expect("gopro", len(names))
    assert "6 pairs" in call("prepare", "gopro", "--root", tmp_path, "--out", tmp_path / "plain")
    text = call("show", tmp_path / "plain", "--out", tmp_path / "sheet.png", "--count", 4)
    assert "GOPR0384_11_00-000001" in text
    assert image_size(tmp_path / "sheet.png")[0] > 300
    with pytest.raises(BadData, match="embedded"):
        call("prepare", "mini-gopro", "--out", tmp_path / "x")


def test_show_an_embedded_set(tmp_path: Path) -> None:
    call("show", "mini-gopro", "--out", tmp_path / "sheet.png", "--count", 1)
    assert image_size(tmp_path / "sheet.png")[1] > 100


def test_fetch_by_hand_exits_with_3(tmp_path: Path) -> None:
    text = call("fetch", "test2800", "--root", tmp_path, code=3)
    assert "drive.google.com" in text
    assert str(tmp_path / "test2800") in text
    assert "embedded" in call("fetch", "mini-gopro")
    with pytest.raises(BadData, match="64"):
        call("fetch", "gopro", "--url", "http://127.0.0.1:1/a", "--sha256", "abc", "--root", tmp_path)


def test_names() -> None:
    assert resolve("Rain1400", Scale.MINI) == "mini-rain1400"
    assert resolve("mini-gopro", Scale.PAPER) == "mini-gopro"
    assert resolve("gopro", Scale.PAPER) == "gopro"
    assert resolve("polyu", Scale.MINI) == "polyu"
    with pytest.raises(UnknownName, match="rain1400"):
        resolve("rain140")
    with pytest.raises(UnknownName, match="kodak24-sigma15"):
        resolve("kodak24")


def test_listing_needs_no_torch() -> None:
    code = (
        "import sys; from benchmark.datasets import dataset_ids, describe, resolve; import benchmark.cli.data;"
        "[describe(id) for id in dataset_ids()]; resolve('gopro'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", passports())
def test_passports_are_complete(name: str) -> None:
    from benchmark.datasets.layouts import READERS
    from benchmark.datasets.pairing import RULES
    from benchmark.protocols import protocol_ids

    passport = describe(name)
    assert passport.protocol in protocol_ids()
    assert passport.count > 0
    assert passport.source.startswith("http")
    assert passport.licence
    assert f"{{{passport.citation}," in passport.bibtex
    assert passport.overlap
    assert passport.by_hand
    for layout in passport.layouts:
        assert layout.kind in READERS
        if layout.kind in ("pairs", "listing"):
            assert layout.rule in RULES
    if passport.role == "test":
        assert passport.trained_on


def test_ddn_overlaps_half_of_test2800() -> None:
    for id, other in (("test2800", "ddn-train"), ("ddn-train", "test2800")):
        assert "1,400 of" in describe(id).overlap[other]
        assert "801 to 900" in describe(id).overlap[other]
