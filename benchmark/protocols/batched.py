"""The torch implementation: batches, any device, and several times faster than the usual forms on a CPU.

Three identities make it fast; none of them changes the result.

* With s = x + y and d = x - y, SSIM needs four local means (of s, d, s^2, d^2) where the textbook form takes five:
  4 mean(x) mean(y) = mean(s)^2 - mean(d)^2, 2 (mean(x)^2 + mean(y)^2) = mean(s)^2 + mean(d)^2, likewise the variances.
  What separates the images, d, is never the difference of two large numbers, so single precision is enough on a CPU:
  bytes, their sums and the squares of these are even exact in it.
* A separable window is a product with a banded matrix from either side. Cut into blocks of 16 outputs the band is dense
  enough for the matrix product of a BLAS to beat any convolution.
* All of it is done on a strip of rows at a time, which stays in the processor's cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.core.errors import BadImage
from benchmark.core.types import Score
from benchmark.protocols.choices import Border, Channel, Rounding, Ssim

if TYPE_CHECKING:
    from benchmark.protocols.definition import Protocol

STRIP = 24  # rows of the SSIM map at a time on a CPU
LARGE = 128 * 128  # pixels, from which on single precision will do
ROWS = 64  # of an image at a time, in what is done pixel by pixel on a CPU
BLOCK = 16  # outputs of one matrix product along the width
LUMA = (21827, 42851, 8322)  # ITU-R BT.601, studio range (65.481, 128.553 and 24.966 per 255), per 85000
LUMA_SCALE = 85000
LUMA_OF_BLACK = 16.0  # white is at 235
MIDDLE = 255.0  # the middle of x + y; squares are taken around it, for the variances' sake


@torch.no_grad()
def score(protocol: Protocol, restored: Tensor, clean: Tensor) -> list[Score]:
    """PSNR and SSIM of each of N restored images (N, 3, H, W); see `Protocol.score`."""
    _check(restored, clean)
    precision = _precision(restored, clean)
    total, difference, squares = _sum_and_difference(protocol, restored, clean, precision)
    errors = (squares / total[0].numel()).tolist()
    if any(math.isnan(error) for error in errors):
        raise BadImage("numbers", "NaN in an image", "Look at the network or the file the image comes from.")
    ssims = _ssim(total, difference, protocol.ssim, protocol.ssim.data_range * 255 / protocol.peak).tolist()
    psnrs = [math.inf if error == 0 else 10 * math.log10(255**2 / error) for error in errors]
    return [Score(psnr, ssim) for psnr, ssim in zip(psnrs, ssims, strict=True)]


def _check(restored: Tensor, clean: Tensor) -> None:
    if restored.ndim != 4 or restored.shape[1] != 3:
        raise BadImage("RGB images (N, 3, H, W)", f"a tensor of shape {tuple(restored.shape)}", "Convert them to RGB.")
    if restored.shape != clean.shape:
        raise BadImage(
            f"restored images of the clean images' shape {tuple(clean.shape)}",
            f"{tuple(restored.shape)}",
            "Crop the padding away, or pair the right files.",
        )


def _precision(*images: Tensor) -> torch.dtype:
    """float64, except for large single-precision images on a CPU, and where a device has no float64.

    Single precision is off by up to 1e-5 at a pixel, which only the mean of many makes small. Accelerators may do
    single-precision products with fewer bits (TF32); so may a CPU that was told to.
    """
    device = images[0].device.type
    if device == "mps":
        return torch.float32
    single = all(image.dtype != torch.float64 for image in images) and images[0][0, 0].numel() >= LARGE
    full_products = torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if device == "cpu" and single and full_products else torch.float64


def _sum_and_difference(
    protocol: Protocol, restored: Tensor, clean: Tensor, precision: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """x + y and x - y of what is compared, (N, C, H, W) on the scale of bytes, and each image's sum of (x - y)^2.

    A strip of rows at a time, for the cache's sake.
    """
    count, _, height, width = restored.shape
    scale = 1.0 if protocol.rounding is Rounding.UINT8 else 255.0
    both = restored.new_empty(2, count, 3 if protocol.channel is Channel.RGB else 1, height, width, dtype=precision)
    squares = restored.new_zeros(count, dtype=_real(both))
    strip = ROWS if restored.device.type == "cpu" else height
    for rows in (slice(top, top + strip) for top in range(0, height, strip)):
        first, second = (_rounded(image[:, :, rows], protocol.rounding, precision) for image in (restored, clean))
        total, difference = _CHANNEL[protocol.channel](first, second, scale)
        both[0, :, :, rows], both[1, :, :, rows] = total, difference
        squares += difference.square_().sum(dim=-1).to(squares.dtype).sum(dim=(1, 2))
    return both[0], both[1], squares


def _rounded(image: Tensor, rounding: Rounding, precision: torch.dtype) -> Tensor:
    """The image clamped to [0, 1], or rounded to bytes, which is done in its own precision as writers of images do."""
    if image.dtype == torch.uint8:
        return image.to(precision) if rounding is Rounding.UINT8 else image.to(precision).div_(255)
    image = (image if image.dtype == torch.float64 else image.float()).clamp(0, 1)
    return (image.mul_(255).round_() if rounding is Rounding.UINT8 else image).to(precision)


def _rgb(first: Tensor, second: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    total, difference = first + second, first - second
    return (total, difference) if scale == 1 else (total.mul_(scale), difference.mul_(scale))


def _weighted(image: Tensor) -> Tensor:
    """The luma of each pixel, 16 too low: (N, 3, H, W) to (N, 1, H, W)."""
    red, green, blue = image.split(1, 1)
    result: Tensor = red.mul(LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2]).div_(LUMA_SCALE)
    return result


def _luma(first: Tensor, second: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Luma is linear, so it is taken of the sum and of the difference: a small difference keeps all its digits."""
    return _weighted(first + second).mul_(scale).add_(2 * LUMA_OF_BLACK), _weighted(first - second).mul_(scale)


