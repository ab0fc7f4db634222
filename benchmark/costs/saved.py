"""Work that the authors' form of a network does and ours does not, in multiply-accumulates, to be added to the count.

Each entry takes the image size and the network's constructor arguments.
"""

from __future__ import annotations

from collections.abc import Callable


def _mt_rnn(size: int, iterations: int = 6, width: int = 32) -> float:
    """The degraded image's part of the first convolution, and its mean shift: once instead of in every iteration."""
    return (iterations - 1) * (3 * width * 9 + 3 * 3) * size**2


SAVED: dict[str, Callable[..., float]] = {"mt-rnn": _mt_rnn}
