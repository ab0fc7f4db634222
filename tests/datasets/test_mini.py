"""The five mini sets: the same pairs everywhere, real scenes, honest physics, clear errors."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmark.core.errors import BadData, BadImage, UnknownName
from benchmark.core.types import ALL_TASKS, Scale
from benchmark.datasets import dataset_ids, describe, get_dataset, mini, resolve
from benchmark.datasets.mini import photographs
from benchmark.datasets.mini.pairs import GENERATION, MiniDataset

IDS = [record.id for record in mini.catalogue]
SCENES = ("astronaut", "chelsea", "coffee", "rocket", "motorcycle", "china", "flower", "hopper")

# sha256 over degraded and clean bytes of all pairs. When one changes, raise pairs.GENERATION, then pin anew.
PINNED_GENERATION = 1
PINNED = {
    "mini-rain1400": "51225b6471e9a159108552cc3ac454c927abbebd752fd1786def1629844f94a4",
    "mini-test1200": "b5a514ef9c581c3b700450d8c916c857dea27027475496d29a7244aedd5f738f",
    "mini-gopro": "616f8a6f245580789c149fe07e417d67615be38c2e021526ace1c9d4e4b380e0",
    "mini-hide": "983333c79e9622447a7900189042bd3d69a9098be619d3cfee4e229f7aed8012",
    "mini-sidd": "8149d9894bba91a766bcadd2c8bd47be38c41cba5c775e4a8f509fa17af669dd",
}
DECODED = "d01a55a417c3093cb6483d6fdbc34ecafc979c20ae9c17bc0c1d14fcf6b4f7d4"


@pytest.fixture(scope="module")
def sets() -> dict[str, MiniDataset]:
    return {id: mini.load(id) for id in IDS}


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two clean pictures that show no test scene."""
    folder = tmp_path_factory.mktemp("shots")
    draw = np.random.default_rng(5)
    for name in ("lake", "mill"):
        coarse = draw.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    return folder


def digest(pieces: Iterable[NDArray[np.uint8]]) -> str:
    told = hashlib.sha256()
    for piece in pieces:
        told.update(np.ascontiguousarray(piece).tobytes())
    return told.hexdigest()


def test_every_package_ships_the_photograph_that_is_recorded() -> None:
    found = photographs.embedded()
    assert tuple(photograph.scene for photograph in found) == SCENES
    assert {photograph.scene: photograph.digest() for photograph in found} == photographs.SHA256


def test_listing_and_finding_photographs_import_nothing_heavy() -> None:
    code = (
        "import sys; from benchmark.datasets import mini; from benchmark.datasets.mini.photographs import embedded;"
        "embedded(); print([m for m in ('torch', 'skimage', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", IDS)
def test_each_set_has_24_pairs_of_8_scenes(sets: dict[str, MiniDataset], name: str) -> None:
    data = sets[name]
    record = next(r for r in mini.catalogue if r.id == name)
    assert len(data) == record.count == 24
    assert len(set(data.names())) == 24
    assert data.scale is Scale.MINI
    assert data.title == record.title
    assert data.title.startswith("mini, after ")
    pair = data[4]
    assert (pair.name, pair.scene) == ("chelsea-2", "chelsea")
    for image in (pair.degraded, pair.clean):
        assert image.shape == (3, 128, 192)
        assert str(image.dtype) == "torch.float32"
        assert ((image * 255).round() / 255 - image).abs().max() < 1e-7  # eight bits
        assert 0 <= float(image.min()) < float(image.max()) <= 1
    with pytest.raises(IndexError):
        data[24]


@pytest.mark.parametrize("name", IDS)
def test_the_pairs_are_the_pinned_ones(sets: dict[str, MiniDataset], name: str) -> None:
    decoded = digest(photograph.read() for photograph in photographs.embedded())
    if decoded != DECODED:
        pytest.skip("this machine's JPEG or resampling library decodes the photographs otherwise")
    assert GENERATION == PINNED_GENERATION, "pin the new generation's pairs"
    assert digest(image for i in range(24) for image in sets[name].images(i)) == PINNED[name], "raise GENERATION"


