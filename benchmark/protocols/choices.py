"""The choices of which a protocol is made: channel, rounding, border, and the SSIM estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """Which values of an image are compared."""

    RGB = "rgb"
    Y = "y"  # BT.601 studio luma of real numbers, not rounded
    Y_ROUNDED = "y-rounded"  # the same luma of bytes, rounded to a byte (MATLAB's rgb2ycbcr of a uint8 image)


class Rounding(StrEnum):
    """What happens to an image in [0, 1] before anything is compared."""

    NONE = "none"
    UINT8 = "uint8"  # to the nearest of 256 levels, as an image written to PNG and read again


class Border(StrEnum):
    """Where the SSIM map is evaluated."""

    VALID = "valid"  # only where the whole window lies inside the image
    REPLICATE = "replicate"  # everywhere, with the edge values repeated outwards


@dataclass(frozen=True)
class Ssim:
    """An SSIM estimator: window, border, treatment of colour, of variance and of resolution.

    `sigma` None means a uniform window. `volumetric` filters the colour channels too, as if they were a third axis of
    space. `sample_covariance` scales variances by n / (n - 1). `downsampled` shrinks the images first, by
    max(1, round(min(H, W) / 256)). `data_range` is the L of C1 = (0.01 L)^2 and C2 = (0.03 L)^2; where it is not the
    peak, a script was wrong.

    Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity",
    IEEE TIP 2004, equation 13.
    """

    data_range: float
    size: int = 11
    sigma: float | None = 1.5
    border: Border = Border.VALID
    volumetric: bool = False
    sample_covariance: bool = False
    downsampled: bool = False

    @property
    def taps(self) -> tuple[float, ...]:
        """The window along one axis; it sums to 1."""
        if self.sigma is None:
            return (1 / self.size,) * self.size
        radius = self.size // 2
        weights = [math.exp(-(k * k) / (2 * self.sigma**2)) for k in range(-radius, radius + 1)]
        return tuple(w / math.fsum(weights) for w in weights)

    @property
    def variance_scale(self) -> float:
        """The factor of every variance and covariance: n / (n - 1) for a sample covariance, else 1."""
        count = self.size**2
        return count / (count - 1) if self.sample_covariance else 1.0

    def channel_mix(self, channels: int = 3) -> tuple[tuple[float, ...], ...]:
        """What the volumetric window does along the colour axis: row c holds the channels' weights in channel c."""
        radius, mix = self.size // 2, [[0.0] * channels for _ in range(channels)]
        for centre in range(channels):
            for offset, weight in zip(range(-radius, radius + 1), self.taps, strict=True):
                mix[centre][min(max(centre + offset, 0), channels - 1)] += weight
        return tuple(tuple(row) for row in mix)

    def shrinking(self, height: int, width: int) -> int:
        """The factor by which an image of this size is shrunk first (1 = not at all); halves round up, as in MATLAB."""
        return max(1, math.floor(min(height, width) / 256 + 0.5)) if self.downsampled else 1
