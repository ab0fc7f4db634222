"""Which part of an image is shown enlarged: the same rule for every method, so that nothing is picked by eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from benchmark.core.errors import SlkdBenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARE = 0.375  # of the image's shorter side: 48 pixels of 128


class Crop(NamedTuple):
    """A rectangle in pixels: its left top corner, width and height."""

    x: int
    y: int
    width: int
    height: int

    def of(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of an image (H, W, ...) inside the rectangle."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]


def _windows(weight: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """The sum of `weight` (H, W) over every window of that size, by its left top corner."""
    import numpy as np

    sums = np.pad(weight.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    found: NDArray[np.float64] = (
        sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    )
    return found


def busiest(weight: NDArray[np.float64], width: int, height: int, clean: NDArray[np.float64] | None = None) -> Crop:
    """The window of that size over which `weight` (H, W) sums up to most; the first in reading order where several do.

    With the `clean` image (H, W, 3) only the half of the windows counts in which its brightness varies most: a crop that
    is black or flat shows nothing.
    """
    import numpy as np

    windows = _windows(weight, width, height)
    if clean is not None:
        grey, pixels = clean.mean(-1), width * height
        spread = _windows(grey**2, width, height) / pixels - (_windows(grey, width, height) / pixels) ** 2
        windows = np.where(spread >= np.median(spread), windows, -np.inf)
    best = np.flatnonzero(windows >= windows.max() - 1e-9 * max(1.0, abs(float(windows.max()))))[0]
    y, x = np.unravel_index(best, windows.shape)
    return Crop(int(x), int(y), width, height)


def choose(
    degraded: NDArray[np.float64], restored: Sequence[NDArray[np.float64]], clean: NDArray[np.float64]
) -> tuple[Crop, str]:
    """A square crop of images (H, W, 3), and the rule that chose it.

    Where two or more methods restored the image: where they differ most from each other (the median distance from their
    median at each pixel, so that one failed method does not decide). Otherwise: where the degraded image's squared
    error is greatest. Both in the half of all windows in which the clean image has more detail.
    """
    import numpy as np

    side = max(8, round(SHARE * min(clean.shape[:2])))
    side = min(side, *clean.shape[:2])
    if len(restored) > 1:
        every = np.stack(restored)
        spread = np.median(np.abs(every - np.median(every, axis=0)), axis=0).mean(-1)
        return busiest(spread, side, side, clean), "where the methods differ most, in the half with more detail"
    errors = np.square(degraded - clean).mean(-1)
    return busiest(errors, side, side, clean), "where the degraded image errs most, in the half with more detail"


def parse(text: str, height: int, width: int) -> Crop:
    """`x,y,w,h` as a crop of an image of that size. Raises SlkdBenchError where it is malformed or reaches outside."""
    expected = f"--crop x,y,w,h inside the image of {width} x {height} pixels"
    try:
        x, y, w, h = (int(part) for part in text.split(","))
    except ValueError:
        raise SlkdBenchError(expected, f"'{text}'", "Give four whole numbers, 40,20,48,48 say.") from None
    if min(x, y) < 0 or min(w, h) < 2 or x + w > width or y + h > height:
        raise SlkdBenchError(expected, f"'{text}'", "Move or shrink it.")
    return Crop(x, y, w, h)
