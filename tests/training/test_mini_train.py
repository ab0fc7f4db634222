"""The training set of the mini sets: made once, the same everywhere, cut alike on every device, taken by training."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core.errors import BadData, TrainingStopped
from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.datasets.packed import PackedPairs
from benchmark.training.data import clean_pictures, mini_train
from benchmark.training.data.crops import CropStream, ResidentCrops
from benchmark.training.data.loader import Batches
from benchmark.training.data.mini_train import (
    MiniTrain,
    MiniTrainMaker,
    cached_mini_train,
    key_of,
    plan_for,
    prepare_mini_train,
)
from benchmark.training.data.opening import open_data
from benchmark.training.data.source import DataSource
from benchmark.training.data.stream import Steps
from benchmark.training.data.synthesis import TURNS
from benchmark.training.recipe import Recipe, Stage

RAIN = Task.DERAINING
RECIPE = Recipe(10, 4, 16, seed=3)


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(clean_pictures, "LEAVES", 4)
    for name, value in (("PAIRS", 6), ("VALIDATION", 9), ("SIDE", 48)):
        monkeypatch.setattr(mini_train, name, value)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = tmp_path / "shots"
    folder.mkdir()
    draw = np.random.default_rng(6)
    for number in range(13):
        coarse = draw.integers(0, 256, (10, 15, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((200, 180), Image.Resampling.BICUBIC).save(folder / f"{number:02d}.png")
    return folder


def plan(task: Task, photos: Path | None = None, count: int = 6) -> MiniTrain:
    return MiniTrain(task, photos, count, validation=3, side=32)


@pytest.mark.parametrize("task", list(ALL_TASKS))
def test_pairs_depend_on_their_number_and_the_plan_alone(task: Task, shots: Path, tmp_path: Path) -> None:
    chosen = replace(plan(task, shots), leaves=0.0)
    one = prepare_mini_train(chosen, tmp_path / "one", jobs=1)
    longer = prepare_mini_train(replace(chosen, count=20), tmp_path / "longer", jobs=2 if task is RAIN else 1)
    assert one.images.shape == (9, 2, 3, 32, 32)
    assert np.array_equal(one.images[:6], longer.images[:6])
    assert np.array_equal(one.images[6:], longer.images[20:])  # pairs for validation do not move with the count
    assert one.manifest.turns == TURNS[task]
    assert (one.images[:, 0] != one.images[:, 1]).any(axis=(1, 2, 3)).all()
    assert one.manifest.facts["photographs"]["count"] == 12
    assert one.manifest.facts["validation"] == "3 pairs of 1 photographs held out"


def test_a_maker_is_sent_without_what_it_has_opened() -> None:
    maker = MiniTrainMaker(plan(RAIN))
    first = maker.pairs(0, 1)
    assert len(pickle.dumps(maker)) < 1000
    assert np.array_equal(pickle.loads(pickle.dumps(maker)).pairs(0, 1), first)


def test_the_key_follows_the_plan_the_photographs_and_the_generator(
    shots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [key_of(plan(RAIN)), key_of(plan(Task.DENOISING)), key_of(plan(RAIN, count=7)), key_of(plan(RAIN, shots))]
    renamed = shots.rename(shots.with_name("elsewhere"))
    assert key_of(plan(RAIN, renamed)) == keys[3]
    Image.new("RGB", (99, 99), "red").save(renamed / "new.png")
    keys.append(key_of(plan(RAIN, renamed)))
    monkeypatch.setattr(mini_train, "GENERATOR", 99)
    keys.append(key_of(plan(RAIN)))
    assert len(set(keys)) == 6


def test_photographs_are_prepared_once(shots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cached_mini_train(plan_for(RAIN, 16, shots))
    monkeypatch.setattr(MiniTrainMaker, "pairs", lambda *_: pytest.fail("made again"))
    again = cached_mini_train(plan_for(RAIN, 16, shots))
    assert again.base == first.base
    assert np.array_equal(again.images, first.images)


def test_larger_patches_get_fewer_and_larger_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    usual, large = plan_for(RAIN, 64), plan_for(RAIN, 256)
    assert (usual.count, usual.side) == (1024, 144)
    assert (large.count, large.side) == (324, 256)


def opened(shots: Path | None = None) -> tuple[CropStream, PackedPairs]:
    data = open_data(RAIN, Scale.MINI, RECIPE, DataSource(shots))
    assert isinstance(data.stream, CropStream)
    assert isinstance(data.stream.source, PackedPairs)
    return data.stream, data.stream.source


def test_training_takes_crops_of_them(shots: Path) -> None:
    stream, pairs = opened(shots)
    degraded, clean = stream.batch(2)
    assert degraded.shape == clean.shape == (4, 3, 16, 16)
    for position, number in enumerate(range(8, 12)):
        both = pairs.images[stream.index(number)].astype(np.float32) / np.float32(255)
        windows = np.lib.stride_tricks.sliding_window_view(both, (16, 16), axis=(2, 3))
        for side, crop in enumerate((degraded[position], clean[position])):
            turns = [crop, crop.flip(1), crop.flip(2), crop.flip(1, 2)]  # rain is never transposed
            hits = [(windows[side] == t.numpy()[:, None, None]).all(axis=(0, 3, 4)).any() for t in turns]
            assert any(hits)


def test_facts_tell_the_source_and_validation_pairs_are_no_training_pairs(shots: Path) -> None:
    data = open_data(RAIN, Scale.MINI, RECIPE, DataSource(shots))
    assert data.facts["dataset"] == "mini-train, generator 2"
    assert data.facts["pairs"] == 6
    assert len(data.facts["sha256"]) == 64
    assert data.facts["photographs"]["count"] == 12
    assert [len(clean) for _, clean in data.validation] == [8, 1]
    leaves = open_data(RAIN, Scale.MINI, RECIPE, DataSource())
    assert "photographs" not in leaves.facts
    assert leaves.facts["sha256"] != data.facts["sha256"]


@pytest.mark.parametrize("task", list(ALL_TASKS))
def test_crops_cut_where_the_pairs_live_are_the_same(task: Task) -> None:
    recipe = Recipe(10, 7, 20, seed=5)
    stream = open_data(task, Scale.MINI, recipe, DataSource()).stream
    assert isinstance(stream, CropStream)
    resident = ResidentCrops(stream, stream.source.images, "cpu")  # type: ignore[attr-defined]
    for step in (0, 1, 30):
        for world, rank in ((1, 0), (3, 2)):
            for mine, theirs in zip(stream.batch(step, rank, world), resident.batch(step, rank, world), strict=True):
                assert torch.equal(mine, theirs)
                assert theirs.is_contiguous()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_holds_the_pairs_and_cuts_the_same_crops() -> None:
    stream, _ = opened()
    with Batches(stream, Steps(0, 3), "cuda") as batches:
        for step, (degraded, clean) in enumerate(batches):
            assert degraded.device.type == "cuda"
            assert torch.equal(degraded.cpu(), stream.batch(step)[0])
            assert torch.equal(clean.cpu(), stream.batch(step)[1])


def test_stages_change_batch_and_patch_and_keep_the_clean_share() -> None:
    recipe = Recipe(10, 4, 16, stages=(Stage(0.5, 4, 16), Stage(1.0, 2, 32)), clean_share=0.5)
    data = open_data(RAIN, Scale.MINI, recipe, DataSource())
    assert [tuple(data.stream.batch(step)[0].shape[::3]) for step in (0, 4, 5, 9)] == [
        (4, 16),
        (4, 16),
        (2, 32),
        (2, 32),
    ]
    same = [bool((d == c).all()) for step in range(40) for d, c in zip(*data.stream.batch(step), strict=True)]
    assert 0.3 < sum(same) / len(same) < 0.7
    shares = [data.stream.batch(7, rank, 2)[0] for rank in range(2)]
    assert torch.equal(torch.cat(shares), data.stream.batch(7)[0])


def test_the_command_makes_them_and_training_finds_them(shots: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    command = [
        "data",
        "prepare",
        "mini-train",
        "--photos",
        str(shots),
        "--out",
        str(out),
        "--pairs",
        "5",
        "--jobs",
        "1",
    ]
    result = CliRunner().invoke(app, [*command, "--task", "deraining"])
    assert result.exit_code == 0, result.output
    for source in (out, out / "deraining"):
        data = open_data(RAIN, Scale.MINI, Recipe(10, 4, 16), DataSource(pairs=source))
        assert data.facts["pairs"] == 5
    with pytest.raises(BadData, match=r"pairs for denoising.*pairs for deraining"):
        open_data(Task.DENOISING, Scale.MINI, RECIPE, DataSource(pairs=out / "deraining"))
    verified = CliRunner().invoke(app, ["data", "verify", str(out / "deraining")])
    assert (verified.exit_code, "all is well" in verified.output) == (0, True)
    manifest = out / "deraining/manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"sha256": "0" * 64}))
    assert CliRunner().invoke(app, ["data", "verify", str(out / "deraining")]).exit_code == 1
    with pytest.raises(BadData, match="SHA-256"):
        open_data(RAIN, Scale.MINI, RECIPE, DataSource(pairs=out))


def test_a_half_made_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_mini_train(plan(RAIN), tmp_path / "out/deraining", jobs=1, progress=killed)
    with pytest.raises(BadData, match="their making was stopped"):
        open_data(RAIN, Scale.MINI, RECIPE, DataSource(pairs=tmp_path / "out"))


def test_one_source_only(shots: Path) -> None:
    with pytest.raises(TrainingStopped, match="one source"):
        open_data(RAIN, Scale.MINI, RECIPE, DataSource(pairs=shots, synthesis=True))


def test_synthesis_is_there_for_those_who_want_it(shots: Path) -> None:
    data = open_data(RAIN, Scale.MINI, Recipe(10, 2, 16), DataSource(shots, synthesis=True))
    assert data.facts["stream"].startswith("synthesis from photographs")
    assert not torch.equal(data.stream.batch(0)[0], data.stream.batch(1)[0])
