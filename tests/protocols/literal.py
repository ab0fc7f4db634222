"""SSIM written out as its definition reads: one direct sum over the whole window at every pixel, in every dimension."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate


def gaussian(dimensions: int, radius: int = 5, sigma: float = 1.5) -> np.ndarray:
    """The normalised Gaussian window with `2 radius + 1` taps along each dimension."""
    grids = np.meshgrid(*[np.arange(-radius, radius + 1.0)] * dimensions, indexing="ij")
    window = np.exp(-sum(grid**2 for grid in grids) / (2 * sigma**2))
    result: np.ndarray = window / window.sum()
    return result


def ssim_map(x: np.ndarray, y: np.ndarray, window: np.ndarray, data_range: float) -> np.ndarray:
    """The SSIM index (x, y of any number of dimensions, edges repeated), with five directly weighted means."""
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mx, my, mxx, myy, mxy = (correlate(v, window, mode="nearest") for v in (x, y, x * x, y * y, x * y))
    covariance, vx, vy = mxy - mx * my, mxx - mx * mx, myy - my * my
    result: np.ndarray = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return result


def volumetric(x: np.ndarray, y: np.ndarray, data_range: float) -> float:
    """Mean SSIM of two images (H, W, 3) as volumes: an 11 x 11 x 11 window, edges repeated in all three dimensions."""
    return float(ssim_map(x, y, gaussian(3), data_range).mean())


def valid(x: np.ndarray, y: np.ndarray, data_range: float) -> float:
    """Mean SSIM of two planes (H, W) where the whole 11 x 11 window lies inside."""
    return float(ssim_map(x, y, gaussian(2), data_range)[5:-5, 5:-5].mean())


def same(x: np.ndarray, y: np.ndarray, data_range: float) -> float:
    """Mean SSIM of two planes (H, W) everywhere, edges repeated."""
    return float(ssim_map(x, y, gaussian(2), data_range).mean())


def matlab_luma(image: np.ndarray) -> np.ndarray:
    """rgb2ycbcr's first channel of an image (H, W, 3) in [0, 1], in [16, 235] / 255."""
    red, green, blue = np.moveaxis(image, 2, 0)
    result: np.ndarray = (65.481 * red + 128.553 * green + 24.966 * blue + 16) / 255
    return result


def psnr(x: np.ndarray, y: np.ndarray, peak: float) -> float:
    return float(20 * np.log10(peak / np.sqrt(np.mean((x - y) ** 2))))
