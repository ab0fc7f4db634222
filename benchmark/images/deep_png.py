"""PNG files with 16 bits a channel: Pillow keeps only the upper eight, so the scan lines are decoded here.

Source: the PNG specification (W3C, third edition), sections 7 and 9: filters None, Sub, Up, Average and Paeth.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AGAIN = "Download or copy the file again."


def read_deep_png(path: Path) -> NDArray[np.uint16]:
    """Read a 16-bit RGB or RGBA PNG as an array (H, W, 3 or 4) of uint16. Raises BadImage naming the file."""
    import numpy as np

    header, packed = _chunks(path)
    width, height, depth, colour, _, _, interlace = header
    if depth != 16 or colour not in (2, 6) or interlace:
        found = f"bit depth {depth}, colour type {colour}, interlace {interlace}"
        raise BadImage(f"a plain 16-bit RGB PNG in '{path}'", found, "Save it again without interlacing.")
    channels = 3 if colour == 2 else 4
    stride = width * channels * 2
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(packed, height * (stride + 1))
    except zlib.error as error:
        raise BadImage(f"a whole image in '{path}'", f"damaged data ({error})", _AGAIN) from error
    if len(raw) != height * (stride + 1):
        raise BadImage(f"a whole image in '{path}'", "a truncated file", _AGAIN)
    lines = np.frombuffer(raw, np.uint8).reshape(height, stride + 1)
    out = np.zeros((height, stride), np.uint8)
    above = np.zeros(stride, np.uint8)
    for row in range(height):
        out[row] = above = _unfilter(path, int(lines[row, 0]), lines[row, 1:], above, channels * 2)
    return out.view(">u2").astype(np.uint16).reshape(height, width, channels)


def _chunks(path: Path) -> tuple[tuple[int, ...], bytes]:
    """The header's seven numbers and the joined image data of a PNG file."""
    data = path.read_bytes()
    header: tuple[int, ...] = ()
    packed, at = [], 8
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if len(body) < length:
            raise BadImage(f"a whole image in '{path}'", "a truncated file", _AGAIN)
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed.append(body)
        elif kind == b"IEND":
            break
        at += 12 + length
    return header, b"".join(packed)


def _unfilter(path: Path, kind: int, line: NDArray[Any], above: NDArray[Any], step: int) -> NDArray[np.uint8]:
    """Undo one scan line's filter; `step` is the number of bytes of a pixel. Sums are modulo 256."""
    import numpy as np

    if kind == 0:
        return line
    if kind == 1:
        return np.cumsum(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
    if kind == 2:
        return line + above
    if kind not in (3, 4):
        raise BadImage(f"a PNG filter from 0 to 4 in '{path}'", f"filter {kind}", _AGAIN)
    values, up = line.tolist(), above.tolist()
    for i in range(len(values)):
        left = values[i - step] if i >= step else 0
        if kind == 3:
            values[i] = (values[i] + (left + up[i]) // 2) & 255
        else:
            corner = up[i - step] if i >= step else 0
            values[i] = (values[i] + _paeth(left, up[i], corner)) & 255
    return np.array(values, np.uint8)


def _paeth(left: int, up: int, corner: int) -> int:
    """Whichever neighbour is nearest to left + up - corner; ties go left, up, corner."""
    estimate = left + up - corner
    to_left, to_up, to_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner
