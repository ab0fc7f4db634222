"""Training on pairs that lie on disk: aligned, repeatable, splittable, and never replaced by anything else in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmark.core.errors import BadData, BadImage, UnknownName
from benchmark.core.types import ALL_TASKS, Task
from benchmark.datasets import describe
from benchmark.datasets.pairs import PairsOnDisk, open_folder
from benchmark.images.io import read_uint8
from benchmark.training.data import decoded, official
from benchmark.training.data.crops import ALL_TURNS, CropStream, cut, epoch_order
from benchmark.training.data.decoded import DecodedPairs
from benchmark.training.data.official import official_stream, open_training_set
from benchmark.training.recipe import Recipe
from tests.datasets.trees import TREES, picture

TRAINING = [(id, layout) for id, layout in TREES if describe(id).role == "train"]


def coordinates(height: int, width: int, mark: int) -> NDArray[np.uint8]:
    """A picture whose pixels say where they are: row, column and `mark`."""
    rows, columns = np.indices((height, width))
    return np.stack([rows, columns, np.full((height, width), mark)], axis=-1).astype(np.uint8)


def crops(
    data: Path | PairsOnDisk, batch: int, patch: int, seed: int = 0, augment: bool = True, memory: int = 1 << 30
) -> CropStream:
    """Crops of a folder's pairs."""
    pairs = data if isinstance(data, PairsOnDisk) else open_folder(data)
    return CropStream(DecodedPairs(pairs, memory), batch, patch, seed, ALL_TURNS if augment else (0,))


