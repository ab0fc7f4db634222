"""Reading pictures strictly and writing them back."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BadImage
from benchmark.images.io import image_size, read_array, read_image, read_uint8, save_image


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)


def deep_png(values: np.ndarray, filters: list[int]) -> bytes:
    """A 16-bit PNG whose scan lines use the given filters in turn, written straight from the specification."""
    height, width, channels = values.shape
    step = channels * 2
    rows = values.astype(">u2").tobytes()
    stride = width * step
    above, out = bytes(stride), b""
    for y in range(height):
        row, kind = rows[y * stride : (y + 1) * stride], filters[y % len(filters)]
        line = bytearray()
        for i in range(stride):
            a = row[i - step] if i >= step else 0
            b = above[i]
            c = above[i - step] if i >= step else 0
            nearest = min((abs(a + b - c - v), order, v) for order, v in enumerate((a, b, c)))[2]
            line.append((row[i] - (0, a, b, (a + b) // 2, nearest)[kind]) % 256)
        out += bytes([kind]) + bytes(line)
        above = row

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(out)) + chunk(b"IEND", b"")


def test_rgb_is_exact(tmp_path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(tmp_path / "a.png")
    tensor = read_image(tmp_path / "a.png")
    assert tensor.dtype == torch.float32
    assert tensor.shape == (3, 7, 9)
    assert tensor.is_contiguous()
    assert torch.equal(tensor, torch.from_numpy(values).permute(2, 0, 1).float() / 255)
    assert np.array_equal(read_uint8(tmp_path / "a.png"), values)
    assert image_size(tmp_path / "a.png") == (9, 7)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, None])
def test_16_bits_are_kept(tmp_path: Path, channels: int, kind: int | None) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (6, 5, channels), dtype=np.uint16)
    deep[..., 3:] = 65535
    (tmp_path / "deep.png").write_bytes(deep_png(deep, [0, 1, 2, 3, 4] if kind is None else [kind]))
    assert np.array_equal(read_array(tmp_path / "deep.png"), deep[..., :3])
    expected = torch.from_numpy(deep[..., :3].astype(np.float64) / 65535).permute(2, 0, 1)
    assert (read_image(tmp_path / "deep.png").double() - expected).abs().max() < 1e-7
    assert np.array_equal(read_uint8(tmp_path / "deep.png"), np.floor(deep[..., :3] / 257 + 0.5).astype(np.uint8))


def test_palette_and_opaque_alpha_are_exact(tmp_path: Path, values: np.ndarray) -> None:
    small = np.repeat(values[:2, :2], 3, axis=0)
    Image.fromarray(small).quantize(16).save(tmp_path / "p.png")
    assert Image.open(tmp_path / "p.png").mode == "P"
    assert np.array_equal(read_uint8(tmp_path / "p.png"), small)
    Image.fromarray(np.dstack([values, np.full((7, 9), 255, np.uint8)])).save(tmp_path / "a.png")
    assert np.array_equal(read_uint8(tmp_path / "a.png"), values)


def _gray(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values[..., 0]).save(path)


def _gray16(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values[..., 0].astype(np.uint16) * 257).save(path)


def _alpha(path: Path, values: np.ndarray) -> None:
    Image.fromarray(np.dstack([values, values[..., 0]])).save(path)


def _transparent_palette(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).quantize(16).save(path, transparency=0)


def _truncated(path: Path, values: np.ndarray) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-4000])


def _cut_in_header(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(path)
    path.write_bytes(path.read_bytes()[:20])


def _web_page(path: Path, values: np.ndarray) -> None:
    path.write_text("\n <!DOCTYPE html><html><title>Quota exceeded</title></html>")


def _empty(path: Path, values: np.ndarray) -> None:
    path.write_bytes(b"")


def _missing(path: Path, values: np.ndarray) -> None:
    pass


def _folder(path: Path, values: np.ndarray) -> None:
    path.mkdir()


def _jpeg(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(path, format="JPEG")


def _pointer(path: Path, values: np.ndarray) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")


def _moving(path: Path, values: np.ndarray) -> None:
    frames = [Image.fromarray(values), Image.fromarray(values[::-1])]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def _deep_truncated(path: Path, values: np.ndarray) -> None:
    path.write_bytes(deep_png(np.full((40, 40, 3), 9, np.uint16), [0])[:-30])


BAD = [
    (_gray, "three colour channels", "gray"),
    (_gray16, "three colour channels", "16-bit"),
    (_alpha, "opaque", "transparent"),
    (_transparent_palette, "opaque", "transparent"),
    (_truncated, "whole image", "truncated"),
    (_deep_truncated, "whole image", "truncated"),
    (_cut_in_header, "image", "cut off"),
    (_web_page, "image", "web page"),
    (_empty, "image", "zero bytes"),
    (_missing, "image file", "no such file"),
    (_folder, "image file", "a folder"),
    (_jpeg, "PNG data", "JPEG data"),
    (_pointer, "image", "LFS"),
    (_moving, "one picture", "frames"),
]


@pytest.mark.parametrize(("make", "expected", "found"), BAD, ids=[bad[0].__name__[1:] for bad in BAD])
def test_bad_images_are_named(
    tmp_path: Path, values: np.ndarray, make: Callable[..., object], expected: str, found: str
) -> None:
    path = tmp_path / "bad.png"
    make(path, values)
    with pytest.raises(BadImage) as caught:
        read_image(path)
    assert expected in caught.value.expected
    assert found in caught.value.found
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_truncation_is_seen_though_a_library_allows_it(
    tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import ImageFile

    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    _truncated(tmp_path / "t.png", values)
    with pytest.raises(BadImage, match="truncated"):
        read_image(tmp_path / "t.png")


def test_saving_rounds_or_truncates(tmp_path: Path) -> None:
    levels = torch.tensor([10.49, 10.5, 10.99, -3.0, 300.0, 254.6])
    image = (levels / 255).reshape(1, 2, 3).expand(3, 2, 3)
    save_image(tmp_path / "round.png", image)
    save_image(tmp_path / "cut.png", image, truncate=True)
    assert read_uint8(tmp_path / "round.png")[..., 0].ravel().tolist() == [10, 11, 11, 0, 255, 255]
    assert read_uint8(tmp_path / "cut.png")[..., 0].ravel().tolist() == [10, 10, 10, 0, 255, 254]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.png", "round.png"]


@pytest.mark.parametrize("truncate", [False, True])
def test_every_level_survives_saving(tmp_path: Path, truncate: bool) -> None:
    image = (torch.arange(256) / 255).reshape(1, 16, 16).expand(3, 16, 16)
    save_image(tmp_path / "a.png", image, truncate)
    assert torch.equal(read_image(tmp_path / "a.png"), image)


@pytest.mark.parametrize(
    ("name", "image", "says"),
    [
        ("a.jpg", torch.zeros(3, 4, 4), "lossless"),
        ("a.png", torch.zeros(1, 4, 4), "tensor"),
        ("a.png", torch.full((3, 4, 4), float("nan")), "finite"),
    ],
)
def test_saving_refuses(tmp_path: Path, name: str, image: torch.Tensor, says: str) -> None:
    with pytest.raises(BadImage, match=says):
        save_image(tmp_path / name, image)
    assert not list(tmp_path.iterdir())
