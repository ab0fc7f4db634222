"""Pictures of more than 8 bits a channel, decoded by OpenCV with every bit: PNG, PPM and TIFF of 16 bits, float TIFF."""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadImage
from benchmark.images.kinds import AGAIN, Header

_BEYOND = (
    0.5  # how far float values may leave [0, 1]: noise and outputs that are not clamped do, other ranges leave it far
)


def read_deep(path: Path, header: Header) -> Any:
    """The values (H, W, 3 or 4) of a picture whose header says uint16 or float32, in that type. Raises BadImage."""
    import numpy as np

    data = path.read_bytes()
    if data.startswith(b"\x89PNG"):
        _check_chunks(path, data)
    try:
        values = _opencv().imdecode(np.frombuffer(data, np.uint8), -1)
    except Exception as error:  # OpenCV has one type for everything
        raise _damaged(path) from error
    if values is None:
        raise _damaged(path)
    shape = (header.height, header.width)
    if values.dtype != header.deep or values.ndim != 3 or values.shape[:2] != shape or values.shape[2] not in (3, 4):
        found = f"{values.dtype} values of shape {values.shape} where the header says {header.deep}"
        raise BadImage(f"a whole image in '{path}'", found, AGAIN)
    if values.dtype == np.float32:
        _check_range(path, values)
    return np.ascontiguousarray(values[..., [2, 1, 0, *range(3, values.shape[2])]])


def _damaged(path: Path) -> BadImage:
    return BadImage(f"a whole image in '{path}'", "a truncated or damaged file", AGAIN)


def _check_range(path: Path, values: Any) -> None:
    """Float values are those of [0, 1]; another range cannot be told from its numbers and is refused."""
    import numpy as np

    low, high = float(values.min()), float(values.max())
    if not np.isfinite((low, high)).all():
        raise BadImage(f"finite values in '{path}'", "infinite or NaN values", "Check how it was made.")
    if low < -_BEYOND or high > 1 + _BEYOND:
        remedy = "Divide the values by their peak (255, 65535) before saving."
        raise BadImage(f"float values in [0, 1] in '{path}'", f"values from {low:.4g} to {high:.4g}", remedy)


def _check_chunks(path: Path, data: bytes) -> None:
    """Refuse a PNG that ends early or whose checksums do not agree, which a decoder may pass over."""
    place, kind = 8, b""
    while kind != b"IEND":
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 8 + length
        if len(data) < end + 4 or zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise _damaged(path)
        place = end + 4


@cache
def _opencv() -> Any:
    """OpenCV, which says its errors by return values alone."""
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
