"""Sensor noise: from display values back to the raw mosaic, photons and electronics there, and forward again.

Source: Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019: tone curve, gamma and white balance
are inverted (section 3), the light is mosaicked, and the noise of a raw pixel x is normal with variance shot x + read:
Poisson photons plus electronics. After Abdelhamed et al., "A high-quality denoising dataset for smartphone cameras",
CVPR 2018 (SIDD): what a network sees is the developed picture, in which the noise is stronger in the dark, differs
between the colours and is correlated by the demosaicing.

Paper: colour matrices of real cameras; log-uniform shot noise from 1e-4 to 1.2e-2. Here: the display primaries are the
sensor's, and shot noise lies between 1e-3 and 6e-3 (gains of a telephone indoors), where the noise is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, gaussian_filter

from benchmark.datasets.mini.light import Image, to_display, to_linear

MARGIN = 4  # even, so that a crop begins with a red pixel
LENS = 0.6  # sigma in pixels of lens and optical low-pass filter: without it a mosaic shows false colours
SHOT = (1.0e-3, 6.0e-3)


@dataclass(frozen=True)
class Camera:
    """White-balance gains of red and blue, and the noise: variance = shot * signal + read."""

    red: float
    blue: float
    shot: float
    read: float


def draw_camera(rng: np.random.Generator) -> Camera:
    """A camera in some light: gains as in Brooks et al. (1.9 to 2.4, 1.5 to 1.9), read noise on their line."""
    red, blue, level, jitter = rng.random(4)
    shot = float(np.exp(np.log(SHOT[0]) + level * np.log(SHOT[1] / SHOT[0])))
    read = float(np.exp(2.18 * np.log(shot) + 1.2 + 0.26 * (2 * jitter - 1)))
    return Camera(1.9 + 0.5 * red, 1.5 + 0.4 * blue, shot, read)


def unprocess(display: Image, camera: Camera) -> Image:
    """The raw mosaic (H, W), red first, that a camera would have read off the scene `display` (H, W, 3); in [0, 1]."""
    tone = 0.5 - np.sin(np.arcsin(1 - 2 * np.clip(display, 0, 1)) / 3)
    light = gaussian_filter(to_linear(tone), (LENS, LENS, 0), truncate=3.0)
    light = light * np.array([1 / camera.red, 1.0, 1 / camera.blue], dtype=display.dtype)
    mosaic: Image = light[..., 1].copy()
    mosaic[0::2, 0::2] = light[0::2, 0::2, 0]
    mosaic[1::2, 1::2] = light[1::2, 1::2, 2]
    return mosaic


def expose(mosaic: Image, camera: Camera, rng: np.random.Generator) -> Image:
    """A noisy reading of `mosaic`, same shape: variance shot * signal + read, negative values kept as raw files do."""
    noise = rng.standard_normal(mosaic.shape, dtype=np.float32).astype(mosaic.dtype)
    result: Image = np.minimum(mosaic + noise * np.sqrt(camera.shot * mosaic + camera.read), 1)
    return result


def develop(mosaic: Image, camera: Camera) -> Image:
    """The picture of a raw mosaic: demosaicing, white balance, clipping, gamma, tone curve; (H, W, 3) in [0, 1]."""
    light = demosaic(mosaic) * np.array([camera.red, 1.0, camera.blue], dtype=mosaic.dtype)
    tone = to_display(np.clip(light, 0, 1))
    return tone * tone * (3 - 2 * tone)


def sense(clean: Image, rng: np.random.Generator) -> tuple[Image, Image]:
    """(degraded, clean): one exposure and the noiseless one through the same camera.

    `clean` is (H + 2 MARGIN, W + 2 MARGIN, 3) in display values with even sides; both results are (H, W, 3).
    """
    camera = draw_camera(rng)
    mosaic = unprocess(clean, camera)
    inside = slice(MARGIN, -MARGIN)
    noisy, still = develop(expose(mosaic, camera, rng), camera), develop(mosaic, camera)
    return noisy[inside, inside], still[inside, inside]


# Malvar, He and Cutler, "High-quality linear interpolation for demosaicing", ICASSP 2004, figure 2, in eighths.
_GREEN = np.array([[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]) / 8
_ALONG = np.array([[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]) / 8
_DIAGONAL = (
    np.array([[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]) / 8
)


def demosaic(mosaic: NDArray[np.floating]) -> Image:
    """Three colours a pixel from a red-first Bayer mosaic (H, W): gradient-corrected linear interpolation."""
    green, across, down, corner = (
        convolve(mosaic, kernel.astype(mosaic.dtype), mode="mirror") for kernel in (_GREEN, _ALONG, _ALONG.T, _DIAGONAL)
    )
    colours = np.stack([mosaic, mosaic, mosaic], axis=2)
    even, odd = slice(0, None, 2), slice(1, None, 2)
    for row, column in ((even, even), (odd, odd)):
        colours[row, column, 1] = green[row, column]
    for colour, own, other in ((0, even, odd), (2, odd, even)):
        colours[own, other, colour] = across[own, other]
        colours[other, own, colour] = down[other, own]
        colours[other, other, colour] = corner[other, other]
    return colours
