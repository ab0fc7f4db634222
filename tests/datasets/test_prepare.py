"""Writing data sets out as plain folders and patches, and drawing contact sheets."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BadData, BadImage, BadOutput
from benchmark.datasets.prepare import prepare, starts
from benchmark.datasets.sheet import contact_sheet, spread
from benchmark.datasets.verify import compare
from benchmark.images.io import read_image
from tests.datasets.trees import TREES, on_disk, picture


@pytest.mark.parametrize(
    ("name", "layout"),
    [("rain1400", "official"), ("gopro", "official"), ("test1200", "official"), ("sidd", "official")],
)
def test_prepared_pairs_are_the_same(tmp_path: Path, expect: Callable[..., None], name: str, layout: str) -> None:
    names = TREES[name, layout](tmp_path / name)
    expect(name, len(names))
    data = on_disk(name, root=tmp_path)
    assert prepare(data, tmp_path / "new" / name) == len(names)
    expect(name, len(names))
    again = on_disk(name, root=tmp_path / "new")
    assert again.located.layout.id == "input-target"
    assert again.names() == names
    for index in range(len(names)):
        assert torch.equal(again[index].degraded, data[index].degraded)
        assert torch.equal(again[index].clean, data[index].clean)
        assert again[index].scene == data[index].scene


def test_patches_cover_the_images(tmp_path: Path, expect: Callable[..., None]) -> None:
    names = TREES["sidd-medium", "official"](tmp_path / "sidd-medium")
    expect("sidd-medium", len(names))
    data = on_disk("sidd-medium", root=tmp_path)
    assert prepare(data, tmp_path / "patches", patch=8, stride=6) == 4 * 3 * 2
    patches = on_disk(tmp_path / "patches")
    by_name = {pair.name: pair for pair in (patches[i] for i in range(len(patches)))}
    corners = [(y, x) for y in (0, 4) for x in (0, 6, 8)]
    for number, (y, x) in enumerate(corners, 1):
        pair = by_name[f"{names[0]}-{number}"]
        assert torch.equal(pair.degraded, data[0].degraded[:, y : y + 8, x : x + 8])
        assert torch.equal(pair.clean, data[0].clean[:, y : y + 8, x : x + 8])


def test_starts_end_flush() -> None:
    assert starts(10, 4, 3) == [0, 3, 6]
    assert starts(11, 4, 3) == [0, 3, 6, 7]
    assert starts(4, 4, 3) == [0]


def test_smaller_images_stay_whole(tmp_path: Path) -> None:
    TREES["rain100l", "input-target"](tmp_path / "in")
    assert prepare(on_disk(tmp_path / "in"), tmp_path / "out", patch=13) == 2
    assert sorted(path.name for path in (tmp_path / "out/input").iterdir()) == ["norain-1.png", "norain-2.png"]


def test_prepare_refuses(tmp_path: Path, expect: Callable[..., None]) -> None:
    TREES["rain100l", "input-target"](tmp_path / "in")
    with pytest.raises(BadOutput, match="something in it"):
        prepare(on_disk(tmp_path / "in"), tmp_path)
    TREES["kodak24-sigma25", "clean"](tmp_path / "kodak24")
    expect("kodak24-sigma25", 2)
    with pytest.raises(BadData, match="noise"):
        prepare(on_disk("kodak24-sigma25", root=tmp_path), tmp_path / "out")
    picture(tmp_path / "in/input/norain-2.png", 1, 5, 5)
    with pytest.raises(BadImage):
        prepare(on_disk(tmp_path / "in"), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "kodak24"]


def test_what_cannot_be_written_is_one_message_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for side in ("input", "target"):
        picture(tmp_path / "in" / side / "a.png", 1, 8, 8)
    data = on_disk(tmp_path / "in")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(BadOutput, match="Not a directory"):
        prepare(data, tmp_path / "file" / "out")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "in/input/a.png"))

    monkeypatch.setattr("benchmark.datasets.prepare.shutil.copyfile", full)
    with pytest.raises(BadOutput, match=r"No space left.*nothing is left") as told:
        prepare(data, tmp_path / "out")
    assert str(tmp_path / "out") in told.value.expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "in"]


@pytest.mark.parametrize("listing", ["/dev/zero", "."])
def test_a_listing_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, listing: str) -> None:
    monkeypatch.setattr("benchmark.datasets.verify._LISTING", 1 << 20)
    with pytest.raises(BadData, match="listing"):
        compare({}, Path(listing))


def test_contact_sheet_shows_the_pairs(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        picture(tmp_path / "in/input" / f"{name}.png", 1, 32, 16)
        Image.fromarray(np.full((16, 32, 3), (200, 10, 30), np.uint8)).save(
            _made(tmp_path / "in/target") / f"{name}.png"
        )
    names = contact_sheet(on_disk(tmp_path / "in"), tmp_path / "x/sheet.png", count=2, height=40, columns=1)
    assert names == ["a", "c"]
    sheet = (read_image(tmp_path / "x/sheet.png") * 255).round()
    assert sheet.shape == (3, 2 * (40 + 16 + 6) + 6, 80 + 2 + 80 + 12)
    assert sheet[:, 20, 6 + 82 + 40].tolist() == [200, 10, 30]
    assert sheet[:, 20 + 62, 6 + 82 + 40].tolist() == [200, 10, 30]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_spread() -> None:
    assert spread(100, 3) == [0, 50, 99] or spread(100, 3) == [0, 49, 99]
    assert spread(2, 8) == [0, 1]
    assert spread(5, 1) == [0]