def samples(stream: CropStream, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Degraded and clean patch of a sample, (P, P, 3)."""
    degraded, clean = stream.sample(number)
    return degraded.transpose(1, 2, 0), clean.transpose(1, 2, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for side, mark in (("input", 100), ("target", 0)):
        (tmp_path / "mine" / side).mkdir(parents=True)
        for number, (height, width) in enumerate([(20, 31), (24, 24), (40, 17)]):
            values = coordinates(height, width, mark + number)
            Image.fromarray(values).save(tmp_path / "mine" / side / f"{number}.png")
    return tmp_path / "mine"


def test_a_batch_has_the_promised_form(folder: Path) -> None:
    degraded, clean = crops(folder, 5, 12).batch(3)
    assert degraded.shape == clean.shape == (5, 3, 12, 12)
    assert degraded.dtype == clean.dtype == torch.float32
    assert degraded.is_contiguous()
    assert 0 <= float(degraded.min()) <= float(degraded.max()) <= 1


def test_degraded_and_clean_stay_aligned_through_every_turn(folder: Path) -> None:
    stream = crops(folder, 1, 12, seed=4)
    turns = set()
    for number in range(120):
        degraded, clean = samples(stream, number)
        assert np.array_equal(degraded[..., :2], clean[..., :2])
        assert (degraded[..., 2].astype(int) - clean[..., 2] == 100).all()
        steps = clean[1, 0].astype(int) - clean[0, 0], clean[0, 1].astype(int) - clean[0, 0]
        turns.add(tuple(int(v) for step in steps for v in step[:2]))
    assert len(turns) == 8
    for number in range(20):
        clean = samples(crops(folder, 1, 12, augment=False), number)[1].astype(int)
        assert (np.diff(clean[..., 0], axis=0) == 1).all()
        assert (np.diff(clean[..., 1], axis=1) == 1).all()


def test_crops_reach_every_corner_and_the_values_are_the_files(folder: Path) -> None:
    stream = crops(folder, 1, 16, augment=False)
    corners: dict[int, set[tuple[int, int]]] = {number: set() for number in range(3)}
    for number in range(2400):
        clean = samples(stream, number)[1]
        corners[int(clean[0, 0, 2])].add(tuple(clean[0, 0, :2].tolist()))
    assert corners[1] == {(y, x) for y in range(9) for x in range(9)}
    degraded, clean = samples(stream, 7)
    (top, left, name), patch = clean[0, 0].tolist(), slice(0, 16)
    for side, found in (("input", degraded), ("target", clean)):
        assert np.array_equal(found, read_uint8(folder / side / f"{name}.png")[top:, left:][patch, patch])


def test_every_pair_is_drawn_once_an_epoch_in_a_new_order(folder: Path) -> None:
    stream = crops(folder, 1, 12)
    orders = [[int(samples(stream, 3 * epoch + place)[1][0, 0, 2]) for place in range(3)] for epoch in range(12)]
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert len({tuple(order) for order in orders}) > 3
    assert epoch_order(0, 1, 500) != epoch_order(1, 1, 500)


@pytest.mark.parametrize("world", [1, 2, 3, 6])
def test_ranks_split_a_batch_without_changing_it(folder: Path, world: int) -> None:
    whole = crops(folder, 6, 12, seed=4).batch(2)
    shares = [crops(folder, 6, 12, seed=4).batch(2, rank, world) for rank in range(world)]
    for side in (0, 1):
        assert torch.equal(torch.cat([share[side] for share in shares]), whole[side])


@pytest.mark.parametrize("memory", [0, 3000, 1 << 20])
def test_a_resumed_stream_goes_on_as_the_unbroken_one(folder: Path, memory: int) -> None:
    unbroken = crops(folder, 4, 12, seed=2)
    expected = [unbroken.batch(step) for step in range(6)]
    resumed = crops(folder, 4, 12, seed=2, memory=memory)
    for step in (4, 5, 0):
        assert all(torch.equal(a, b) for a, b in zip(resumed.batch(step), expected[step], strict=True))
    other = crops(folder, 4, 12, seed=3).batch(0)
    assert not torch.equal(other[1], expected[0][1])


def test_a_small_set_is_decoded_once_and_a_large_one_within_its_bound(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> NDArray[np.uint8]:
        read.append(path)
        return read_uint8(path)

    monkeypatch.setattr(decoded, "read_uint8", counted)
    roomy = DecodedPairs(open_folder(folder))
    for step in range(4):
        CropStream(roomy, 6, 12).batch(step)
    assert sorted(read) == sorted(folder.rglob("*.png"))
    assert roomy.workers == 0
    tight = DecodedPairs(open_folder(folder), 8000)
    assert tight.workers > 0
    for step in range(4):
        CropStream(tight, 6, 12).batch(step)
        assert 0 <= tight._pictures.size <= 8000
    assert len(read) > 12


def test_an_image_smaller_than_the_patch_is_reflected(folder: Path) -> None:
    (folder / "input/2.png").unlink()
    (folder / "target/2.png").unlink()
    stream = crops(folder, 1, 28, augment=False)
    seen = set()
    for number in range(12):
        degraded, clean = samples(stream, number)
        assert degraded.shape == clean.shape == (28, 28, 3)
        assert np.array_equal(degraded[..., :2], clean[..., :2])
        seen.add(int(clean[0, 0, 2]))
        height = 20 if clean[0, 0, 2] == 0 else 24
        assert clean[:, 0, 0].tolist() == [*range(height), *range(height - 2, 2 * height - 30, -1)]
    assert seen == {0, 1}


def test_a_picture_of_one_pixel_fills_the_patch() -> None:
    assert (cut(np.full((3, 1, 1), 7, np.uint8), (0, 0, 5), 9) == np.full((3, 9, 9), 7)).all()


@pytest.mark.parametrize(("name", "layout"), TRAINING)
def test_every_official_training_set_gives_batches(
    tmp_path: Path, expect: Callable[[str, int], None], name: str, layout: str
) -> None:
    names = TREES[name, layout](tmp_path / name)
    expect(name, len(names))
    task = describe(name).task
    stream, pairs, facts = official_stream(task, Recipe(10, batch=3, patch=8, seed=1), tmp_path, name)
    degraded, clean = stream.batch(0)
    assert degraded.shape == clean.shape == (3, 3, 8, 8)
    assert not torch.equal(degraded, clean)
    assert pairs[0][0].shape == (16, 3, 8, 8)
    assert facts["dataset"] == name
    assert facts["pairs"] == len(names)
    assert facts["sha256"] == open_training_set(task, tmp_path, name).fingerprint()
    again = official_stream(task, Recipe(10, batch=3, patch=8, seed=1), tmp_path, name)
    assert again[2] == facts
    assert torch.equal(again[1][0][0], pairs[0][0])


def test_the_sides_of_a_picture_with_both_are_the_right_ones(
    tmp_path: Path, expect: Callable[[str, int], None]
) -> None:
    names = TREES["did-train", "official"](tmp_path / "did-train")
    expect("did-train", len(names))
    data = open_training_set(Task.DERAINING, tmp_path, "did-train")
    stream = crops(data, 1, 12, augment=False)
    for number, index in enumerate(epoch_order(0, 0, len(names))):
        pair, (degraded, clean) = data[index], samples(stream, number)
        for found, whole in ((degraded, pair.degraded), (clean, pair.clean)):
            tensor = torch.from_numpy(found.copy()).permute(2, 0, 1).float() / 255
            assert any(torch.equal(tensor, whole[:, :12, left : left + 12]) for left in range(5))


@pytest.mark.parametrize("task", list(ALL_TASKS))
def test_an_absent_set_is_told_with_its_owner_and_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    id = official.OFFICIAL[task]
    for root in (tmp_path, None):
        monkeypatch.setenv("SLKD_BENCH_DATA", str(tmp_path))
        with pytest.raises(BadData) as caught:
            official_stream(task, Recipe(1), root)
        for part in (describe(id).title, describe(id).source, f"data where {id}", str(tmp_path / id)):
            assert part in str(caught.value)


def test_a_folder_laid_out_otherwise_is_told(tmp_path: Path) -> None:
    picture(tmp_path / "gopro-train/some/where.png", 1)
    with pytest.raises(BadData, match=r"train/\*/blur/\*.*nothing that fits.*data where gopro-train"):
        official_stream(Task.DEBLURRING, Recipe(1), tmp_path)


def test_a_missing_partner_or_a_wrong_count_stops_before_training(
    tmp_path: Path, expect: Callable[[str, int], None]
) -> None:
    names = TREES["gopro-train", "official"](tmp_path / "gopro-train")
    expect("gopro-train", len(names) + 1)
    with pytest.raises(BadData, match=r"7 pairs.*6 in.*data verify gopro-train"):
        official_stream(Task.DEBLURRING, Recipe(1, patch=8), tmp_path)
    expect("gopro-train", len(names))
    (tmp_path / "gopro-train/train/GOPR0410_11_00/sharp/000002.png").unlink()
    with pytest.raises(BadData, match=r"GOPR0410_11_00/blur/000002\.png"):
        official_stream(Task.DEBLURRING, Recipe(1, patch=8), tmp_path)


def test_a_pair_of_two_sizes_and_a_cut_off_file_are_named_when_they_are_drawn(folder: Path) -> None:
    picture(folder / "input/1.png", 5, 24, 23)
    with pytest.raises(BadImage, match=r"24x23 beside 24x24"):
        crops(folder, 6, 12).batch(0)
    path = folder / "target/1.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(BadImage, match=r"target/1\.png"):
        crops(folder, 6, 12).batch(0)


def test_a_folder_of_ones_own_pairs(folder: Path, tmp_path: Path) -> None:
    _, _, facts = official_stream(Task.DENOISING, Recipe(1, patch=12), folder)
    assert facts["dataset"] == "the folder mine"  # whatever it is called, it is no official set
    assert facts["pairs"] == 3
    (folder / "target/2.png").unlink()
    with pytest.raises(BadData, match=r"input/2\.png"):
        official_stream(Task.DENOISING, Recipe(1, patch=12), folder)
    with pytest.raises(BadData, match="input"):
        crops(tmp_path / "none", 1, 8)


@pytest.mark.parametrize("name", ["gopro", "sidd-medium", "rain"])
def test_only_training_sets_of_the_task_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownName):
        open_training_set(Task.DEBLURRING, tmp_path, name)


def test_whole_photographs_of_many_pixels_get_a_word(
    tmp_path: Path, expect: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = TREES["sidd-medium", "official"](tmp_path / "sidd-medium")
    expect("sidd-medium", len(names))
    monkeypatch.setattr(official, "BIG", 100)
    with pytest.warns(UserWarning, match="data prepare sidd-medium --patch 512"):
        open_training_set(Task.DENOISING, tmp_path)
