"""The passage between display values and linear light, and the one rounding that every mini pair goes through.

Light adds up in the scene and on the sensor, not in display values: blur, rain and noise are all made in linear light.
Arrays are (H, W, 3) floating point in [0, 1]; the type of the input is kept (float64 for test pairs, whose last bit
must be the same everywhere, float32 for training patches, where speed counts).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.floating]
Bytes = NDArray[np.uint8]


def to_linear(display: Image) -> Image:
    """Linear light of display values, any shape, [0, 1] to [0, 1] (IEC 61966-2-1, inverse of the sRGB curve)."""
    return np.where(display <= 0.04045, display / 12.92, ((np.maximum(display, 0.04045) + 0.055) / 1.055) ** 2.4)


def to_display(linear: Image) -> Image:
    """Display values of linear light, any shape, clipped to [0, 1] (IEC 61966-2-1, the sRGB curve)."""
    light = np.clip(linear, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


def quantise(display: Image) -> Bytes:
    """The 8-bit image a file would hold: [0, 1] rounded to the nearest of 256 levels (halves go up)."""
    result: Bytes = np.floor(np.clip(display, 0, 1) * 255 + 0.5).astype(np.uint8)
    return result
