"""Passports of the user's own: found, used like shipped ones, and told with file, line and key where they are wrong."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core import paths
from benchmark.core.errors import BadData
from benchmark.datasets import dataset_ids, describe, get_dataset
from benchmark.datasets.passport import FOLDER, passports, read_passport

GOOD = """\
title = "Our haze"
task = "dehazing"
protocol = "rgb"
counts = [2]

[[layouts]]
id = "input-target"
kind = "pairs"
degraded = ["input/*"]
clean = ["target/*"]
"""


@pytest.fixture
def own() -> Path:
    folder = paths.user_passports()
    folder.mkdir(parents=True)
    return folder


def pictures(folder: Path) -> Path:
    for side in ("input", "target"):
        (folder / side).mkdir(parents=True)
        for number in range(2):
            values = np.random.default_rng(number).integers(0, 256, (16, 20, 3), dtype=np.uint8)
            Image.fromarray(values).save(folder / side / f"{number}.png")
    return folder


def test_shipped_passports_have_the_form() -> None:
    for file in sorted(FOLDER.glob("*.toml")):
        assert read_passport(file, own=True) == read_passport(file, own=False)


def test_an_own_passport_is_like_a_shipped_one(own: Path) -> None:
    (own / "ourhaze.toml").write_text(GOOD)
    pictures(paths.data() / "ourhaze")
    assert "ourhaze" in dataset_ids()
    assert describe("ourhaze").task == "dehazing"
    assert len(get_dataset("ourhaze")) == 2
    done = CliRunner().invoke(app, ["data", "verify", "ourhaze"])
    assert done.exit_code == 0, done.output
    assert "ourhaze" in CliRunner().invoke(app, ["data", "list"], env={"COLUMNS": "200"}).output


def test_a_changed_passport_is_read_again(own: Path) -> None:
    file = own / "ourhaze.toml"
    file.write_text(GOOD)
    assert describe("ourhaze").counts == (2,)
    file.write_text(GOOD.replace("counts = [2]", "counts = [3]"))
    os.utime(file, ns=(1, 1))
    assert describe("ourhaze").counts == (3,)
    file.unlink()
    assert "ourhaze" not in passports()


def test_files_named_for_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "named.toml").write_text(GOOD)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside.toml").write_text(GOOD)
    both = os.pathsep.join((str(tmp_path / "named.toml"), str(tmp_path / "folder")))
    monkeypatch.setenv("SLKD_BENCH_PASSPORTS", both)
    assert {"named", "inside"} <= passports().keys()
    monkeypatch.setenv("SLKD_BENCH_PASSPORTS", str(tmp_path / "none.toml"))
    with pytest.raises(BadData, match=r"none\.toml"):
        passports()


def test_two_of_one_id_are_refused_and_both_named(own: Path) -> None:
    (own / "gopro.toml").write_text(GOOD)
    with pytest.raises(BadData) as caught:
        passports()
    assert str(own / "gopro.toml") in caught.value.found
    assert str(FOLDER / "gopro.toml") in caught.value.found


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("counts = [2]", 'counts = "two"', 4, "counts"),
        ("counts = [2]", "count = [2]", 4, "count"),
        ('task = "dehazing"', 'task = "De Haze"', 2, "task"),
        ('protocol = "rgb"', 'protocol = "rbg"', 3, "expected a protocol"),
        ('kind = "pairs"', 'kind = "pears"', 8, "layouts.0.kind"),
        ('clean = ["target/*"]', 'clean = ["../*"]', 10, "inside the data set's folder"),
        ('clean = ["target/*"]', 'rule = "equals"', 10, "pair rule"),
        ("counts = [2]", 'scene = "("', 4, "regular expression"),
        ("counts = [2]", 'scene = "x"', 4, "one group"),
        ("counts = [2]", "counts = [2", 4, "TOML"),
        ('title = "Our haze"', "", 0, "title"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, line: int, says: str, own: Path) -> None:
    (own / "ourhaze.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(BadData) as caught:
        passports()
    assert says in str(caught.value)
    assert str(own / "ourhaze.toml") in str(caught.value)
    if line and says != "TOML":
        assert f"line {line})" in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = " + b"[" * 5000, b"", b"title = 3"])
def test_files_that_are_no_passport(content: bytes, own: Path) -> None:
    (own / "x.toml").write_bytes(content)
    with pytest.raises(BadData, match=r"x\.toml"):
        passports()


def test_names_that_are_no_id(own: Path) -> None:
    (own / "My Set.toml").write_text(GOOD)
    with pytest.raises(BadData, match="Rename"):
        passports()


def test_a_passport_from_a_folder(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "Private Set")
    run = CliRunner().invoke
    done = run(app, ["data", "new", str(folder), "--task", "deraining", "--protocol", "rgb"])
    assert done.exit_code == 0, done.output
    assert (paths.user_passports() / "private-set.toml").is_file()
    data = get_dataset("private-set")
    assert len(data) == 2
    assert data.task == "deraining"
    assert run(app, ["data", "verify", "private-set"]).exit_code == 0
    again = run(app, ["data", "new", str(folder), "--task", "deraining", "--protocol", "rgb"])
    assert isinstance(again.exception, BadData)
