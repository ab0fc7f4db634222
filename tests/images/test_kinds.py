"""Pictures of every kind people have: all their bits, or a refusal that names the kind."""

from __future__ import annotations

import io
import logging
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms

from benchmark.core.errors import BadImage
from benchmark.images import io as reading
from benchmark.images.io import image_notes, image_size, read_array, read_image, read_uint8, save_image

Values = NDArray[Any]


@pytest.fixture
def deep() -> Values:
    return np.random.default_rng(0).integers(0, 65536, (11, 7, 3), dtype=np.uint16)


@pytest.fixture
def bytes8() -> Values:
    return np.random.default_rng(1).integers(0, 256, (11, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"byteorder": ">"}, {"bigtiff": True}])
@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_tiff_keeps_every_bit(options: dict[str, Any], kind: str, deep: Values, tmp_path: Path) -> None:
    values = deep if kind == "uint16" else (deep / 65535).astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", **options)
    assert np.array_equal(read_array(tmp_path / "a.tif"), values)
    assert image_size(tmp_path / "a.tif") == (7, 11)
    tensor = read_image(tmp_path / "a.tif")
    expected = torch.from_numpy(deep / 65535).permute(2, 0, 1)
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous()
    assert (tensor.double() - expected).abs().max() < 1e-7
    assert np.array_equal(read_uint8(tmp_path / "a.tif"), np.floor(deep / 257 + 0.5).astype(np.uint8))


def test_lzw_tiff_and_png_agree(deep: Values, tmp_path: Path) -> None:
    for name in ("a.tif", "a.png"):
        assert cv2.imwrite(str(tmp_path / name), deep[..., ::-1])
        assert np.array_equal(read_array(tmp_path / name), deep)


def test_an_opaque_alpha_channel_is_dropped_and_a_used_one_refused(deep: Values, tmp_path: Path) -> None:
    opaque = np.dstack([deep, np.full(deep.shape[:2], 65535, np.uint16)])
    tifffile.imwrite(tmp_path / "a.tif", opaque, photometric="rgb", extrasamples=["unassalpha"])
    assert np.array_equal(read_array(tmp_path / "a.tif"), deep)
    opaque[0, 0, 3] = 9
    tifffile.imwrite(tmp_path / "b.tif", opaque, photometric="rgb", extrasamples=["unassalpha"])
    with pytest.raises(BadImage, match="transparent"):
        read_array(tmp_path / "b.tif")


