"""Every layout of every passport, from verifying the tree to the pixels of its pairs."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.core.errors import BadData, BadImage
from benchmark.core.types import Pair
from benchmark.datasets import dataset_ids, describe, verify
from benchmark.datasets.pairs import iterate
from benchmark.datasets.passport import passports
from benchmark.images.io import read_image
from tests.datasets.trees import TREES, ddn, on_disk, picture, sidd_arrays, sidd_mat


def test_every_layout_has_a_tree() -> None:
    base = {re.sub(r"-sigma\d+", "", id): passport for id, passport in passports().items()}
    layouts = {(id, layout.id) for id, passport in base.items() for layout in passport.layouts}
    assert layouts == {(re.sub(r"-sigma\d+", "", id), layout) for id, layout in TREES}


@pytest.mark.parametrize(("dataset", "layout"), TREES)
def test_from_verify_to_the_pairs(tmp_path: Path, expect: Callable[..., None], dataset: str, layout: str) -> None:
    names = TREES[dataset, layout](tmp_path / describe(dataset).folder)
    expect(dataset, len(names))
    data = on_disk(dataset, root=tmp_path)
    assert data.located.layout.id == layout
    assert verify.problems(data) == []
    assert data.names() == names
    for name, pair in iterate(data):
        assert isinstance(pair, Pair)
        assert pair.name == name
        assert pair.scene
        assert pair.clean.shape == pair.degraded.shape
        assert pair.clean.dtype == pair.degraded.dtype == torch.float32
        assert not torch.equal(pair.clean, pair.degraded)
    assert len(data.fingerprint()) == 64


@pytest.mark.parametrize(("name", "layout"), TREES)
def test_a_wrong_count_is_told(tmp_path: Path, name: str, layout: str) -> None:
    TREES[name, layout](tmp_path / describe(name).folder)
    with pytest.raises(BadData, match="pairs of"):
        on_disk(name, root=tmp_path)
    assert any("pairs of" in str(problem) for problem in on_disk(name, root=tmp_path, keep_going=True).problems)


def test_ddn_pairs_share_their_clean_image(tmp_path: Path, expect: Callable[..., None]) -> None:
    ddn(tmp_path / "rain1400", 901, "rainy_image", "ground_truth")
    expect("rain1400", 6)
    pair = on_disk("rain1400", root=tmp_path)[4]
    assert (pair.name, pair.scene) == ("902_14", "902")
    assert torch.equal(pair.clean, read_image(tmp_path / "rain1400/ground_truth/902.jpg"))
    assert torch.equal(pair.degraded, read_image(tmp_path / "rain1400/rainy_image/902_14.jpg"))


def test_side_by_side_is_split(tmp_path: Path, expect: Callable[..., None]) -> None:
    TREES["test1200", "official"](tmp_path / "test1200")
    expect("test1200", 3)
    pair = on_disk("test1200", root=tmp_path)[1]
    whole = read_image(tmp_path / "test1200/DID-MDN-test/1.jpg")
    assert torch.equal(torch.cat([pair.degraded, pair.clean], dim=2), whole)


def test_an_odd_side_by_side_picture_is_named(tmp_path: Path, expect: Callable[..., None]) -> None:
    TREES["test1200", "official"](tmp_path / "test1200")
    expect("test1200", 3)
    picture(tmp_path / "test1200/DID-MDN-test/1.jpg", 1, width=31)
    with pytest.raises(BadImage, match=r"1\.jpg.*31 pixels"):
        on_disk("test1200", root=tmp_path)[1]


def test_hide_finds_both_folders_and_gopro_the_right_blur(tmp_path: Path, expect: Callable[..., None]) -> None:
    TREES["gopro", "official"](tmp_path / "gopro")
    expect("gopro", 6)
    pair = on_disk("gopro", root=tmp_path)[4]
    folder = tmp_path / "gopro/GOPRO_Large/test/GOPR0410_11_00"
    assert torch.equal(pair.degraded, read_image(folder / "blur/000002.png"))
    assert torch.equal(pair.clean, read_image(folder / "sharp/000002.png"))
    assert pair.scene == "GOPR0410_11_00"


@pytest.mark.parametrize("compress", [False, True])
def test_mat_blocks(tmp_path: Path, expect: Callable[..., None], compress: bool) -> None:
    names = sidd_mat(tmp_path / "sidd", compress)
    expect("sidd", 6, sizes=("16x16",))
    data = on_disk("sidd", root=tmp_path)
    noisy, clean = sidd_arrays()
    pair = data[names.index("0002_03")]
    assert np.array_equal((pair.degraded.permute(1, 2, 0).numpy() * 255).round(), noisy[1, 2])
    assert np.array_equal((pair.clean.permute(1, 2, 0).numpy() * 255).round(), clean[1, 2])
    assert pair.scene == "0002"
    assert verify.problems(data, ("16x16",)) == []


@pytest.mark.parametrize("keep", [100, 700, 2000])
def test_a_truncated_mat_is_named(tmp_path: Path, expect: Callable[..., None], keep: int) -> None:
    sidd_mat(tmp_path / "sidd")
    expect("sidd", 6)
    path = tmp_path / "sidd/ValidationNoisyBlocksSrgb.mat"
    path.write_bytes(path.read_bytes()[:keep])
    data = on_disk("sidd", root=tmp_path, keep_going=True)
    assert any("ValidationNoisyBlocksSrgb.mat" in str(problem) for problem in verify.problems(data))
    with pytest.raises(BadData, match=r"ValidationNoisyBlocksSrgb\.mat"):
        on_disk("sidd", root=tmp_path)[0]


def test_a_mat_without_its_variable_or_partner_is_named(tmp_path: Path, expect: Callable[..., None]) -> None:
    from scipy.io import savemat

    sidd_mat(tmp_path / "sidd")
    expect("sidd", 6)
    path = tmp_path / "sidd/ValidationGtBlocksSrgb.mat"
    savemat(path, {"Other": np.zeros(3)})
    with pytest.raises(BadData, match="Other"):
        on_disk("sidd", root=tmp_path, keep_going=False)
    savemat(path, {"ValidationGtBlocksSrgb": np.zeros((2, 3, 16, 16, 3))})
    assert any("float" in str(p) or "double" in str(p) for p in on_disk("sidd", tmp_path, keep_going=True).problems)
    path.unlink()
    with pytest.raises(BadData, match=r"ValidationGtBlocksSrgb\.mat"):
        on_disk("sidd", root=tmp_path)


def test_gaussian_noise_is_the_documented_one(tmp_path: Path, expect: Callable[..., None]) -> None:
    picture(tmp_path / "kodak24/kodim01.png", 1, 40, 30)
    picture(tmp_path / "kodak24/kodim02.png", 2, 40, 30)
    prints = set()
    for sigma in (15, 25, 50):
        expect(f"kodak24-sigma{sigma}", 2)
        data = on_disk(f"kodak24-sigma{sigma}", root=tmp_path)
        image = read_image(tmp_path / "kodak24/kodim02.png").permute(1, 2, 0).numpy().astype(np.float32)
        np.random.seed(0)  # noqa: NPY002
        image += np.random.normal(0, sigma / 255.0, image.shape)  # noqa: NPY002
        assert np.array_equal(data[1].degraded.permute(1, 2, 0).numpy(), image)
        assert torch.equal(data[1].degraded, data[1].degraded)
        prints.add(data.fingerprint())
    assert len(prints) == 3


def test_the_same_pairs_in_two_layouts_have_one_name(tmp_path: Path, expect: Callable[..., None]) -> None:
    TREES["rain100l", "official"](tmp_path / "a/rain100l")
    TREES["rain100l", "classic"](tmp_path / "b/rain100l")
    expect("rain100l", 3)
    one, other = (on_disk("rain100l", root=tmp_path / part) for part in "ab")
    assert one.fingerprint() == other.fingerprint()


def test_one_input_too_many(tmp_path: Path, expect: Callable[..., None]) -> None:
    """The small form of 2,801 inputs for 2,800 targets."""
    TREES["test2800", "input-target"](tmp_path / "test2800")
    picture(tmp_path / "test2800/input/999_3.jpg", 3)
    expect("test2800", 3)
    with pytest.raises(BadData) as caught:
        on_disk("test2800", root=tmp_path)
    assert caught.value.expected.startswith("3 pairs of Test2800")
    assert caught.value.found.startswith("4 in")
    data = on_disk("test2800", root=tmp_path, keep_going=True)
    assert any("999_3.jpg" in str(problem) for problem in data.problems)
    results = dict(iterate(data, keep_going=True))
    assert isinstance(results["999_3"], BadData)
    assert sum(not isinstance(value, BadData) for value in results.values()) == 3


def test_jpeg_where_png_is_expected(tmp_path: Path, expect: Callable[..., None]) -> None:
    names = TREES["rain100l", "input-target"](tmp_path / "rain100l")
    (tmp_path / "rain100l/input/norain-2.png").unlink()
    picture(tmp_path / "rain100l/input/norain-2.jpg", 4)
    expect("rain100l", len(names))
    data = on_disk("rain100l", root=tmp_path)
    assert [str(problem) for problem in verify.problems(data) if "norain-2.jpg" in str(problem)]
    with pytest.raises(BadImage, match="PNG"):
        data[1]
    assert data[0].name == "norain-1"


def test_realblur_lists_are_checked(tmp_path: Path, expect: Callable[..., None]) -> None:
    TREES["realblur-j", "official"](tmp_path / "realblur-j")
    expect("realblur-j", 4)
    listing = tmp_path / "realblur-j/RealBlur_J_test_list.txt"
    lines = listing.read_text().splitlines()
    clean, blur = lines[0].split()
    for bad, says in (
        (f"{clean} {lines[1].split()[1]}", "a pair in line 1"),
        (f"{clean} ../../{blur}", "symbolic link|inside"),
        (clean, "two paths"),
        (f"{clean} {blur.replace('blur_1', 'blur_77')}", "a pair in line 1|no such file"),
    ):
        listing.write_text("\n".join([bad, *lines[1:]]))
        data = on_disk("realblur-j", root=tmp_path, keep_going=True)
        assert any(re.search(says, str(problem)) for problem in data.problems), bad
        assert sum(not isinstance(v, Exception) for _, v in iterate(data, keep_going=True)) == 3


def test_verify_names_every_problem(tmp_path: Path, expect: Callable[..., None]) -> None:
    names = TREES["gopro", "official"](tmp_path / "gopro")
    folder = tmp_path / "gopro/GOPRO_Large/test/GOPR0384_11_00"
    expect("gopro", len(names))
    path = folder / "sharp/000001.png"
    path.write_bytes(path.read_bytes()[:200])
    picture(folder / "blur/000002.png", 1, 17, 12)
    (folder / "blur/readme.html").write_text("x")
    (tmp_path / "gopro/GOPRO_Large/test/GOPR0410_11_00/sharp/000003.png").unlink()
    found = [str(p) for p in verify.problems(on_disk("gopro", tmp_path, keep_going=True), ("16x12",))]
    assert len(found) == 4, found
    for named in ("sharp/000001.png", "blur/000002.png", "readme.html", "blur/000003.png"):
        assert any(named in problem for problem in found), named
    everything = verify.problems(on_disk("gopro", tmp_path, keep_going=True), ("1280x720",))
    assert any("1280x720" in str(problem) for problem in everything)


def test_checksums_find_a_change_that_edges_miss(tmp_path: Path) -> None:
    TREES["rain100l", "input-target"](tmp_path)
    data = on_disk(tmp_path)
    sums = verify.checksums(data)
    listing = tmp_path / "sums.txt"
    listing.write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    assert verify.compare(sums, listing) == []
    picture(tmp_path / "target/norain-2.png", 77)
    (tmp_path / "input/norain-1.png").unlink()
    changed = verify.checksums(on_disk(tmp_path, keep_going=True))
    assert verify.summary(changed) != verify.summary(sums)
    found = " ".join(str(problem) for problem in verify.compare(changed, listing))
    assert "target/norain-2.png" in found
    assert "input/norain-1.png" in found
    listing.write_text("nonsense\n")
    with pytest.raises(BadData, match="line 1"):
        verify.compare(sums, listing)


def test_missing_data_says_where(tmp_path: Path) -> None:
    for id in dataset_ids("train"):
        with pytest.raises(BadData, match=f"data where {id}"):
            on_disk(id, root=tmp_path)