@pytest.mark.parametrize("name", IDS)
def test_another_seed_gives_other_pairs_and_another_fingerprint(sets: dict[str, MiniDataset], name: str) -> None:
    same, other = mini.load(name), mini.load(name, seed=1)
    assert same.fingerprint() == sets[name].fingerprint() != other.fingerprint()
    assert np.array_equal(same.images(7)[0], sets[name].images(7)[0])
    assert not np.array_equal(other.images(7)[0], sets[name].images(7)[0])


def test_fingerprints_differ_between_sets_and_follow_the_photographs(
    sets: dict[str, MiniDataset], shots: Path, tmp_path: Path
) -> None:
    assert len({data.fingerprint() for data in sets.values()}) == len(IDS)
    before = mini.load("mini-gopro", photos=shots).fingerprint()
    for file in shots.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert mini.load("mini-gopro", photos=tmp_path).fingerprint() == before
    Image.new("RGB", (320, 240), "red").save(tmp_path / "mill.png")
    assert mini.load("mini-gopro", photos=tmp_path).fingerprint() != before


def test_the_degraded_image_is_worse_but_recognisable(sets: dict[str, MiniDataset]) -> None:
    low_high = {
        "mini-rain1400": (23, 27),
        "mini-test1200": (20, 25),
        "mini-gopro": (22, 27),
        "mini-hide": (24, 29),
        "mini-sidd": (25, 30),
    }
    for id, (low, high) in low_high.items():
        pairs = [sets[id].images(i) for i in range(24)]
        errors = [np.mean((d.astype(float) - c) ** 2) for d, c in pairs]
        assert min(errors) > 0
        assert low < np.mean([10 * np.log10(255**2 / error) for error in errors]) < high, id


def test_ones_own_photographs_make_pairs_too(shots: Path) -> None:
    for record in mini.catalogue:
        data = mini.load(record.id, photos=shots)
        assert data.names() == ["lake-1", "lake-2", "lake-3", "mill-1", "mill-2", "mill-3"]
        assert "photographs of" in data.title
        assert data.task in ALL_TASKS
        assert data[5].degraded.shape == (3, 128, 192)


def test_a_misspelt_set_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="mini-gopro"):
        mini.load("mini-gopo")


def test_an_empty_or_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="not one image file"):
        mini.load("mini-sidd", photos=tmp_path)
    with pytest.raises(BadData, match="no folder"):
        mini.load("mini-sidd", photos=tmp_path / "none")


@pytest.mark.parametrize("kind", ["truncated", "text", "small"])
def test_a_bad_photograph_is_named(tmp_path: Path, shots: Path, kind: str) -> None:
    file = tmp_path / "bad.png"
    if kind == "truncated":
        whole = (shots / "lake.png").read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
    elif kind == "text":
        file.write_text("no picture")
    else:
        Image.new("RGB", (150, 150)).save(file)
    data = mini.load("mini-gopro", photos=tmp_path)
    with pytest.raises(BadImage, match=r"bad\.png"):
        data[0]


def test_a_package_without_its_photograph_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(photographs._SHIPPED, "coffee", ("skimage", "data/no-coffee.png", 2.0))
    with pytest.raises(BadData, match="scikit-image"):
        photographs.embedded()


def test_copies_of_test_photographs_are_recognised(tmp_path: Path) -> None:
    for photograph in photographs.embedded():
        picture = Image.open(photograph.path).convert("RGB")
        copy = tmp_path / "copy.jpg"
        picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)).save(copy, quality=60)
        seen = np.asarray(Image.open(copy))
        assert photographs.shown_in_tests(seen) == photograph.scene
        assert photographs.shown_in_tests(np.ascontiguousarray(seen[:, ::-1])) == photograph.scene


def test_other_pictures_are_not_taken_for_test_photographs(shots: Path) -> None:
    for file in shots.iterdir():
        assert photographs.shown_in_tests(np.asarray(Image.open(file))) is None


def test_crops_are_the_places_with_detail_and_keep_apart() -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 200:280] = np.random.default_rng(0).integers(0, 256, (100, 80, 3))
    first, second = photographs.best_crops(picture, 64, 64, 2, Path("x"))
    assert np.abs(np.diff(first.astype(int), axis=1)).mean() > 40
    assert not np.array_equal(first, second)