def test_8_bit_tiff_is_read_as_ever(bytes8: Values, tmp_path: Path) -> None:
    for compression in (None, "tiff_lzw", "tiff_deflate", "packbits"):
        Image.fromarray(bytes8).save(tmp_path / "a.tif", compression=compression)
        assert np.array_equal(read_array(tmp_path / "a.tif"), bytes8)
    Image.fromarray(bytes8).quantize(256).save(tmp_path / "p.tif")
    assert read_array(tmp_path / "p.tif").shape == (11, 7, 3)


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("int16", {}, "int16"),
        ("uint32", {}, "uint32"),
        ("float64", {}, "float64"),
        ("float16", {}, "float16"),
        ("uint16", {"planarconfig": "separate"}, "planes apart"),
    ],
)
def test_tiff_kinds_that_are_not_kept_whole_are_named(
    kind: str, options: dict[str, Any], says: str, deep: Values, tmp_path: Path
) -> None:
    values = (deep // 4).astype(kind) if kind != "float16" else (deep / 65535).astype(kind)
    values = values.transpose(2, 0, 1) if options else values
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", **options)
    with pytest.raises(BadImage, match=says):
        read_image(tmp_path / "a.tif")


def test_tiff_gray_pages_and_ranges_are_named(deep: Values, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "gray.tif", deep[..., 0])
    tifffile.imwrite(tmp_path / "pages.tif", np.stack([deep, deep]), photometric="rgb")
    tifffile.imwrite(tmp_path / "range.tif", deep.astype(np.float32), photometric="rgb")
    tifffile.imwrite(tmp_path / "nan.tif", np.full((4, 4, 3), np.nan, np.float32), photometric="rgb")
    (tmp_path / "cut.tif").write_bytes((tmp_path / "range.tif").read_bytes()[:300])
    for name, says in (
        ("gray", "gray image"),
        ("pages", "more than one page"),
        ("range", "values from"),
        ("nan", "NaN"),
        ("cut", "damaged"),
    ):
        with pytest.raises(BadImage, match=says):
            read_image(tmp_path / f"{name}.tif")


def test_noise_may_leave_the_range_of_float_tiff(tmp_path: Path) -> None:
    values = np.linspace(-0.3, 1.3, 48, dtype=np.float32).reshape(4, 4, 3)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    assert np.array_equal(read_array(tmp_path / "a.tif"), values)
    assert read_uint8(tmp_path / "a.tif").min() == 0


def test_ppm(deep: Values, bytes8: Values, tmp_path: Path) -> None:
    size = b"\n# made by a camera\n7 11\n"
    (tmp_path / "a.ppm").write_bytes(b"P6" + size + b"255\n" + bytes8.tobytes())
    (tmp_path / "b.ppm").write_bytes(b"P6" + size + b"65535\n" + deep.astype(">u2").tobytes())
    (tmp_path / "c.ppm").write_bytes(b"P6" + size + b"1023\n" + (deep % 1024).astype(">u2").tobytes())
    (tmp_path / "d.pgm").write_bytes(b"P5" + size + b"255\n" + bytes8[..., 0].tobytes())
    (tmp_path / "e.ppm").write_bytes((tmp_path / "b.ppm").read_bytes()[:-20])
    (tmp_path / "f.ppm").write_text("P3 7 11 255 " + " ".join(str(v) for v in bytes8.ravel()))
    assert np.array_equal(read_array(tmp_path / "a.ppm"), bytes8)
    assert np.array_equal(read_array(tmp_path / "b.ppm"), deep)
    assert np.array_equal(read_array(tmp_path / "f.ppm"), bytes8)
    for name, says in (("c.ppm", "up to 1023"), ("d.pgm", "gray"), ("e.ppm", "damaged")):
        with pytest.raises(BadImage, match=says):
            read_array(tmp_path / name)
    save_image(tmp_path / "s.ppm", torch.from_numpy(bytes8).permute(2, 0, 1) / 255)
    assert np.array_equal(read_array(tmp_path / "s.ppm"), bytes8)


def test_jpeg_by_its_other_names_and_webp(bytes8: Values, tmp_path: Path) -> None:
    Image.fromarray(bytes8).save(tmp_path / "a.jpg", quality=95)
    for name in ("a.jfif", "a.jpe", "A.JPEG"):
        (tmp_path / name).write_bytes((tmp_path / "a.jpg").read_bytes())
        assert np.array_equal(read_array(tmp_path / name), read_array(tmp_path / "a.jpg"))
    Image.fromarray(bytes8).save(tmp_path / "a.webp", lossless=True)
    assert np.array_equal(read_array(tmp_path / "a.webp"), bytes8)
    frames = [Image.fromarray(bytes8), Image.fromarray(bytes8[::-1].copy())]
    frames[0].save(tmp_path / "b.webp", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(BadImage, match="2 frames"):
        read_array(tmp_path / "b.webp")


def test_colour_spaces_are_named(bytes8: Values, tmp_path: Path) -> None:
    Image.fromarray(bytes8).convert("CMYK").save(tmp_path / "a.jpg")
    Image.fromarray(bytes8).convert("CMYK").save(tmp_path / "a.tif")
    Image.fromarray(bytes8).convert("L").save(tmp_path / "b.jpg")
    Image.fromarray(bytes8).convert("LA").save(tmp_path / "b.png")
    for name, says in (("a.jpg", "CMYK"), ("a.tif", "CMYK"), ("b.jpg", "gray"), ("b.png", "gray")):
        with pytest.raises(BadImage, match=says):
            read_array(tmp_path / name)


def test_orientation_and_profiles_are_ignored_and_said_once(
    bytes8: Values, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_told", set())
    exif = Image.Exif()
    exif[274] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(bytes8).save(tmp_path / "plain.png")
    for name in ("a.png", "b.png"):
        Image.fromarray(bytes8).save(tmp_path / name, exif=exif, icc_profile=profile)
    with caplog.at_level(logging.WARNING):
        for name in ("plain.png", "a.png", "b.png"):
            assert np.array_equal(read_array(tmp_path / name), bytes8)
    assert [record.getMessage().count("a.png") for record in caplog.records] == [1, 1]
    assert image_notes(tmp_path / "plain.png") == []
    assert [note.partition(" (")[0] for note in image_notes(tmp_path / "b.png")] == [
        "an EXIF orientation",
        "a colour profile",
    ]


def _flat_png(side: int, depth: int) -> bytes:
    """A black picture of any size in few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(1)
    line = bytes(1 + side * 3 * depth // 8)
    body = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("depth", [8, 16])
def test_a_small_file_of_endless_pixels_is_refused_at_once(depth: int, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(_flat_png(9_500, depth))
    started = time.perf_counter()
    with pytest.raises(BadImage, match=r"million pixels.*9500x9500"):
        read_image(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((10, 10, 3), np.uint16), photometric="rgb")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    for tag in (256, 257):  # width and height
        place = data.index(struct.pack("<HH", tag, 4)) if struct.pack("<HH", tag, 4) in data else 0
        if place:
            data[place + 8 : place + 12] = struct.pack("<I", 60_000)
    (tmp_path / "a.tif").write_bytes(bytes(data))
    with pytest.raises(BadImage):
        read_image(tmp_path / "a.tif")
    assert time.perf_counter() - started < 2


def test_16_bit_decoding_takes_a_librarys_time(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (720, 1280, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), values, [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH])
    started = time.process_time()
    read_array(tmp_path / "a.png")
    assert time.process_time() - started < 0.8  # a decoder in Python took 1.0 s and more


def test_a_damaged_byte_in_a_16_bit_png_is_seen(deep: Values, tmp_path: Path) -> None:
    whole = io.BytesIO(cv2.imencode(".png", deep)[1].tobytes()).getvalue()
    for place in range(40, len(whole) - 12, 7):
        (tmp_path / "a.png").write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(BadImage):
            read_array(tmp_path / "a.png")


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("nowhere.png")
    with pytest.raises(BadImage, match="symbolic link to 'nowhere"):
        read_image(tmp_path / "a.png")
