"""The numpy implementation: float64, one image, each step as the definition reads. `batched` must agree with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import BadImage
from benchmark.core.types import Score
from benchmark.protocols.choices import Border, Channel, Rounding, Ssim

if TYPE_CHECKING:
    from benchmark.protocols.definition import Protocol

Image = NDArray[np.float64]

LUMA = np.array([65481.0, 128553.0, 24966.0])  # ITU-R BT.601, studio range, per 255000: whole numbers keep ties exact
LUMA_SCALE = 255000.0
LUMA_OF_BLACK = 16.0  # white is at 235


def score(protocol: Protocol, restored: Any, clean: Any) -> Score:
    """PSNR and SSIM of one restored image, two arrays (H, W, 3) or (3, H, W); see `Protocol.score`."""
    first, second = _planes(restored), _planes(clean)
    if first.shape != second.shape:
        raise BadImage(
            f"a restored image of the clean image's size {_size(second)}",
            f"{_size(first)}",
            "Crop the padding away, or pair the right files.",
        )
    if np.isnan(first).any() or np.isnan(second).any():
        raise BadImage("numbers", "NaN in an image", "Look at the network or the file the image comes from.")
    first, second = (_values(image, protocol) for image in (first, second))
    error = float(np.mean((first - second) ** 2))
    psnr = math.inf if error == 0 else 10 * math.log10(protocol.peak**2 / error)
    return Score(psnr, _ssim(first, second, protocol.ssim))


def _planes(values: Any) -> NDArray[Any]:
    """The image as (3, H, W), values as they are."""
    array = np.asarray(values)
    if array.ndim != 3 or 3 not in (array.shape[0], array.shape[2]):
        raise BadImage("an RGB image (H, W, 3) or (3, H, W)", f"an array of shape {array.shape}", "Convert it to RGB.")
    if array.shape[2] == 3:
        array = np.moveaxis(array, 2, 0)
    return array


def _size(image: NDArray[Any]) -> str:
    return f"{image.shape[-2]} x {image.shape[-1]}"


def _values(image: NDArray[Any], protocol: Protocol) -> Image:
    """What the protocol compares, (C, H, W) on the scale of its peak."""
    return _CHANNEL[protocol.channel](_ROUNDING[protocol.rounding](image)) * (protocol.peak / 255)


def _unrounded(image: NDArray[Any]) -> Image:
    if image.dtype == np.uint8:
        return image.astype(np.float64)
    return np.clip(image.astype(np.float64), 0, 1) * 255


def _bytes(image: NDArray[Any]) -> Image:
    """Rounded in the image's own precision, single at least, as writers of images do."""
    if image.dtype == np.uint8:
        return image.astype(np.float64)
    own = image if image.dtype == np.float64 else image.astype(np.float32)
    result: Image = np.rint(np.clip(own, 0, 1) * 255).astype(np.float64)
    return result


def _luma(image: Image) -> Image:
    return np.tensordot(LUMA, image, axes=1)[None] / LUMA_SCALE + LUMA_OF_BLACK


def _rounded_luma(image: Image) -> Image:
    return np.floor(_luma(image) + 0.5)


_ROUNDING: dict[Rounding, Callable[[NDArray[Any]], Image]] = {Rounding.NONE: _unrounded, Rounding.UINT8: _bytes}
_CHANNEL: dict[Channel, Callable[[Image], Image]] = {
    Channel.RGB: lambda image: image,
    Channel.Y: _luma,
    Channel.Y_ROUNDED: _rounded_luma,
}


def _ssim(first: Image, second: Image, ssim: Ssim) -> float:
    """Mean SSIM of two images (C, H, W)."""
    factor = ssim.shrinking(*first.shape[-2:])
    first, second = _shrink(first, factor), _shrink(second, factor)
    if min(first.shape[-2:]) < ssim.size and ssim.border is Border.VALID:
        raise BadImage(
            f"{ssim.size} x {ssim.size} pixels or more, for the window of SSIM", _size(first), "Leave it out."
        )
    c1, c2 = (0.01 * ssim.data_range) ** 2, (0.03 * ssim.data_range) ** 2

    def mean(image: Image) -> Image:
        return _local_mean(image, ssim)

    mean1, mean2 = mean(first), mean(second)
    variance1 = (mean(first * first) - mean1 * mean1) * ssim.variance_scale
    variance2 = (mean(second * second) - mean2 * mean2) * ssim.variance_scale
    covariance = (mean(first * second) - mean1 * mean2) * ssim.variance_scale
    numerator = (2 * mean1 * mean2 + c1) * (2 * covariance + c2)
    denominator = (mean1 * mean1 + mean2 * mean2 + c1) * (variance1 + variance2 + c2)
    return float(np.mean(numerator / denominator))


def _local_mean(image: Image, ssim: Ssim) -> Image:
    """The window's weighted mean around every pixel (C, H, W), or around every pixel it fits around."""
    from scipy.ndimage import correlate1d

    for axis in (0, 1, 2) if ssim.volumetric else (1, 2):
        image = correlate1d(image, ssim.taps, axis=axis, mode="nearest")
    margin = ssim.size // 2 if ssim.border is Border.VALID else 0
    return image[:, margin : image.shape[1] - margin, margin : image.shape[2] - margin]


def _shrink(image: Image, factor: int) -> Image:
    """Means over factor x factor boxes, one every `factor` pixels, the image mirrored (edge included) beyond its edges.

    The box of an even factor reaches one pixel farther down and right than up and left, as MATLAB's imfilter has it.
    """
    before, after = (factor - 1) // 2, factor // 2
    height, width = image.shape[-2:]
    padded = np.pad(image, ((0, 0), (before, after), (before, after)), mode="symmetric")
    boxes = [padded[:, i : i + height : factor, j : j + width : factor] for i in range(factor) for j in range(factor)]
    result: Image = np.mean(boxes, axis=0)
    return result
