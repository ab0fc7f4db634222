"""Dead leaves: synthetic pictures with the statistics of photographs, for training without a download.

Source: Achddou, Gousseau and Ladjal, "Synthetic images as a regularity prior for image restoration neural networks",
SSVM 2021: discs of random colour with radii of density r^-3 hide each other, which gives scale invariance and edges;
Lee, Mumford and Huang, "Occlusion models for natural images", IJCV 2001. Added: textures of 1/f noise and of stripes,
shading, soft edges, and the blur of what lies behind the focus.

Paper: colours drawn from the histograms of natural images. Here: a few muted colours a picture, so that nothing has
to be downloaded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmark.datasets.mini.light import Bytes, quantise

SIDE = 320  # pixels of one picture
COUNT = 400  # leaves in one picture
RADII = (7.0, 150.0)


def dead_leaves(rng: np.random.Generator) -> Bytes:
    """One picture (SIDE, SIDE, 3) uint8."""
    palette = _palette(rng)
    textures = [_texture(rng) for _ in range(5)]
    picture = np.empty((SIDE, SIDE, 3))
    picture[:] = palette[0] + 0.2 * textures[0][..., None]
    focus = rng.random()
    for number, radius in enumerate(_radii(rng)):
        if number == COUNT // 3 and focus < 0.5:
            picture = gaussian_filter(picture, (0.8 + 2.5 * focus, 0.8 + 2.5 * focus, 0))
        _paint(picture, radius, palette[rng.integers(len(palette))], textures[rng.integers(len(textures))], rng)
    return quantise(picture)


def _paint(
    picture: NDArray[np.float64],
    radius: float,
    colour: NDArray[np.float64],
    texture: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Lay one leaf over the picture: a disc, an ellipse or a polygon with an edge of about a pixel."""
    cy, cx = rng.random(2) * SIDE
    reach = int(radius) + 3
    top, bottom = max(0, int(cy) - reach), min(SIDE, int(cy) + reach + 1)
    left, right = max(0, int(cx) - reach), min(SIDE, int(cx) + reach + 1)
    y, x = np.ogrid[top:bottom, left:right]
    y, x = y - cy, x - cx
    turn, squeeze, sides, edge, light, strength = rng.random(6)
    cos, sin = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    u, v = x * cos + y * sin, y * cos - x * sin
    if sides < 0.4:  # ellipse
        distance = radius - np.hypot(u, v / (0.35 + 0.65 * squeeze))
    else:  # the inside of three to six half planes
        corners = int(3 + 4 * (sides - 0.4) / 0.6)
        angles = 2 * np.pi * np.arange(corners) / corners
        distance = 0.6 * radius - np.max([u * np.cos(a) + v * np.sin(a) for a in angles], axis=0)
    matte = np.clip(0.5 + distance / (0.6 + edge), 0, 1)[..., None]
    offset = rng.integers(0, SIDE, 2)
    rows, columns = (np.arange(top, bottom) + offset[0]) % SIDE, (np.arange(left, right) + offset[1]) % SIDE
    grain = texture[rows[:, None], columns[None, :]][..., None]
    shade = (0.25 * (light - 0.5) * u / radius)[..., None]
    leaf = (colour + 0.06 * rng.standard_normal(3)) * (1 + shade + 0.6 * strength**2 * grain)
    picture[top:bottom, left:right] += matte * (leaf - picture[top:bottom, left:right])


def _radii(rng: np.random.Generator) -> NDArray[np.float64]:
    """COUNT radii of density r^-3 between the two of RADII, by inversion, in random order."""
    small, large = RADII[0] ** -2.0, RADII[1] ** -2.0
    result: NDArray[np.float64] = (small - rng.random(COUNT) * (small - large)) ** -0.5
    return result


def _palette(rng: np.random.Generator) -> NDArray[np.float64]:
    """Eight muted colours around two hues, (8, 3) display values."""
    value = np.clip(0.08 + 0.85 * rng.random((8, 1)), 0, 1)
    hue = np.where(rng.random((8, 1)) < 0.6, rng.random(), rng.random()) + 0.08 * rng.standard_normal((8, 1))
    saturation = 0.7 * rng.random((8, 1)) ** 1.5
    wheel = 0.5 + 0.5 * np.cos(2 * np.pi * (hue + np.array([0.0, 1 / 3, 2 / 3])))
    result: NDArray[np.float64] = value * (1 - saturation * (1 - wheel))
    return result


def _texture(rng: np.random.Generator) -> NDArray[np.float64]:
    """A periodic texture of spread one, (SIDE, SIDE): noise of spectrum f^-beta, now and then combed into stripes."""
    fy, fx = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    beta, angle, stretch, striped = rng.random(4)
    if striped < 0.6:  # longer along one direction, as fur, wood and grass are
        cos, sin = np.cos(np.pi * angle), np.sin(np.pi * angle)
        fx, fy = (fx * cos + fy * sin) * (1 + 4 * stretch), fy * cos - fx * sin
    radius = np.hypot(fy, fx)
    radius[0, 0] = 1
    spectrum = radius ** -(0.7 + 0.8 * beta)
    spectrum[0, 0] = 0
    noise = np.fft.rfft2(rng.standard_normal((SIDE, SIDE)))
    texture = np.fft.irfft2(noise * spectrum, s=(SIDE, SIDE))
    result: NDArray[np.float64] = np.clip(texture / texture.std(), -2.5, 2.5) * 0.5
    return result
