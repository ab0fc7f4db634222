"""Motion blur: the mean of frames along a path, in linear light, with the middle frame as the sharp image.

Source: Nah et al., "Deep multi-scale convolutional neural network for dynamic scene deblurring", CVPR 2017,
equation (1): a blurry photograph is the camera response of the mean of the sharp frames of the exposure, and the sharp
image is the middle frame. Shen et al., "Human-aware motion deblurring", ICCV 2019, make HIDE the same way.

Paper: hundreds of scenes, shakes of any direction and of up to some tens of pixels at 1280 x 720, response of a
GoPro camera. Here: near-horizontal shakes of 5 to 9 pixels (within 8 degrees), almost uniform in speed and slightly
curved, response sRGB. The family is narrow on purpose: networks of the mini scale must be able to learn it from hours,
not weeks, of training.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmark.datasets.mini.light import Image, to_display, to_linear

MARGIN = 8  # pixels of clean photograph needed on every side of a blurred crop
LENGTH = (5.0, 9.0)  # pixels travelled during the exposure
TILT = 8.0  # degrees from the horizontal, either way
DEFOCUS = 1.5  # sigma in pixels of the background behind a moving subject: the lens is focused on the subject
FRAMES = 17  # odd: the middle frame exists, steps stay under .6 pixel


def shake_path(rng: np.random.Generator) -> NDArray[np.float64]:
    """A shake: (FRAMES, 2) displacements (down, right) in pixels, (0, 0) in the middle of the exposure."""
    length, tilt, bend, uneven = rng.random(4)
    length = LENGTH[0] + (LENGTH[1] - LENGTH[0]) * length
    angle = np.deg2rad(TILT) * (2 * tilt - 1)
    time = np.linspace(-1.0, 1.0, FRAMES)
    along = 0.5 * length * (time + 0.1 * (2 * uneven - 1) * (time**2 - time**4))
    across = 0.6 * (2 * bend - 1) * time**2
    down = along * np.sin(angle) + across * np.cos(angle)
    right = along * np.cos(angle) - across * np.sin(angle)
    return np.stack([down, right], axis=1)


def point_spread(path: NDArray[np.float64]) -> Image:
    """What a point of light leaves on the sensor: (2M+1, 2M+1), sums to one, M = MARGIN - 1.

    The mean over the frames of the interpolation kernel of each sub-pixel shift (cubic, a = -1/2; Keys 1981), so that
    convolving with it is exactly the mean of the shifted frames.
    """
    reach = MARGIN - 1
    grid = np.arange(-reach, reach + 1, dtype=np.float64)
    rows = _cubic(grid[None, :] - path[:, :1])
    columns = _cubic(grid[None, :] - path[:, 1:])
    spread = np.einsum("kr,kc->rc", rows, columns) / len(path)
    result: Image = spread / spread.sum()
    return result


def spread_light(light: Image, spread: Image) -> Image:
    """The mean of the frames of `light` (H, W, C) along the path of `spread`, (H - 2 MARGIN, W - 2 MARGIN, C)."""
    height, width = light.shape[0] - 2 * MARGIN, light.shape[1] - 2 * MARGIN
    reach = spread.shape[0] // 2
    total = np.zeros((height, width, light.shape[2]), dtype=light.dtype)
    for row, column in np.argwhere(np.abs(spread) > 1e-9):
        top, left = MARGIN + reach - row, MARGIN + reach - column
        total += spread[row, column].astype(light.dtype) * light[top : top + height, left : left + width]
    return total


def shake_camera(clean: Image, rng: np.random.Generator) -> tuple[Image, Image]:
    """A hand-held exposure: the whole picture moves along one shake path.

    `clean` is (H + 2 MARGIN, W + 2 MARGIN, 3) in display values; gives (degraded, clean), each (H, W, 3).
    """
    blurred = spread_light(to_linear(clean), point_spread(shake_path(rng)))
    return to_display(blurred), clean[MARGIN:-MARGIN, MARGIN:-MARGIN]


def move_subject(
    background: Image, subject: Image, rng: np.random.Generator, canvas: tuple[int, int] | None = None
) -> tuple[Image, Image]:
    """A subject with a soft matte passes before a background that stands still.

    Light of a frame is a S + (1 - a) B (Porter and Duff 1984), where the matte a and the subject S are shifted along
    the path and the background B, out of focus, is not; the exposure is the mean of the frames, so a and a S are each
    spread by the same point spread and B is uncovered by what is left. `background` and `subject` are
    (H + 2 MARGIN, W + 2 MARGIN, 3) in display values; gives (degraded, clean), each (H, W, 3). With `canvas`
    (height, width) they are a window somewhere in a larger picture, to which the matte belongs.
    """
    matte = soft_matte(subject.shape[0], subject.shape[1], rng, canvas).astype(subject.dtype)
    layer = np.concatenate([matte * to_linear(subject), matte], axis=2)
    spread = point_spread(shake_path(rng))
    still = gaussian_filter(to_linear(background), (DEFOCUS, DEFOCUS, 0), truncate=3.0)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    moved, sharp = spread_light(layer, spread), layer[MARGIN:-MARGIN, MARGIN:-MARGIN]
    blurred = moved[..., :3] + (1 - moved[..., 3:]) * still
    middle = sharp[..., :3] + (1 - sharp[..., 3:]) * still
    return to_display(blurred), to_display(middle)


def soft_matte(height: int, width: int, rng: np.random.Generator, canvas: tuple[int, int] | None = None) -> Image:
    """The outline of a subject: (H, W, 1) in [0, 1], a smooth closed curve around the middle with a soft edge.

    The radius is a short Fourier series of the angle. It covers some 35 to 50 % of the picture: people in HIDE's
    close-ups fill about that much. With `canvas` it is a random window of the matte of a picture of that size.
    """
    draws = rng.random(12)
    tall, wide = canvas or (height, width)
    top, left = int(draws[10] * (tall - height + 1)), int(draws[11] * (wide - width + 1))
    centre_y = tall * (0.5 + 0.12 * (draws[0] - 0.5))
    centre_x = wide * (0.5 + 0.12 * (draws[1] - 0.5))
    y, x = np.mgrid[top : top + height, left : left + width].astype(np.float64)
    size = 0.31 + 0.05 * draws[2]
    down, right = (y - centre_y) / (size * tall), (x - centre_x) / (size * wide)
    angle = np.arctan2(down, right)
    outline = np.ones_like(angle)
    for k in (2, 3, 4):
        outline += 0.16 / k * (draws[k + 1] + 0.5) * np.cos(k * angle + 2 * np.pi * draws[k + 4])
    distance = (outline - np.hypot(down, right)) * size * min(tall, wide)
    ramp = np.clip(0.5 + distance / 2.5, 0, 1)  # two and a half pixels from outside to inside
    result: Image = (ramp * ramp * (3 - 2 * ramp))[..., None]
    return result


def _cubic(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic convolution kernel with a = -1/2 (Keys 1981, equation 15)."""
    t = np.abs(offset)
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))
