"""Rain: streaks that brighten and a veil of mist, laid over a photograph in linear light.

Source of the optics: Garg and Nayar, "Vision and rain", IJCV 2007: a falling drop refracts a wide field of view, so it
is brighter than what it hides; it covers a pixel for a small part tau / T of the exposure, so the streak is
semi-transparent: L = (1 - a) B + a E with a = tau / T and E the light of the surroundings. With E as bright as white,
no pixel gets darker. Far drops give many short, fine streaks, near ones few long, broad streaks ("Photorealistic
rendering of rain streaks", SIGGRAPH 2006).

Source of the two families:
* Fu et al., "Removing rain from single images via a deep detail network", CVPR 2017 (Rain1400): fourteen streak
  directions and magnitudes laid over every photograph with an image editor (noise, motion blur, blending).
* Zhang and Patel, "Density-aware single image de-raining using a multi-stream dense network", CVPR 2018 (Test1200):
  light, medium and heavy rain.
Paper: blending in display values, no veil. Here: linear light, and heavier rain comes with more veil, since drops too
far away to be told apart add light as fog does (Garg and Nayar 2007, section on volumes of rain).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from benchmark.datasets.mini.light import Image, to_display, to_linear

VEIL_LIGHT = 0.8  # linear light of an overcast sky, towards which the veil draws
REACH = 18  # half the longest streak in pixels


@dataclass(frozen=True)
class Shower:
    """One rain: lean in degrees from the vertical, length in pixels, drops a pixel, strongest covering, veil."""

    lean: float
    length: float
    density: float
    strength: float
    veil: float = 0.0


# Seven directions times two magnitudes: the fourteen rains of one photograph.
FOURTEEN = tuple(
    Shower(lean, length, density, strength)
    for length, density, strength in ((13.0, 0.012, 0.11), (22.0, 0.015, 0.18))
    for lean in (-38.0, -26.0, -13.0, 0.0, 13.0, 26.0, 38.0)
)
DENSITIES = {
    "light": Shower(0.0, 12.0, 0.008, 0.12, 0.01),
    "medium": Shower(0.0, 16.0, 0.016, 0.15, 0.02),
    "heavy": Shower(0.0, 20.0, 0.026, 0.18, 0.035),
}


def fall(clean: Image, shower: Shower, rng: np.random.Generator) -> Image:
    """The photograph `clean` (H, W, 3) in display values seen through `shower`; same shape, never darker."""
    light = to_linear(clean)
    cover = streaks(light.shape[0], light.shape[1], shower, rng).astype(light.dtype)[..., None]
    wet = light + cover * (1 - light)
    return to_display(wet + shower.veil * (VEIL_LIGHT - wet).clip(0))


def streaks(height: int, width: int, shower: Shower, rng: np.random.Generator) -> Image:
    """The covering a = tau / T of every pixel, (H, W) in [0, 1): drops of two depths, drawn out along the fall."""
    total = np.zeros((height, width))
    for depth, (share, longer, broader, stronger) in enumerate(((0.75, 0.7, 0.45, 0.8), (0.25, 1.2, 0.75, 1.15))):
        drops = rng.random((height + 2 * REACH, width + 2 * REACH))
        density = shower.density * share * (0.45 if depth else 1.0)
        lit = np.where(drops < density, 0.3 + 0.7 * drops / density, 0.0)
        kernel = _streak(shower.lean + 4.0 * (rng.random() - 0.5), shower.length * longer, broader)
        # scaled to the height of a single streak: crossing streaks cover more, as they do in rain
        total += (
            stronger
            * shower.strength
            * fftconvolve(lit, kernel / kernel.max(), mode="same")[REACH : REACH + height, REACH : REACH + width]
        )
    return np.clip(total, 0, 0.85)


def streak_rain(clean: Image, kind: int, rng: np.random.Generator) -> tuple[Image, Image]:
    """(degraded, clean) after Rain1400: `kind` 0 to 13 is one of the fourteen rains; (H, W, 3) in display values."""
    base = FOURTEEN[kind % len(FOURTEEN)]
    jitter = rng.random(3) - 0.5
    shower = Shower(
        base.lean + 8 * jitter[0],
        base.length * (1 + 0.3 * jitter[1]),
        base.density,
        base.strength * (1 + 0.3 * jitter[2]),
    )
    return fall(clean, shower, rng), clean


def dense_rain(clean: Image, density: str, rng: np.random.Generator) -> tuple[Image, Image]:
    """(degraded, clean) after Test1200: `density` is light, medium or heavy; (H, W, 3) in display values."""
    base = DENSITIES[density]
    jitter = rng.random(4) - 0.5
    shower = Shower(
        50 * jitter[0],
        base.length * (1 + 0.3 * jitter[1]),
        base.density * (1 + 0.3 * jitter[2]),
        base.strength,
        base.veil * (1 + 0.5 * jitter[3]),
    )
    return fall(clean, shower, rng), clean


def _streak(lean: float, length: float, broad: float) -> Image:
    """One drop drawn out: a line of `length` pixels leaning `lean` degrees from the vertical, `broad` its sigma."""
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(np.float64)
    angle = np.deg2rad(lean)
    along = y * np.cos(angle) + x * np.sin(angle)
    across = x * np.cos(angle) - y * np.sin(angle)
    half = min(length, 2 * REACH - 2) / 2
    ends = np.clip((half + 0.5 - np.abs(along)) / (0.3 * half), 0, 1)  # a drop enters and leaves a pixel gradually
    result: Image = ends * np.exp(-0.5 * (across / broad) ** 2)
    return result
