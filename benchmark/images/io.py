"""Reading and writing images strictly: whole RGB pictures come in, everything else is refused by name.

Palette pictures are expanded (exact), a fully opaque alpha channel is dropped (exact), 16-bit PNG, PPM and TIFF and float
TIFF keep all their bits. A gray picture, CMYK, real transparency, an animation, a cut-off file, a web page under an
image's name or more pixels than `kinds.MAX_PIXELS` is an error. The EXIF orientation and colour profiles are ignored: pixels
are taken as they are stored, as the papers' scripts do; a warning is logged for the first file that carries one.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadImage
from benchmark.core.files import opened_atomically
from benchmark.images.deep import read_deep
from benchmark.images.kinds import (
    AGAIN,
    FORMATS,
    Header,
    check_name,
    check_opened,
    first_bytes,
    header_notes,
    is_tiff,
    png_depth,
    ppm_depth,
    tiff_header,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

EXTENSIONS = frozenset(FORMATS)
"""The file name endings that count as images, in lower case."""

LOSSY = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".webp"})
"""The endings of formats that change values when a picture is saved."""

_log = logging.getLogger(__name__)
_told: set[str] = set()


def is_image(path: Path) -> bool:
    """Whether a file name ends like an image."""
    return path.suffix.lower() in EXTENSIONS


def read_image(path: str | os.PathLike[str]) -> Tensor:
    """Read a picture as a float32 tensor (3, H, W) in [0, 1]: values / 255, or / 65535 of 16 bits, or float as stored.

    Raises BadImage naming the file.
    """
    import torch

    values = read_array(path)
    planes = torch.from_numpy(values).permute(2, 0, 1)
    if values.dtype.kind == "f":
        return planes.contiguous()
    tensor = planes.to(torch.float32, memory_format=torch.contiguous_format)
    return tensor.div_(255.0 if values.dtype.itemsize == 1 else 65535.0)


def read_uint8(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read a picture as a uint8 array (H, W, 3); values of more bits are rounded to the nearest of 256 levels.

    Raises BadImage naming the file.
    """
    import numpy as np

    values = read_array(path)
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.float32:
        return np.floor(values.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def read_array(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read a picture as a writable array (H, W, 3): uint8, uint16 of a 16-bit file, or float32 of a float TIFF.

    Raises BadImage naming the file.
    """
    import numpy as np

    path = Path(path)
    header, image = _header(path)
    if image is None:
        return _drop_alpha(path, read_deep(path, header))
    with image:
        _note(path, image)
        if header.deep:
            return _drop_alpha(path, read_deep(path, header))
        _load(path, image)
        if image.mode == "P":
            transparent = "transparency" in image.info
            return _drop_alpha(path, np.array(image.convert("RGBA" if transparent else "RGB")))
        if image.mode == "RGB" and "transparency" in image.info:
            return _drop_alpha(path, np.array(image.convert("RGBA")))
        return _drop_alpha(path, np.array(image))


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """The width and height of a picture from its header alone, without decoding it. Raises BadImage naming the file."""
    header, image = _header(Path(path))
    if image is not None:
        image.close()
    return header.width, header.height


def image_notes(path: str | os.PathLike[str]) -> list[str]:
    """What a picture's header says that scores leave out (orientation, colour profile). Raises BadImage."""
    _, image = _header(Path(path))
    if image is None:
        return []
    with image:
        return header_notes(image)


def save_image(path: str | os.PathLike[str], image: Tensor, truncate: bool = False) -> None:
    """Write a tensor (3, H, W) in [0, 1] as an 8-bit picture: clamped, times 255, rounded half up.

    `truncate` cuts the fraction off instead, as the authors of PReNet and DMPHN do. The file appears whole or not
    at all. Raises BadImage for another shape, for values that are not finite, or for an ending that loses data.
    """
    import torch
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() not in {".png", ".bmp", ".tif", ".tiff", ".ppm"}:
        raise BadImage("a lossless image ending", f"'{path.name}'", "Save restored images as .png.")
    if image.ndim != 3 or image.shape[0] != 3:
        raise BadImage("a tensor (3, H, W)", f"shape {tuple(image.shape)} for '{path}'", "Give one RGB image.")
    if not bool(torch.isfinite(image).all()):
        raise BadImage("finite values", f"NaN or infinity in the image for '{path}'", "Check the network's output.")
    levels = image.detach().float().cpu().clamp(0, 1) * 255
    values = (levels if truncate else levels + 0.5).floor().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    with opened_atomically(path, durable=False) as file:
        Image.fromarray(values).save(file, format=FORMATS[path.suffix.lower()])


def _header(path: Path) -> tuple[Header, Any]:
    """What a picture is, and the picture as Pillow opened it; None where Pillow does not know it. Raises BadImage."""
    head = first_bytes(path)
    deep = ""
    if is_tiff(head):
        check_name(path, "TIFF")
        header = tiff_header(path)
        if header.deep:
            return header, _opened_or_none(path)
    elif head[:1] == b"P":
        deep = ppm_depth(path, head)
    image = _opened(path)
    try:
        check_opened(path, image)
        deep = deep or png_depth(path, head)
    except BaseException:
        image.close()
        raise
    return Header(int(image.size[0]), int(image.size[1]), deep), image


def _opened(path: Path) -> Any:
    """Open a picture with Pillow; the pixels are decoded later."""
    from PIL import Image

    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise BadImage(f"an image of sane size in '{path}'", str(error), "Cut it into smaller pictures.") from error
    except Exception as error:  # Pillow's decoders raise many types on damaged headers
        found = "bytes that no image decoder knows, or a header cut off"
        raise BadImage(f"an image in '{path}'", found, AGAIN) from error


def _opened_or_none(path: Path) -> Any:
    try:
        return _opened(path)
    except BadImage:
        return None


def _load(path: Path, image: Any) -> None:
    """Decode the pixels, refusing a file that ends early."""
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # some libraries switch it on when imported, for everybody
    try:
        image.load()
    except Exception as error:  # Pillow's decoders raise many types on damaged data
        raise BadImage(f"a whole image in '{path}'", f"a truncated or damaged file ({error})", AGAIN) from error


def _note(path: Path, image: Any) -> None:
    """Log what the header asks for and scores leave out, once for each kind of note."""
    for note in header_notes(image):
        kind = note.partition(" (")[0]
        if kind not in _told:
            _told.add(kind)
            _log.warning("'%s' carries %s. This is said once; `data verify` names every file.", path, note)


def _drop_alpha(path: Path, values: NDArray[Any]) -> NDArray[Any]:
    """(H, W, 3) of (H, W, 3 or 4), refusing transparency that is really used."""
    import numpy as np

    if values.shape[2] == 3:
        return values
    if values[..., 3].min() != (1 if values.dtype.kind == "f" else np.iinfo(values.dtype).max):
        found = "transparent pixels, whose colour depends on a background"
        raise BadImage(f"an opaque image in '{path}'", found, "Flatten it onto the background you mean, as RGB.")
    return np.ascontiguousarray(values[..., :3])
