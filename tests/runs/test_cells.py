from __future__ import annotations

import errno
import math
import os
import tempfile
from pathlib import Path

import pytest

from benchmark.core.errors import BadOutput, BadResult
from benchmark.core.files import write_atomically
from benchmark.runs.cells import Cell, ImageScore, cell_path, is_done, read_cell, read_cells, write_cell

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


def test_done_means_whole_and_of_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "cell.json"
    assert not is_done(path, CELL.key)
    write_cell(path, CELL)
    assert is_done(path, CELL.key)
    assert not is_done(path, {**CELL.key, "data": "other"})
    text = path.read_text()
    for cut in (0, 1, len(text) // 2, len(text) - 5):
        path.write_text(text[:cut])
        assert not is_done(path, CELL.key)
        with pytest.raises(BadResult, match="whole result file"):
            read_cell(path)


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
