"""PSNR and SSIM written out from their definitions, sharing nothing with the laboratory's protocols."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import correlate1d

Array = NDArray[np.float64]
_K = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
_K /= _K.sum()


def read(path: Path) -> Array:
    """(H, W, 3), 0 to 255."""
    return np.asarray(Image.open(path).convert("RGB")).astype(np.float64)


def luma(image: Array) -> Array:
    """MATLAB's rgb2ycbcr of bytes, rounded to bytes."""
    weighted = image @ np.array([65.481, 128.553, 24.966]) / 255 + 16
    output: Array = np.floor(weighted + 0.5)
    return output


def psnr(a: Array, b: Array, peak: float = 255.0) -> float:
    return float(10 * np.log10(peak**2 / np.mean((a - b) ** 2)))


def ssim_map(a: Array, b: Array, peak: float, axes: tuple[int, ...]) -> Array:
    """Equation 13 of Wang et al. 2004 with a Gaussian window over `axes` and repeated edges."""

    def mean(x: Array) -> Array:
        for axis in axes:
            x = correlate1d(x, _K, axis=axis, mode="nearest")
        return x

    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))


def rain13k_y(restored: Array, clean: Array) -> tuple[float, float]:
    """Luma of bytes; SSIM where the whole window lies inside."""
    a, b = luma(restored), luma(clean)
    return psnr(a, b), float(ssim_map(a, b, 255.0, (0, 1))[5:-5, 5:-5].mean())


def rgb_volumetric(restored: Array, clean: Array, peak: float = 255.0) -> tuple[float, float]:
    """RGB, with a window over the three colours too."""
    return psnr(restored, clean, peak), float(ssim_map(restored, clean, peak, (0, 1, 2)).mean())


def rgb_float_volumetric(restored: Array, clean: Array) -> tuple[float, float]:
    """The same on the scale from 0 to 1."""
    return rgb_volumetric(restored / 255, clean / 255, 1.0)
