"""Any folder with `input` and `target` is a data set, and what does not fit is named."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BadData, BadImage, SlkdBenchError
from benchmark.core.types import Pair, Scale, Task
from benchmark.datasets import verify
from benchmark.datasets.pairs import iterate
from benchmark.datasets.restored import open_restored
from benchmark.images.io import read_image
from tests.datasets.trees import on_disk


def picture(path: Path, seed: int, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(["b", "a", "c"]):
        picture(tmp_path / "mine/input" / f"{name}.png", number)
        picture(tmp_path / "mine/target" / f"{name}.png", 10 + number)
    return tmp_path / "mine"


def test_pairs_by_name(folder: Path) -> None:
    data = on_disk(folder, protocol="rain13k-y", task=Task.DERAINING)
    assert (data.id, data.protocol, data.task, data.scale) == ("mine", "rain13k-y", Task.DERAINING, Scale.PAPER)
    assert data.names() == ["a", "b", "c"]
    assert len(data) == 3
    pair = data[1]
    assert torch.equal(pair.degraded, read_image(folder / "input/b.png"))
    assert torch.equal(pair.clean, read_image(folder / "target/b.png"))
    assert [name for name, _ in iterate(on_disk(str(folder)))] == ["a", "b", "c"]


def test_endings_may_differ(folder: Path) -> None:
    (folder / "input/a.png").unlink()
    picture(folder / "input/a.jpg", 5)
    assert on_disk(folder).names() == ["a", "b", "c"]


def test_fingerprint_follows_the_pairs(folder: Path, tmp_path: Path) -> None:
    first = on_disk(folder).fingerprint()
    shutil.copytree(folder, tmp_path / "copy")
    assert on_disk(tmp_path / "copy").fingerprint() == first
    picture(folder / "target/a.png", 99)
    changed = on_disk(folder).fingerprint()
    assert changed != first
    (tmp_path / "copy/input/c.png").rename(tmp_path / "copy/input/d.png")
    (tmp_path / "copy/target/c.png").rename(tmp_path / "copy/target/d.png")
    assert on_disk(tmp_path / "copy").fingerprint() not in (first, changed)


def _no_partner(folder: Path) -> str:
    (folder / "target/b.png").unlink()
    return "input/b.png"


def _no_degraded(folder: Path) -> str:
    (folder / "input/b.png").unlink()
    return "target/b.png"


def _stray(folder: Path) -> str:
    (folder / "input/notes.txt").write_text("x")
    return "input/notes.txt"


def _dead_link(folder: Path) -> str:
    (folder / "input/b.png").unlink()
    (folder / "input/b.png").symlink_to("nowhere.png")
    return "input/b.png"


def _link_to_itself(folder: Path) -> str:
    (folder / "input/b.png").unlink()
    (folder / "input/b.png").symlink_to("b.png")
    return "input/b.png"


def _twice(folder: Path) -> str:
    picture(folder / "input/b.jpg", 3)
    return "input/b"


@pytest.mark.parametrize("spoil", [_no_partner, _no_degraded, _stray, _dead_link, _link_to_itself, _twice])
def test_what_does_not_fit_is_named(folder: Path, spoil: Callable[[Path], str]) -> None:
    named = spoil(folder)
    with pytest.raises(BadData) as caught:
        on_disk(folder)
    assert str(folder / named) in str(caught.value)
    data = on_disk(folder, keep_going=True)
    assert data.problems
    got = list(iterate(data, keep_going=True))
    assert all(isinstance(value, SlkdBenchError) or value.name == name for name, value in got)
    assert sum(not isinstance(value, SlkdBenchError) for _, value in got) >= 2


def _unequal(folder: Path) -> str:
    picture(folder / "input/b.png", 1, (12, 11))
    return "12x11 beside 12x10"


def _gray(folder: Path) -> str:
    Image.fromarray(np.zeros((10, 12), np.uint8)).save(folder / "target/b.png")
    return "gray"


@pytest.mark.parametrize("spoil", [_unequal, _gray])
def test_a_bad_pair_costs_only_itself(folder: Path, spoil: Callable[[Path], str]) -> None:
    says = spoil(folder)
    data = on_disk(folder)
    with pytest.raises(BadImage, match=says):
        data[1]
    with pytest.raises(BadImage, match=says):
        list(iterate(data))
    got = dict(iterate(data, keep_going=True))
    assert isinstance(got["b"], BadImage)
    assert [pair.name for pair in (got["a"], got["c"]) if isinstance(pair, Pair)] == ["a", "c"]


def test_links_that_the_user_made_are_followed(folder: Path, tmp_path: Path) -> None:
    before = on_disk(folder)
    cache = tmp_path / "cache"
    (cache / "blobs").mkdir(parents=True)
    for side in ("input", "target"):
        (cache / "snapshot" / side).mkdir(parents=True)
        for number, path in enumerate(sorted((folder / side).iterdir())):
            (cache / "blobs" / f"{side}{number}").write_bytes(path.read_bytes())
            (cache / "snapshot" / side / path.name).symlink_to(f"../../blobs/{side}{number}")
    linked = tmp_path / "linked"
    linked.mkdir()
    for side in ("input", "target"):
        (linked / side).symlink_to(folder / side)
    (tmp_path / "restored").mkdir()
    for path in (folder / "input").iterdir():
        (tmp_path / "restored" / path.name).symlink_to(path)
    restored = open_restored(tmp_path / "restored", before)
    assert restored.problems == []
    assert len(restored.files) == 3
    for other in (cache / "snapshot", linked):
        data = on_disk(other)
        assert not data.problems
        assert data.fingerprint() == before.fingerprint()
        assert all(torch.equal(data[i].degraded, before[i].degraded) for i in range(len(before)))


def test_names_of_any_bytes_and_any_composition(folder: Path) -> None:
    (folder / "input/a.png").rename(folder / "input" / os.fsdecode(b"\xd3\xea.png"))
    (folder / "target/a.png").rename(folder / "target" / os.fsdecode(b"\xd3\xea.png"))
    (folder / "input/b.png").rename(folder / "input/[caf\u00e9] (1) %.png")
    (folder / "target/b.png").rename(folder / "target/[cafe\u0301] (1) %.png")
    data = on_disk(folder)
    assert len(data) == 3
    assert not data.problems
    assert data.names()[0] == "[caf\u00e9] (1) %"
    assert len(data.fingerprint()) == 64
    sums = verify.checksums(data)
    (folder / "sums").write_bytes(verify.listing(sums))
    assert verify.compare(sums, folder / "sums") == []


def test_a_link_inside_is_fine(folder: Path) -> None:
    (folder / "input/c.png").unlink()
    (folder / "input/c.png").symlink_to(folder / "input/b.png")
    assert len(on_disk(folder)) == 3


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no such folder"):
        on_disk(tmp_path / "none")
    with pytest.raises(BadData, match="nothing that fits"):
        on_disk(tmp_path)
