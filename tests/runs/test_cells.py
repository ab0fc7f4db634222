from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.errors import BadOutput, BadResult
from benchmark.core.files import write_atomically
from benchmark.runs.cell_file import digest
from benchmark.runs.cells import (
    SCHEMA,
    Cell,
    ImageScore,
    as_json,
    cell_path,
    read_cell,
    read_cells,
    read_stored,
    write_cell,
)

CELL = Cell(
    "identity",
    "toy",
    "mini",
    0,
    {"weights": "", "data": "abc"},
    {"torch": "2"},
    (ImageScore("a", "s", 30.125, 0.9), ImageScore("b", "s", math.inf, 1.0)),
)


def test_a_cell_comes_back_as_it_was_written_infinity_included(tmp_path: Path) -> None:
    path = cell_path(tmp_path, "identity", "toy", "mini")
    write_cell(path, CELL)
    assert read_cell(path) == CELL
    assert math.isinf(read_cell(path).psnr)
    assert "Infinity" not in path.read_text()  # not JSON


def test_means_are_over_images() -> None:
    cell = Cell("m", "d", "mini", 0, {}, {}, (ImageScore("a", "", 30.0, 0.5), ImageScore("b", "", 40.0, 0.7)))
    assert cell.psnr == 35.0
    assert cell.ssim == pytest.approx(0.6)


def test_a_cut_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "cell.json"
    write_cell(path, CELL)
    text = path.read_text()
    for cut in (0, 1, len(text) // 2, len(text) - 5):
        path.write_text(text[:cut])
        with pytest.raises(BadResult, match="whole result file"):
            read_cell(path)


def edited(**changes: Any) -> dict[str, Any]:
    """A result file with some of its fields changed, its digest as it was."""
    return as_json(CELL) | {"schema": SCHEMA, "digest": digest(as_json(CELL))} | changes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scores": []}, "scores"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": 99.0, "ssim": 0.9}]}, "digest"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": "nan", "ssim": 0.9}]}, "psnr"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": -math.inf, "ssim": 0.9}]}, "psnr"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": math.nan, "ssim": 0.9}]}, "psnr"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": 1e6, "ssim": 0.9}]}, "PSNR between"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": 10**400, "ssim": 0.9}]}, "psnr|Overflow|large"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": 30.0, "ssim": 5.0}]}, "ssim"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": 30.0, "ssim": "nan"}]}, "ssim"),
        ({"scores": [{"name": "a", "scene": "s", "psnr": 30.0, "ssim": 0.9, "extra": []}]}, "extra"),
        ({"scores": 2 * [{"name": "a", "scene": "s", "psnr": 30.0, "ssim": 0.9}]}, "two of 'a'"),
        ({"method": 3}, "method"),
        ({"seed": None}, "seed"),
        ({"seed": True}, "seed"),
        ({"key": "abc"}, "key"),
        ({"failures": {"a": 1}}, "failures"),
        ({"total": 1}, "at most 1"),
        ({"schema": 3}, "schema"),
        ({"method": "another"}, "digest"),
        ({"key": {"data": "abd"}}, "digest"),
        ({"made_by": {"torch": "1"}}, "digest"),
    ],
)
def test_what_a_result_file_must_not_say(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    path = tmp_path / "cell.json"
    path.write_text(json.dumps(edited()))
    assert read_cell(path) == CELL
    path.write_text(json.dumps(edited(**changes)))
    with pytest.raises(BadResult, match=says):
        read_cell(path)


def test_a_result_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cell.json").write_text("[" * 100_000)
    with pytest.raises(BadResult, match="whole result file"):
        read_cell(tmp_path / "cell.json")


@pytest.mark.parametrize(
    "path",
    [
        "cells/mini/toy/other.json",
        "cells/mini/other/identity.json",
        "cells/paper/toy/identity.json",
        "cells/mini/toy/identity.seed1.json",
        "cells/mini/toy/identity.first3.json",
    ],
)
def test_a_result_must_be_the_one_that_its_path_says(tmp_path: Path, path: str) -> None:
    right = cell_path(tmp_path, "identity", "toy", "mini")
    write_cell(right, CELL)
    assert read_stored(right) == CELL
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_bytes(right.read_bytes())
    with pytest.raises(BadResult, match="that the path says"):
        read_stored(tmp_path / path)


def test_an_older_form_is_read_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cell.json"
    path.write_text(json.dumps({name: value for name, value in edited(schema=1).items() if name != "digest"}))
    assert read_cell(path).schema == 1
    assert read_cell(path).scores == CELL.scores


def test_words_of_infinite_and_missing_scores() -> None:
    part = dataclasses.replace(CELL, total=1_200)
    assert (part.partial, part.count) == (True, "2 of 1,200")
    assert (CELL.partial, CELL.count, CELL.equal) == (False, "2", 1)
    assert CELL.psnr_text == "inf dB (1 of 2 images equal their targets, the others' mean is 30.12 dB)"
    perfect = dataclasses.replace(CELL, scores=CELL.scores[1:])
    assert perfect.psnr_text == "inf dB (1 of 1 images equal their targets)"


def test_a_broken_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write_cell(cell_path(tmp_path, "identity", "toy", "mini"), CELL)
    cell_path(tmp_path, "broken", "toy", "mini").write_text("{")
    cells, broken = read_cells(tmp_path, "mini")
    assert [c.method for c in cells] == ["identity"]
    assert len(broken) == 1
    assert "broken.json" in broken[0]


def test_seeds_and_limits_have_files_of_their_own(tmp_path: Path) -> None:
    paths = {cell_path(tmp_path, "m", "d", "mini", seed, limit) for seed in (0, 1) for limit in (None, 3)}
    assert len(paths) == 4


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cell.json"
    write_atomically(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadOutput, match=r"No space left.*Free some space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["cell.json"]


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(BadOutput, match="--out"):
        write_atomically(tmp_path / "out" / "cells" / "x.json", "text")


def test_an_unwritable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(BadOutput, match=r"Permission denied"):
        write_atomically(tmp_path / "x.json", "text")


def test_names_whose_bytes_are_no_letters_come_back(tmp_path: Path) -> None:
    name = b"rain-\xff.png".decode("utf-8", "surrogateescape")
    whole = Cell("identity", "set@rgb", "folders", 0, {}, {}, (ImageScore(name, name, 30.0, 0.9),), {name: "cut off"})
    write_cell(tmp_path / "a.json", whole)
    assert read_cell(tmp_path / "a.json").scores == whole.scores
    assert read_cell(tmp_path / "a.json").failures == whole.failures
