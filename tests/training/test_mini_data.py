"""Training streams: repeatable, splittable, resumable, and never showing a test photograph."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BadData, BadImage
from benchmark.core.types import ALL_TASKS
from benchmark.datasets import mini
from benchmark.datasets.mini import debian
from benchmark.datasets.mini.photographs import embedded
from benchmark.training.data import mini as training

TASKS = list(ALL_TASKS)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def few_pages(monkeypatch):
    monkeypatch.setattr(training, "PAGES", 4)


@pytest.fixture
def shots(tmp_path):
    folder = tmp_path / "shots"
    folder.mkdir()
    draw = np.random.default_rng(6)
    for name in ("one", "two", "three"):
        coarse = draw.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((150, 120), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_has_the_promised_form(task):
    degraded, clean = mini.stream(task, 3, 40, seed=1).batch(0)
    assert degraded.shape == clean.shape == (3, 3, 40, 40)
    assert degraded.dtype == clean.dtype == torch.float32
    assert 0 <= float(degraded.min()) <= float(degraded.max()) <= 1
    assert not torch.equal(degraded, clean)


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_depends_on_seed_and_step_only(task, shots):
    first, second = (mini.stream(task, 4, 32, seed=2, photos=shots) for _ in range(2))
    expected = [first.batch(step) for step in range(4)]
    resumed = second.batch(3)  # without the three before it
    assert torch.equal(resumed[0], expected[3][0])
    assert torch.equal(resumed[1], expected[3][1])
    for found, wanted in zip(mini.stream(task, 4, 32, seed=2, photos=shots), expected, strict=False):
        assert torch.equal(found[0], wanted[0])
    assert not torch.equal(expected[0][0], expected[1][0])
    assert not torch.equal(mini.stream(task, 4, 32, seed=3, photos=shots).batch(0)[0], expected[0][0])


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_ranks_split_a_batch_without_changing_it(world):
    stream = mini.stream("denoising", 5, 24, seed=4)
    whole = stream.batch(2)
    shares = [stream.batch(2, rank, world) for rank in range(world)]
    for side in (0, 1):
        assert torch.equal(torch.cat([share[side] for share in shares]), whole[side])


def test_photographs_and_leaves_are_mixed_as_told(shots):
    drawn = {share: set() for share in (0.0, 1.0)}
    for share, found in drawn.items():
        stream = mini.stream("denoising", 1, 24, seed=5, photos=shots, leaves=share)
        leaves, photographs = stream.pages
        for number in range(6):
            stream.sample(number)
        found.update(leaves._made)
        assert len(photographs) == 3
    assert not drawn[0.0]
    assert drawn[1.0]


def test_decoded_photographs_are_kept_and_read_again(shots, cache):
    first = mini.stream("deraining", 2, 32, photos=shots, leaves=0.0).batch(0)
    (kept,) = cache.rglob("*.npy")
    again = mini.stream("deraining", 2, 32, photos=shots, leaves=0.0).batch(0)
    assert torch.equal(first[0], again[0])
    kept.write_bytes(kept.read_bytes()[:200])  # a cache cut off by a full disk is made anew
    after = mini.stream("deraining", 2, 32, photos=shots, leaves=0.0).batch(0)
    assert torch.equal(first[0], after[0])


def test_a_test_photograph_in_the_folder_is_left_out_with_a_note(shots):
    shutil.copy(embedded()[0].path, shots / "portrait.png")
    with pytest.warns(UserWarning, match=r"portrait\.png shows the test photograph astronaut"):
        pages = mini.stream("deraining", 1, 32, photos=shots).pages[1]
    assert len(pages) == 3
    assert list(pages.left_out) == ["portrait.png"]


def test_a_cache_that_cannot_be_written_costs_a_warning_only(shots, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="kept in memory only"):
        mini.stream("deraining", 1, 32, photos=shots, leaves=0.0).batch(0)


@pytest.mark.filterwarnings("ignore:left out of training")
def test_a_folder_of_nothing_but_test_photographs_is_refused(tmp_path):
    for photograph in embedded()[:2]:
        shutil.copy(photograph.path, tmp_path)
    with pytest.raises(BadData, match="shows the test photograph"):
        mini.stream("denoising", 1, 32, photos=tmp_path).batch(0)


def test_a_photograph_smaller_than_a_crop_is_left_out_by_name(shots):
    Image.new("RGB", (40, 90), "blue").save(shots / "tiny.png")
    with pytest.warns(UserWarning, match=r"tiny\.png is 40 x 90, smaller than a crop of 48"):
        mini.stream("deblurring", 1, 32, photos=shots).batch(0)


def test_a_broken_photograph_is_named(shots):
    (shots / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    with pytest.raises(BadImage, match=r"broken\.jpg"):
        mini.stream("deblurring", 1, 32, photos=shots).batch(0)


def test_no_training_sample_equals_a_test_crop(shots):
    tested = {mini.load("mini-rain1400").images(i)[1].tobytes() for i in range(24)}
    stream = mini.stream("deraining", 8, 64, photos=shots)
    assert not tested & {stream.sample(number)[1].tobytes() for number in range(8)}


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg")
def test_debian_photographs_are_collected_with_their_licences(tmp_path, monkeypatch):
    tree = tmp_path / "build" / "pack"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        "Package: pack\nVersion: 1.2-3\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: x\n"
    )
    pictures = tree / "usr/share/backgrounds"
    pictures.mkdir(parents=True)
    colours = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(colours).resize((3000, 2000)).save(pictures / "hill.jpg")
    Image.open(embedded()[2].path).convert("RGB").save(pictures / "cup.jpg")
    told = tree / "usr/share/doc/pack"
    told.mkdir(parents=True)
    (told / "copyright").write_text("Files: *\nLicense: GPL-2+\n\nFiles: art/a.png\n art/hill.jpg\nLicense: CC0-1.0\n")
    subprocess.run(["dpkg-deb", "--build", str(tree), str(tmp_path / "pack_1.2-3_all.deb")], check=True)
    names = ("usr/share/backgrounds/hill.jpg", "usr/share/backgrounds/cup.jpg")
    monkeypatch.setattr(debian, "PACKAGES", {"pack": names})
    out = tmp_path / "out"
    assert debian.main([str(out), "--debs", str(tmp_path)]) == 0
    (row,) = json.loads((out / "manifest.json").read_text())  # the cup is a test photograph
    assert (row["version"], row["licence"]) == ("1.2-3", "CC0-1.0")
    assert Image.open(out / row["file"]).size == (1024, 683)
    monkeypatch.setattr(debian, "PACKAGES", {"other": names})
    assert debian.main([str(out), "--debs", str(tmp_path)]) == 2