def _rounded_luma(first: Tensor, second: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Rounded to bytes, ties upwards, without an error even in single precision, where whole numbers below 2^24 are exact.

    The luma of bytes is a whole number of parts of 85000; taken from a middle value it stays below 2^24.
    """
    middle = 110  # 16 is added after the division, half a level before it
    lumas = []
    for image in (first, second):
        red, green, blue = (image if scale == 1 else image * scale).split(1, 1)
        parts = red.mul(LUMA[0]).sub_(middle * LUMA_SCALE - LUMA_SCALE // 2)
        parts.add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2])
        lumas.append(parts.div_(LUMA_SCALE).floor_().add_(middle + LUMA_OF_BLACK))
    return lumas[0] + lumas[1], lumas[0] - lumas[1]


_CHANNEL: dict[Channel, Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]] = {
    Channel.RGB: _rgb,
    Channel.Y: _luma,
    Channel.Y_ROUNDED: _rounded_luma,
}


def _real(values: Tensor) -> torch.dtype:
    return torch.float32 if values.device.type == "mps" else torch.float64


def _shrink(image: Tensor, factor: int) -> Tensor:
    """Means over factor x factor boxes, one every `factor` pixels; edges and even factors as in `reference._shrink`."""
    for axis in (2, 3):
        length = image.shape[axis]
        starts = torch.arange(0, length, factor, device=image.device) - (factor - 1) // 2
        picks = [starts + k for k in range(factor)]
        mirrored = [torch.where(p < 0, -1 - p, torch.where(p >= length, 2 * length - 1 - p, p)) for p in picks]
        image = torch.stack([image.index_select(axis, p) for p in mirrored]).mean(0)
    return image


def _ssim(total: Tensor, difference: Tensor, ssim: Ssim, data_range: float) -> Tensor:
    """Mean SSIM of each image, (N,) float64, from x + y and x - y, each (N, C, H, W)."""
    factor = ssim.shrinking(*total.shape[-2:])
    if factor > 1:
        total, difference = _shrink(total, factor), _shrink(difference, factor)
    reach = ssim.size - 1
    margin = reach // 2 if ssim.border is Border.REPLICATE else 0
    rows, columns = (length + 2 * margin - reach for length in total.shape[-2:])
    if min(rows, columns) < 1:
        raise BadImage(
            f"{ssim.size} x {ssim.size} pixels or more, for the window of SSIM",
            f"{total.shape[-2]} x {total.shape[-1]}",
            "Leave it out.",
        )
    spare = -columns % BLOCK
    edges = (margin, margin + spare, margin, margin)
    total, difference = (F.pad(image, edges, mode="replicate") for image in (total - MIDDLE, difference))

    strip = STRIP if total.device.type == "cpu" else 128
    taps = total.new_tensor(ssim.taps)
    down, across = _band(taps, min(strip, rows)), _band(taps, BLOCK).t()
    mix = total.new_tensor(ssim.channel_mix(total.shape[1])) if ssim.volumetric else None
    sums = torch.zeros(total.shape[0], dtype=_real(total), device=total.device)
    for top in range(0, rows, strip):
        height = min(strip, rows - top)
        part = slice(top, top + height + reach)
        means = _local_means(total[:, :, part], difference[:, :, part], down[:height, : height + reach], across, mix)
        sums += _sum_of_blocks(_map(means, ssim, data_range), spare)
    return sums / (total.shape[1] * rows * columns)


def _band(taps: Tensor, outputs: int) -> Tensor:
    """The matrix (outputs, outputs + taps - 1) whose product with a vector of values is their weighted means."""
    band = taps.new_zeros(outputs, outputs + len(taps) - 1)
    for row in range(outputs):
        band[row, row : row + len(taps)] = taps
    return band


def _local_means(total: Tensor, difference: Tensor, down: Tensor, across: Tensor, mix: Tensor | None) -> Tensor:
    """Weighted means of x + y, x - y and their squares on a strip of rows: (4, blocks, N, C, rows, BLOCK)."""
    shape = total.shape
    columns = total.new_empty(4, *shape[:2], down.shape[0], shape[3])
    for quantity, column in zip((total, difference, total.square(), difference.square()), columns, strict=True):
        torch.matmul(down, quantity, out=column)
    if mix is not None:
        columns = torch.matmul(mix, columns.flatten(3)).view(columns.shape)
    width, rows = shape[3], down.shape[0]
    blocks = (width - across.shape[0] + BLOCK) // BLOCK
    lines = columns.view(-1, width)
    overlapping = lines.as_strided((blocks, lines.shape[0], across.shape[0]), (BLOCK, width, 1))
    means = torch.bmm(overlapping, across.expand(blocks, -1, -1))
    return means.view(blocks, 4, shape[0], shape[1], rows, BLOCK).transpose(0, 1)


def _map(means: Tensor, ssim: Ssim, data_range: float) -> Tensor:
    """SSIM (equation 13, both factors of numerator and denominator doubled) of the four local means."""
    total, difference, total_square, difference_square = means
    c1, c2 = 2 * (0.01 * data_range) ** 2, 2 * (0.03 * data_range) ** 2
    difference = difference * difference
    spread = torch.addcmul(total_square, total, total, value=-1).mul_(ssim.variance_scale)
    departure = (difference_square - difference).mul_(ssim.variance_scale)
    total = (total + MIDDLE).square_()
    numerator = (total - difference).add_(c1).mul_((spread - departure).add_(c2))
    result: Tensor = numerator.div_(total.add_(difference).add_(c1).mul_(spread.add_(departure).add_(c2)))
    return result


def _sum_of_blocks(values: Tensor, spare: int) -> Tensor:
    """Sum per image over (blocks, N, C, rows, BLOCK), without the `spare` columns that only filled the last block."""
    whole = values.sum(dim=(3, 4)).to(_real(values)).sum(dim=(0, 2))
    return whole - values[-1, ..., BLOCK - spare :].sum(dim=(1, 2, 3), dtype=_real(values)) if spare else whole
