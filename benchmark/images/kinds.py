"""What a picture file is before it is decoded: by its name, its first bytes and its header; and what is refused by name."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadImage
from benchmark.core.files import is_lfs_pointer, is_web_page

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".pnm": "PPM",
}
"""The file name endings that count as images, in lower case, and the data that each promises."""

MAX_PIXELS = 89_000_000
"""The most pixels of one picture: 16-bit values of so many take about 3 GiB while they are read."""

AGAIN = "Download or copy the file again."
_CONVERT = "Convert it to an 8-bit RGB PNG, or take the colour version of the data set."
_ORIENTATION = 274  # the EXIF and TIFF tag
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True)
class Header:
    """What the first bytes and the header of a picture say; `deep` is its number type where 8 bits do not hold it."""

    width: int
    height: int
    deep: str = ""


def is_tiff(head: bytes) -> bool:
    """Whether a file's first bytes are those of a TIFF or BigTIFF."""
    return head.startswith(_TIFF)


def first_bytes(path: Path) -> bytes:
    """The first 512 bytes of a file, after the checks that need no decoder. Raises BadImage."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        if path.is_symlink() and not path.exists():
            found = f"a symbolic link to '{path.readlink()}', which is not there"
        raise BadImage(f"an image file at '{path}'", found, "Check the path.")
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise BadImage(f"a readable file '{path}'", str(error), "Check its permissions.") from error
    if not head:
        raise BadImage(f"an image in '{path}'", "zero bytes", AGAIN)
    if is_web_page(head):
        raise BadImage(f"an image in '{path}'", "a web page saved under an image's name", AGAIN)
    if is_lfs_pointer(head):
        raise BadImage(f"an image in '{path}'", "a Git LFS pointer", "Run 'git lfs pull' where it came from.")
    return head.ljust(512, b"\0")


def check_pixels(path: Path, width: int, height: int) -> None:
    """Refuse a picture whose pixels would fill the memory (BadImage)."""
    if width < 1 or height < 1:
        raise BadImage(f"an image of some pixels in '{path}'", f"{width}x{height}", AGAIN)
    if width * height > MAX_PIXELS:
        found = f"{width}x{height}, {width * height / 1e6:,.0f} million"
        raise BadImage(
            f"at most {MAX_PIXELS / 1e6:.0f} million pixels in '{path}'", found, "Cut it into smaller pictures."
        )


def check_name(path: Path, kind: str) -> None:
    """Refuse data of another kind than the file's name promises (BadImage)."""
    named = FORMATS.get(path.suffix.lower())
    if named is not None and kind != named:
        remedy = "Get the original file: a renamed or converted picture changes the scores."
        raise BadImage(f"{named} data in '{path}'", f"{kind} data", remedy)


def check_opened(path: Path, image: Any) -> None:
    """Refuse what cannot be taken as one RGB picture without inventing or losing something (BadImage).

    `image` is a picture that Pillow opened; nothing is decoded.
    """
    check_name(path, "JPEG" if image.format == "MPO" else str(image.format))
    check_pixels(path, *image.size)
    if image.format != "MPO" and getattr(image, "is_animated", False):
        found = f"{image.n_frames} frames"
        raise BadImage(f"one picture in '{path}'", found, "Save one frame as an RGB PNG.")
    if image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16"):
        deep = " (16-bit)" if image.mode.startswith("I") else ""
        raise BadImage(f"three colour channels in '{path}'", f"a gray image{deep}", _CONVERT)
    if image.mode not in ("RGB", "RGBA", "P"):
        raise BadImage(f"an RGB image in '{path}'", f"colour mode {image.mode}", _CONVERT)


def png_depth(path: Path, head: bytes) -> str:
    """ "uint16" for a PNG of 16 bits and three or four channels, else nothing. Raises BadImage for a colour key in it."""
    if head[:4] != b"\x89PNG" or head[24] != 16 or head[25] not in (2, 6):
        return ""
    if head[25] == 2 and b"tRNS" in head:
        raise BadImage(f"an opaque image in '{path}'", "a colour that is transparent", "Flatten it, as RGB.")
    return "uint16"


def ppm_depth(path: Path, head: bytes) -> str:
    """ "uint16" for a PPM of values up to 65535, nothing for one up to 255. Raises BadImage for any other highest value."""
    match = re.match(rb"P[36]\s(?:\s|#[^\n]*\n)*\d+(?:\s|#[^\n]*\n)+\d+(?:\s|#[^\n]*\n)+(\d{1,9})\s", head)
    if match is None:
        return ""
    if int(match[1]) not in (255, 65535):
        remedy = "Scale the values to 0 to 255 or 0 to 65535 and save it as PNG."
        raise BadImage(f"values up to 255 or 65535 in '{path}'", f"up to {int(match[1])}", remedy)
    return "uint16" if int(match[1]) == 65535 else ""


def tiff_header(path: Path) -> Header:
    """What a TIFF holds. Raises BadImage for more than one picture, gray, and kinds that no decoder here keeps whole."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong becomes an error here
    try:
        with tifffile.TiffFile(path) as file:
            many, page = len(file.pages) > 1, file.pages.first
            width, height, samples = page.imagewidth, page.imagelength, page.samplesperpixel
            kind, space = str(page.dtype), getattr(page.photometric, "name", "unknown colours")
            planes = int(page.planarconfig) == 2 and samples > 1
            bits = page.bitspersample
    except Exception as error:  # tifffile raises many types on damaged files
        found = f"a truncated or damaged file ({str(error)[:100]})"
        raise BadImage(f"a whole image in '{path}'", found, AGAIN) from error
    check_pixels(path, width, height)
    if many:
        raise BadImage(f"one picture in '{path}'", "more than one page or frame", "Save one page as an RGB PNG.")
    if kind == "uint8" and bits == 8:
        return Header(width, height)
    if samples == 1 and space != "PALETTE":
        raise BadImage(f"three colour channels in '{path}'", f"a gray image ({bits}-bit)", _CONVERT)
    if kind not in ("uint16", "float32") or bits not in (16, 32) or space != "RGB" or samples not in (3, 4) or planes:
        ordered = ", colour planes apart" if planes else ""
        found = f"{space} of {samples} channels, {bits} bits, {kind}{ordered}"
        remedy = "Save it as a 16-bit RGB PNG or TIFF, or as 32-bit float RGB."
        raise BadImage(f"8-bit, 16-bit or 32-bit float RGB in '{path}'", found, remedy)
    return Header(width, height, kind)


def header_notes(image: Any) -> list[str]:
    """What a header asks a viewer to do that a score must not: turn the picture, or map its colours.

    `image` is a picture that Pillow opened; nothing is decoded.
    """
    notes = []
    try:
        turned = int(image.getexif().get(_ORIENTATION, 1)) if "exif" in image.info or image.format == "TIFF" else 1
    except Exception:  # whatever stands in a damaged EXIF block, the pixels are not touched by it
        turned = 1
    if turned not in (0, 1):
        notes.append(f"an EXIF orientation ({turned}), which is ignored: pixels are taken as they are stored")
    if image.info.get("icc_profile"):
        notes.append("a colour profile (ICC), which is ignored: values are taken as they are stored")
    return notes