def test_other_photographs_make_a_set_of_another_name(tmp_path: Path) -> None:
    shots = tmp_path / "my shots"
    shots.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)).save(shots / "a.png")
    data = mini.load("mini-hide", photos=shots)
    assert data.id == "mini-hide-my-shots"
    assert data.recipe == "mini-hide"
    assert data[0].clean.shape == (3, 128, 192)


SECOND = [f"{id}@2" for id in IDS]


@pytest.mark.parametrize("name", SECOND)
def test_the_second_version_has_39_pairs_of_13_scenes_the_first_24_as_before(
    sets: dict[str, MiniDataset], name: str
) -> None:
    data = mini.load(name)
    before = sets[name.removesuffix("@2")]
    assert len(data) == 39
    assert len({photograph.scene for photograph in data.photographs}) == 13
    assert data.names()[:24] == before.names()
    assert data.fingerprint() != before.fingerprint()
    for index in (0, 4, 11, 23):
        assert all(np.array_equal(a, b) for a, b in zip(data.images(index), before.images(index), strict=True))
    pair = data[38]
    assert (pair.name, pair.scene) == ("lighthouse-3", "lighthouse")
    assert pair.clean.shape == (3, 128, 192)
    assert not np.array_equal(*data.images(30))


def test_versions_have_ids_of_their_own_and_the_plain_one_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mini.load("mini-sidd@1").id == mini.load("mini-sidd").id == "mini-sidd"
    assert mini.load("mini-sidd@2").id == "mini-sidd@2"
    assert mini.load("mini-sidd@2").recipe == "mini-sidd"
    assert mini.load("mini-sidd@2").title.endswith("(version 2)")
    first = mini.load("mini-sidd").fingerprint()
    monkeypatch.setattr(mini, "CURRENT", 2)
    assert (mini.load("mini-sidd").id, len(mini.load("mini-sidd"))) == ("mini-sidd", 39)
    assert mini.load("mini-sidd@1").id == "mini-sidd@1"
    assert mini.load("mini-sidd@1").fingerprint() == first  # what was measured on the first version stays valid
    for wrong in ("mini-sidd@3", "mini-sidd@", "mini-sidd@x", "mini-nothing@2"):
        with pytest.raises(UnknownName):
            mini.load(wrong)


def test_a_version_is_opened_by_name_like_any_data_set() -> None:
    assert describe("mini-gopro@2").counts == (39,)
    assert "pyiqa" in describe("mini-gopro@2").source
    assert resolve("gopro@2", Scale.MINI) == resolve("mini-gopro@2") == "mini-gopro@2"
    assert resolve("mini-gopro@1") == "mini-gopro"
    assert get_dataset("mini-gopro@2").id == "mini-gopro@2"
    assert "mini-gopro@2" not in dataset_ids()  # asked for by name only
    with pytest.raises(UnknownName, match="mini-gopro@2"):
        resolve("mini-gopro@7")


@pytest.mark.parametrize("kind", ["absent", "one missing", "one changed"])
def test_a_pyiqa_without_the_pictures_gives_eight_scenes_that_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    shipped = photographs.calibration()
    monkeypatch.setattr(photographs, "_CALIBRATION_FOLDER", tmp_path)
    if kind != "absent":
        for number, photograph in enumerate(shipped[1:] if kind == "one missing" else shipped):
            copy = tmp_path / f"renamed{number}.bmp"  # known by their bytes, not by their names
            copy.write_bytes(photograph.path.read_bytes())
        if kind == "one changed":
            assert len(mini.load("mini-hide@2")) == 39
            copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    with pytest.warns(UserWarning, match="eight scenes"):
        data = mini.load("mini-hide@2")
    assert len(data) == 24
    assert data.id == "mini-hide@2-8-scenes"
    assert data.title.endswith("eight scenes only")
    assert data.recipe == "mini-hide"
    assert np.array_equal(data.images(5)[0], mini.load("mini-hide").images(5)[0])


def test_every_scene_of_both_versions_is_recognised() -> None:
    assert len(photographs.scenes()) == 13
    for photograph in photographs.calibration():
        assert photographs.shown_in_tests(photograph.read()) == photograph.scene
