"""Reading and writing images strictly: whole RGB pictures come in, everything else is refused by name.

Palette pictures are expanded (exact), a fully opaque alpha channel is dropped (exact) and 16-bit PNG keeps all its
bits. A gray picture, real transparency, an animation, a cut-off file or a web page under an image's name is an error.
The EXIF orientation is ignored: pixels are taken as they are stored, as the papers' scripts do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadImage
from benchmark.images.deep_png import read_deep_png

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""The file name endings that count as images, in lower case."""

_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
_AGAIN = "Download or copy the file again."
_CONVERT = "Convert it to an 8-bit RGB PNG, or take the colour version of the data set."


def is_image(path: Path) -> bool:
    """Whether a file name ends like an image."""
    return path.suffix.lower() in EXTENSIONS


def read_image(path: str | os.PathLike[str]) -> Tensor:
    """Read a picture as a float32 tensor (3, H, W) in [0, 1]: values / 255, or / 65535 of a 16-bit PNG.

    Raises BadImage naming the file.
    """
    import torch

    values = read_array(path)
    peak = 255.0 if values.dtype.itemsize == 1 else 65535.0
    tensor = torch.from_numpy(values if peak == 255.0 else values.astype("int32"))
    return tensor.permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format).div_(peak)


def read_uint8(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read a picture as a uint8 array (H, W, 3); 16-bit values are rounded to the nearest of 256 levels.

    Raises BadImage naming the file.
    """
    import numpy as np

    values = read_array(path)
    return values if values.dtype == np.uint8 else ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def read_array(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read a picture as a writable array (H, W, 3), uint8 or, for a 16-bit PNG, uint16.

    Raises BadImage naming the file.
    """
    import numpy as np

    path = Path(path)
    head = _head(path)
    with _opened(path) as image:
        _check_kind(path, image, head)
        if head[:4] == b"\x89PNG" and head[24] == 16 and head[25] in (2, 6):
            return _drop_alpha(path, read_deep_png(path))
        _load(path, image)
        if image.mode == "P":
            transparent = "transparency" in image.info
            image = image.convert("RGBA" if transparent else "RGB")
        elif image.mode == "RGB" and "transparency" in image.info:
            image = image.convert("RGBA")
        return _drop_alpha(path, np.array(image))


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """The width and height of a picture from its header alone, without decoding it. Raises BadImage naming the file."""
    path = Path(path)
    head = _head(path)
    with _opened(path) as image:
        _check_kind(path, image, head)
        return int(image.size[0]), int(image.size[1])


def save_image(path: str | os.PathLike[str], image: Tensor, truncate: bool = False) -> None:
    """Write a tensor (3, H, W) in [0, 1] as an 8-bit picture: clamped, times 255, rounded half up.

    `truncate` cuts the fraction off instead, as the authors of PReNet and DMPHN do. The file appears whole or not
    at all. Raises BadImage for another shape, for values that are not finite, or for an ending that loses data.
    """
    import torch
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() not in {".png", ".bmp", ".tif", ".tiff"}:
        raise BadImage("a lossless image ending", f"'{path.name}'", "Save restored images as .png.")
    if image.ndim != 3 or image.shape[0] != 3:
        raise BadImage("a tensor (3, H, W)", f"shape {tuple(image.shape)} for '{path}'", "Give one RGB image.")
    if not bool(torch.isfinite(image).all()):
        raise BadImage("finite values", f"NaN or infinity in the image for '{path}'", "Check the network's output.")
    levels = image.detach().float().cpu().clamp(0, 1) * 255
    values = (levels if truncate else levels + 0.5).floor().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        Image.fromarray(values).save(partial, format=_FORMATS[path.suffix.lower()])
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    """The first bytes of a file, after the checks that need no decoder."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise BadImage(f"an image file at '{path}'", found, "Check the path.")
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise BadImage(f"a readable file '{path}'", str(error), "Check its permissions.") from error
    if not head:
        raise BadImage(f"an image in '{path}'", "zero bytes", _AGAIN)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        raise BadImage(f"an image in '{path}'", "a web page saved under an image's name", _AGAIN)
    if start.startswith(b"version https://git-lfs"):
        raise BadImage(f"an image in '{path}'", "a Git LFS pointer", "Run 'git lfs pull' where it came from.")
    return head.ljust(512, b"\0")


def _opened(path: Path) -> Any:
    """Open a picture with Pillow; the pixels are decoded later."""
    from PIL import Image

    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise BadImage(f"an image of sane size in '{path}'", str(error), "Cut it into smaller pictures.") from error
    except (OSError, SyntaxError, ValueError) as error:
        found = "bytes that no image decoder knows, or a header cut off"
        raise BadImage(f"an image in '{path}'", found, _AGAIN) from error


def _load(path: Path, image: Any) -> None:
    """Decode the pixels, refusing a file that ends early."""
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # some libraries switch it on when imported, for everybody
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadImage(f"a whole image in '{path}'", f"a truncated or damaged file ({error})", _AGAIN) from error


def _check_kind(path: Path, image: Any, head: bytes) -> None:
    """Refuse what cannot be taken as one RGB picture without inventing or losing something."""
    named = _FORMATS.get(path.suffix.lower())
    kind = "JPEG" if image.format == "MPO" else image.format
    if named is not None and kind != named:
        remedy = "Get the original file: a renamed or converted picture changes the scores."
        raise BadImage(f"{named} data in '{path}'", f"{kind} data", remedy)
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise BadImage(f"one picture in '{path}'", f"{image.n_frames} frames", "Save one frame as an RGB PNG.")
    if image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16"):
        deep = " (16-bit)" if image.mode.startswith("I") else ""
        raise BadImage(f"three colour channels in '{path}'", f"a gray image{deep}", _CONVERT)
    if image.mode not in ("RGB", "RGBA", "P"):
        raise BadImage(f"an RGB image in '{path}'", f"colour mode {image.mode}", _CONVERT)


def _drop_alpha(path: Path, values: NDArray[Any]) -> NDArray[Any]:
    """(H, W, 3) of (H, W, 3 or 4), refusing transparency that is really used."""
    import numpy as np

    if values.shape[2] == 3:
        return values
    if values[..., 3].min() != np.iinfo(values.dtype).max:
        found = "transparent pixels, whose colour depends on a background"
        raise BadImage(f"an opaque image in '{path}'", found, "Flatten it onto the background you mean, as RGB.")
    return np.ascontiguousarray(values[..., :3])
