"""Where the names of points go: beside their point, over no other name, no other point and not outside the panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle in pixels, x to the right and y up."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        up = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, across) * max(0.0, up)

    def outside(self, other: Box) -> float:
        """The area of this one that `other` does not cover."""
        return (self.right - self.left) * (self.top - self.bottom) - self.overlap(other)


# Directions in the order in which they are tried, and how far away in multiples of the point's radius.
_DIRECTIONS = (
    (1, 0),
    (-1, 0),
    (0, 1),
    (0, -1),
    (1, 1),
    (-1, 1),
    (1, -1),
    (-1, -1),
    (1, 0.5),
    (-1, 0.5),
    (1, -0.5),
    (-1, -0.5),
    (0.5, 1),
    (-0.5, 1),
    (0.5, -1),
    (-0.5, -1),
)
_DISTANCES = (1.3, 2.6, 4.0, 6.0, 9.0, 13.0)


def place(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    obstacles: Sequence[Box],
    bounds: Box,
    radius: float,
) -> list[Box]:
    """A box of each of `sizes` beside its anchor; `obstacles` are what no name may cover.

    One after the other, each takes the first free place, near ones first; where none is free, the one that covers
    least. The line from a name to its anchor should not meet another's either, which matters half as much as
    a name on a name.
    """
    placed: list[Box] = []
    for number, (anchor, size) in enumerate(zip(anchors, sizes, strict=True)):
        wholes = [_hull(box, own) for box, own in zip(placed, anchors[:number], strict=True)]
        best, least = None, float("inf")
        for box in _candidates(anchor, size, radius):
            cost = sum(box.overlap(obstacle) for obstacle in obstacles) + 10 * box.outside(bounds)
            cost += sum(box.overlap(name) for name in placed)
            cost += sum(_hull(box, anchor).overlap(whole) for whole in wholes)
            if cost < least - 1e-9:
                best, least = box, cost
            if least == 0:
                break
        assert best is not None
        placed.append(best)
    return placed


def _hull(box: Box, anchor: tuple[float, float]) -> Box:
    """The box that holds `box` and `anchor`."""
    x, y = anchor
    return Box(min(box.left, x), min(box.bottom, y), max(box.right, x), max(box.top, y))


def _candidates(anchor: tuple[float, float], size: tuple[float, float], radius: float) -> list[Box]:
    (x, y), (width, height) = anchor, size
    found = []
    for distance in _DISTANCES:
        for across, up in _DIRECTIONS:
            far = distance * radius * (1.0 if not (across and up) else 0.75)
            left = x + across * far + (across - 1) / 2 * width
            bottom = y + up * far + (up - 1) / 2 * height
            found.append(Box(left, bottom, left + width, bottom + height))
    return found
