"""Work that the authors' form of a network does and ours does not, in multiply-accumulates, to be added to the count.

Each entry takes the image size and the network's constructor arguments.
"""

from __future__ import annotations

from collections.abc import Callable

SAVED: dict[str, Callable[..., float]] = {}
