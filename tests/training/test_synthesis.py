"""Synthesis: repeatable, splittable, resumable, and never showing a test photograph."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BadData, BadImage
from benchmark.core.types import ALL_TASKS, Task
from benchmark.datasets import mini
from benchmark.datasets.mini.photographs import embedded
from benchmark.training.data import clean_pictures
from benchmark.training.data.clean_pictures import Part, PictureChoice
from benchmark.training.data.synthesis import Synthesis

TASKS = list(ALL_TASKS)


def stream(
    task: Task | str, batch: int, patch: int, seed: int = 0, photos: Path | None = None, leaves: float = 0.2
) -> Synthesis:
    return Synthesis(Task(task), batch, patch, seed, PictureChoice(photos, leaves))


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def few_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_pictures, "LEAVES", 4)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = tmp_path / "shots"
    folder.mkdir()
    draw = np.random.default_rng(6)
    for name in ("one", "two", "three"):
        coarse = draw.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((150, 120), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_has_the_promised_form(task: Task) -> None:
    degraded, clean = stream(task, 3, 40, seed=1).batch(0)
    assert degraded.shape == clean.shape == (3, 3, 40, 40)
    assert degraded.dtype == clean.dtype == torch.float32
    assert 0 <= float(degraded.min()) <= float(degraded.max()) <= 1
    assert not torch.equal(degraded, clean)


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_depends_on_seed_and_step_only(task: Task, shots: Path) -> None:
    first, second = (stream(task, 4, 32, seed=2, photos=shots) for _ in range(2))
    expected = [first.batch(step) for step in range(4)]
    resumed = second.batch(3)  # without the three before it
    assert torch.equal(resumed[0], expected[3][0])
    assert torch.equal(resumed[1], expected[3][1])
    for found, wanted in zip(stream(task, 4, 32, seed=2, photos=shots), expected, strict=False):
        assert torch.equal(found[0], wanted[0])
    assert not torch.equal(expected[0][0], expected[1][0])
    assert not torch.equal(stream(task, 4, 32, seed=3, photos=shots).batch(0)[0], expected[0][0])


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_ranks_split_a_batch_without_changing_it(world: int) -> None:
    made = stream("denoising", 5, 24, seed=4)
    whole = made.batch(2)
    shares = [made.batch(2, rank, world) for rank in range(world)]
    for side in (0, 1):
        assert torch.equal(torch.cat([share[side] for share in shares]), whole[side])


def test_photographs_and_leaves_are_mixed_as_told(shots: Path) -> None:
    drawn: dict[float, set[int]] = {0.0: set(), 1.0: set()}
    for share, leaves in drawn.items():
        made = stream("denoising", 1, 24, seed=5, photos=shots, leaves=share)
        for number in range(6):
            made.sample(number)
        leaves.update(made.pictures.leaves._made)
        assert made.pictures.photographs is not None
        assert len(made.pictures.photographs) == 3
    assert not drawn[0.0]
    assert drawn[1.0]


def test_decoded_photographs_are_kept_and_read_again(shots: Path, cache: Path) -> None:
    first = stream("deraining", 2, 32, photos=shots, leaves=0.0).batch(0)
    (kept,) = cache.rglob("*.npy")
    again = stream("deraining", 2, 32, photos=shots, leaves=0.0).batch(0)
    assert torch.equal(first[0], again[0])
    kept.write_bytes(kept.read_bytes()[:200])  # a cache cut off by a full disk is made anew
    after = stream("deraining", 2, 32, photos=shots, leaves=0.0).batch(0)
    assert torch.equal(first[0], after[0])


def test_a_test_photograph_in_the_folder_is_left_out_with_a_note(shots: Path) -> None:
    shutil.copy(embedded()[0].path, shots / "portrait.png")
    with pytest.warns(UserWarning, match=r"portrait\.png shows the test photograph astronaut"):
        photographs = stream("deraining", 1, 32, photos=shots).pictures.photographs
    assert photographs is not None
    assert len(photographs) == 3
    assert list(photographs.left_out) == ["portrait.png"]


def test_a_cache_that_cannot_be_written_costs_a_warning_only(
    shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="kept in memory only"):
        stream("deraining", 1, 32, photos=shots, leaves=0.0).batch(0)


@pytest.mark.filterwarnings("ignore:left out of training")
def test_a_folder_of_nothing_but_test_photographs_is_refused(tmp_path: Path) -> None:
    for photograph in embedded()[:2]:
        shutil.copy(photograph.path, tmp_path)
    with pytest.raises(BadData, match="shows the test photograph"):
        stream("denoising", 1, 32, photos=tmp_path).batch(0)


def test_a_photograph_smaller_than_a_crop_is_left_out_by_name(shots: Path) -> None:
    Image.new("RGB", (40, 90), "blue").save(shots / "tiny.png")
    with pytest.warns(UserWarning, match=r"tiny\.png is 40 x 90, smaller than a crop of 48"):
        stream("deblurring", 1, 32, photos=shots).batch(0)


def test_a_broken_photograph_is_named(shots: Path) -> None:
    (shots / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    with pytest.raises(BadImage, match=r"broken\.jpg"):
        stream("deblurring", 1, 32, photos=shots).batch(0)


def test_no_training_sample_equals_a_test_crop(shots: Path) -> None:
    tested = {mini.load("mini-rain1400").images(i)[1].tobytes() for i in range(24)}
    made = stream("deraining", 8, 64, photos=shots)
    assert not tested & {made.sample(number)[1].tobytes() for number in range(8)}


def held_out(shots: Path, count: int) -> dict[Part, set[str]]:
    draw = np.random.default_rng(1)
    for number in range(count - 3):
        noise = draw.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((80, 80)).save(shots / f"more{number:02d}.png")
    parts: tuple[Part, ...] = ("all", "training", "validation")
    return {part: {p.path.name for p in clean_pictures.Photographs(shots, 32, part).photographs} for part in parts}


def test_one_of_twelve_photographs_is_kept_for_validation(shots: Path) -> None:
    parts = held_out(shots, 26)
    assert len(parts["validation"]) == 2
    assert parts["training"] | parts["validation"] == parts["all"]
    assert not parts["training"] & parts["validation"]
    kept = min(parts["validation"])
    (shots / kept).rename(shots / "aaa-renamed.png")  # the bytes decide, not the name
    assert "aaa-renamed.png" in held_out(shots, 3)["validation"]


def test_a_few_photographs_serve_both(shots: Path) -> None:
    parts = held_out(shots, 11)
    assert parts["training"] == parts["validation"] == parts["all"]


def test_packages_are_told_where_a_manifest_names_them(shots: Path) -> None:
    assert "packages" not in clean_pictures.Photographs(shots, 32).facts()
    (shots / "manifest.json").write_text('[{"package": "a", "version": "1"}, {"package": "b", "version": "2-3"}]')
    assert clean_pictures.Photographs(shots, 32).facts()["packages"] == {"a": "1", "b": "2-3"}
    (shots / "manifest.json").write_text('{"not": "ours"}')
    assert "packages" not in clean_pictures.Photographs(shots, 32).facts()
