"""The key of a cell hangs on every file between pixel and score, and on nothing else."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.core import sources
from benchmark.core.files import sha256_of
from benchmark.core.types import Scale, Task
from benchmark.datasets import get_dataset
from benchmark.datasets.pairs import Dataset
from benchmark.methods.find import get_method
from benchmark.protocols import get_protocol
from benchmark.runs import code
from benchmark.runs.cells import FOLDERS
from benchmark.runs.choose import FolderOptions, open_folder
from benchmark.runs.key import cell_key, differences, division, shelf
from benchmark.runs.options import RunOptions

TOP = Path(sources.__file__).parent.parent.parent
HARNESS = {
    *(f"benchmark/runs/{name}.py" for name in ("restore", "batches", "scoring", "compute")),
    "benchmark/core/precision.py",
}
SCORING = {f"benchmark/protocols/{name}.py" for name in ("batched", "choices", "definition", "table")}
LOADING = {
    *(f"benchmark/methods/weights/{name}.py" for name in ("loading", "coding")),
    *(f"baselines/networks/fast/{name}.py" for name in ("__init__", "transformers", "convolutions")),
}
MINI = {f"benchmark/datasets/mini/{name}.py" for name in ("pairs", "rain", "light", "photographs")}
FOLDER = {f"benchmark/datasets/{name}.py" for name in ("pairs", "layouts", "pairing", "sources", "walk")}
RESTORMER = {
    "baselines/networks/restormer.py",
    *(f"baselines/networks/shape/{n}.py" for n in ("pyramid", "padding", "norm")),
}
COMMON = HARNESS | SCORING | {"benchmark/core/types.py"}
ON_THE_PATH = {
    "res-sl-slkd": COMMON | LOADING | MINI | RESTORMER,
    "drs-sl-slkd": COMMON | LOADING | MINI | RESTORMER | {"baselines/networks/drsformer.py"},
    "prenet": COMMON | LOADING | MINI | {"baselines/networks/prenet.py"},
    "identity": COMMON | MINI,
}
ASIDE = (
    "benchmark/cli/run.py",
    "benchmark/cli/__init__.py",
    "benchmark/views/tables/grid.py",
    "benchmark/methods/catalogue.py",
    "benchmark/protocols/matrix.py",
    "benchmark/runs/progress.py",
    "benchmark/training/engine.py",
    "baselines/networks/uformer.py",
    "slkd/losses.py",
)
CASES = [(method, path) for method, paths in ON_THE_PATH.items() for path in sorted(paths)]


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[bytes], bytes]], None]:
    """From now on the source at a path reads as `change` of what it is."""
    read = sources.read_source
    sources.sources_hash.cache_clear()

    def edited(path: str, change: Callable[[bytes], bytes]) -> None:
        def reading(file: Path) -> bytes:
            return change(read(file)) if file == TOP / path else read(file)

        assert (TOP / path).is_file(), path
        monkeypatch.setattr(sources, "read_source", reading)
        sources.sources_hash.cache_clear()

    return edited


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    sources.sources_hash.cache_clear()


def key(method: str, dataset: Dataset | None = None, **options: Any) -> dict[str, Any]:
    chosen = dataset or get_dataset("mini-rain1400")
    return cell_key(get_method(method), chosen, Scale.MINI, 0, RunOptions(**options))


def with_a_line_more(source: bytes) -> bytes:
    return source + b"\n_one_more = 1\n"


def in_other_words(source: bytes) -> bytes:
    """Other docstrings, comments and blank lines: every docstring gets a word, and the file a comment."""
    tree = ast.parse(source)
    lines = source.decode().splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            first = node.body[0].lineno - 1
            lines[first] = lines[first].replace('"""', '"""Said otherwise. ', 1)
    return ("# a comment\n\n" + "\n".join(lines) + "\n\n\n# and another\n").encode()


@pytest.mark.parametrize(("method", "path"), CASES)
def test_each_file_from_pixel_to_score_moves_the_key(edit: Any, method: str, path: str) -> None:
    before = key(method)
    edit(path, with_a_line_more)
    after = key(method)
    assert differences(before, after)
    assert {name for name in after if after[name] != before[name]} == {"code"}


@pytest.mark.parametrize("path", sorted(FOLDER | COMMON | {"benchmark/images/io.py"}))
def test_each_file_that_reads_a_folder_moves_its_key(edit: Any, tmp_path: Path, path: str) -> None:
    dataset = folder(tmp_path / "set")
    before = key("identity", dataset)
    edit(path, with_a_line_more)
    assert key("identity", dataset)["code"] != before["code"]


@pytest.mark.parametrize(
    "path", ["benchmark/runs/tiling.py", "benchmark/runs/strips.py", "baselines/networks/drsformer.py"]
)
def test_strips_and_tiles_count_where_images_were_divided(edit: Any, path: str) -> None:
    before, plain = division(2.0), key("prenet")
    edit(path, with_a_line_more)
    assert division(2.0) != before
    assert key("prenet") == plain
    tiled = {**plain, "divided": before}
    assert differences(tiled, plain, RunOptions(memory=2.0)) == ["the division of large images (--memory)"]


@pytest.mark.parametrize("path", ASIDE)
def test_what_decides_no_score_leaves_the_key(edit: Any, path: str) -> None:
    before = key("res-sl-slkd")
    edit(path, with_a_line_more)
    assert key("res-sl-slkd") == before


@pytest.mark.parametrize("path", sorted(RESTORMER | SCORING | HARNESS | MINI))
def test_docstrings_comments_and_layout_leave_the_key(edit: Any, path: str) -> None:
    before = key("res-sl-slkd")
    edit(path, in_other_words)
    assert key("res-sl-slkd") == before


def test_a_declaration_leaves_the_key_and_its_arguments_move_it(edit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key("prenet")
    edit("baselines/networks/prenet.py", lambda source: source.replace(b'title="PReNet"', b'title="P"'))
    assert key("prenet") == before
    monkeypatch.setattr("benchmark.runs.key.arguments", lambda *named: {"channels": 6, "stages": 3})
    assert differences(before, key("prenet")) == ["the network's arguments"]


def folder(base: Path, count: int = 3) -> Dataset:
    for side in ("input", "target"):
        (base / side).mkdir(parents=True)
        for i in range(count):
            pixels = np.random.default_rng(i).integers(0, 256, (16, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(base / side / f"{i}.bmp")
    return open_folder(base, FolderOptions("rgb", Task.DENOISING))


def test_any_byte_of_a_file_moves_the_fingerprint_and_its_hash_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import time

    from benchmark.core import hashes

    read: list[Path] = []
    monkeypatch.setattr(hashes, "_SETTLED", 0)

    def noted(path: Path) -> str:
        read.append(path)
        return sha256_of(path)

    monkeypatch.setattr(hashes, "sha256_of", noted)
    before = folder(tmp_path / "set").fingerprint()
    assert len(read) == 6
    again = open_folder(tmp_path / "set", FolderOptions("rgb")).fingerprint()
    assert (again, len(read)) == (before, 6)  # remembered
    file = tmp_path / "set/input/1.bmp"
    old = file.stat()
    time.sleep(0.02)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))  # as a copying tool would put it back
    assert open_folder(tmp_path / "set", FolderOptions("rgb")).fingerprint() != before
    assert read[6:] == [file]


def test_versions_of_a_series_are_compared_unless_any_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    now = key("identity")
    assert {"torch", "numpy", "pillow"} <= now["libraries"].keys()
    monkeypatch.setattr(code, "versions", lambda: {**dict.fromkeys(now["libraries"], "1.0"), "torch": "1.13.1+cpu"})
    then = key("identity")
    assert then["libraries"]["torch"] == "1.13"
    assert any("torch (1.13 then" in word for word in differences(then, now))
    assert differences(then, now, RunOptions(any_versions=True)) == []


def test_the_choice_of_tf32_stands_in_the_key_where_it_changes_something() -> None:
    assert key("identity", tf32=True)["precision"] == "fp32"  # a CPU has no such thing
    assert key("identity", device="cuda:1", tf32=True)["precision"] == "tf32"
    assert key("identity", device="cuda:1")["device"] == "cuda"
    assert differences(key("identity", device="cuda", tf32=True), key("identity", device="cuda"))


def test_protocols_stand_apart(tmp_path: Path) -> None:
    dataset = folder(tmp_path / "set")
    assert shelf(dataset, Scale.MINI) == shelf(dataset, Scale.PAPER) == FOLDERS
    assert shelf(get_dataset("mini-gopro"), Scale.MINI) == "mini"
    other = open_folder(tmp_path / "set", FolderOptions("ddn-y"))
    assert (dataset.id, other.id) == ("set@rgb", "set@ddn-y")
    assert key("identity", other)["protocol"] == f"ddn-y@{get_protocol('ddn-y').version}"
