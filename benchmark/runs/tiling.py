"""Keeping a network within a memory bound: big images go through in strips or tiles, small ones as they are.

Restormer, DRSformer and their students run in strips (benchmark/runs/strips.py), which changes nothing but the
order of sums. Every other network takes overlapping tiles, each seeing MARGIN pixels around what is kept of it, with
borders on multiples of 128, where the strides and windows of all networks lie. What that changes, at most, on a 640 x 400
photograph in [0, 1], tiles of 128 pixels, mini networks (trained PReNet, the others with fresh weights):

    PReNet, RCDNet            0         the margin covers what a pixel depends on
    VDN, MT-RNN, DeamNet      < 1e-6    it covers all that counts of it
    Uformer and its student   0.09      but < 1e-6 where both sides are multiples of the windows (64 at mini)
    DMPHN, MPRNet             0.09, 0.5

The last rows are not repaired by a wider margin: Uformer centres an image on its canvas, which shifts the windows; DMPHN and
MPRNet halve and quarter the image that they are given, and MPRNet weighs channels by their means over it. Deeper networks
of the paper's size may depend on more than the margin. So the scores of tiled images are marked in their cell's key.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from baselines.networks.shape.pyramid import Pyramid
from benchmark.core.errors import SlkdBenchError
from benchmark.runs.strips import restore_in_strips, rows_within

if TYPE_CHECKING:
    from torch import Tensor

STEP = 128  # pixels: tiles begin on its multiples
MARGIN = 128  # pixels around a tile that it sees besides its own
GIB = 2**30
RESERVE = 0.75 * GIB  # bytes: Python, torch, the decoded images
_UNSEEN = 1.3  # workspaces inside operators, beside the tensors between them
_PROBE = 256  # pixels: side of the crop on which a network's need is measured

Restorer = Callable[["Tensor"], "Tensor"]


class MemoryBound:
    """`network` within `memory` GiB of the process: a restorer like it, that divides images only where it must.

    `divided` counts the images that went through in strips, where only the order of sums is another, or in tiles, whose
    results may differ from the untiled ones.
    Raises SlkdBenchError when the bound leaves no room.
    """

    def __init__(self, network: Restorer, memory: float) -> None:
        self.network, self.memory, self.divided = network, memory, 0
        self._bytes_each: float | None = None
        self._room = memory * GIB - RESERVE
        if self._room <= 0:
            raise SlkdBenchError(
                f"a memory bound above {RESERVE / GIB} GiB, which Python and torch take", f"{memory} GiB", _REMEDY
            )

    def __call__(self, image: Tensor) -> Tensor:
        """The restored images (N, 3, H, W)."""
        pixels = image.shape[-2] * image.shape[-1]
        if len(image) * pixels * self.bytes_each(image) <= self._room:
            return self.network(image)
        if isinstance(self.network, Pyramid):
            try:
                height, width = image.shape[-2:]
                rows = rows_within(self.network, height, width, self._room, image.element_size())
            except ValueError as problem:
                need = f"{self.memory} GiB, of which {RESERVE / GIB} are Python's and torch's"
                raise SlkdBenchError(str(problem), need, _REMEDY) from problem
            self.divided += len(image)
            return restore_in_strips(self.network, image, rows)
        side = self._tile(image)
        if max(image.shape[-2:]) > side:
            self.divided += len(image)
        return torch.cat([in_tiles(self.network, one[None], side) for one in image])

    def bytes_each(self, image: Tensor) -> float:
        """The memory that the network needs for a pixel, measured once, on a corner of the first image."""
        if self._bytes_each is None:
            corner = image[:1, :, :_PROBE, :_PROBE]
            self._bytes_each = _UNSEEN * peak_bytes(self.network, corner) / (corner.shape[-2] * corner.shape[-1])
        return self._bytes_each

    def _tile(self, image: Tensor) -> int:
        """The side of the tiles, without the margin."""
        whole = 2 * image.nbytes / len(image)  # what is given and what comes out
        pixels = max(0.0, self._room - whole) / self.bytes_each(image)
        side = int((pixels**0.5 - 2 * MARGIN) // STEP) * STEP
        if side < STEP:
            need = (whole + (STEP + 2 * MARGIN) ** 2 * self.bytes_each(image) + RESERVE) / GIB
            raise SlkdBenchError(f"at least {need:.2f} GiB for a tile of this network", f"{self.memory} GiB", _REMEDY)
        return side


_REMEDY = "Give more with --memory, or leave it away to pass whole images through."


def in_tiles(network: Restorer, image: Tensor, side: int, margin: int = MARGIN) -> Tensor:
    """`image` (N, 3, H, W) through `network` in tiles of `side` pixels, each with `margin` more around, cut off again.

    Raises ValueError for a side or margin that would move the networks' windows.
    """
    if side < STEP or side % STEP or margin < 0 or margin % STEP:
        raise ValueError(f"expected a side and a margin in multiples of {STEP}, found {side} and {margin}")
    restored = torch.empty_like(image)
    for top, bottom, first, last in _spans(image.shape[-2], side, margin):
        for left, right, start, end in _spans(image.shape[-1], side, margin):
            tile = network(image[..., first:last, start:end])
            restored[..., top:bottom, left:right] = tile[
                ..., top - first : bottom - first, left - start : right - start
            ]
    return restored


def _spans(length: int, side: int, margin: int) -> Iterator[tuple[int, int, int, int]]:
    """Begin and end of each tile on one axis, then with the margin."""
    for begin in range(0, length, side):
        end = min(begin + side, length)
        yield begin, end, max(0, begin - margin), min(length, end + margin)


@torch.inference_mode()
def peak_bytes(network: Restorer, image: Tensor) -> int:
    """The most bytes of tensors alive at once while `network` restores `image`, its weights apart."""
    with _Alive() as alive:
        network(image)
    result: int = alive.peak + image.nbytes
    return result


class _Alive(TorchDispatchMode):
    """Follows the storages that operators make, from their making to their end."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now, self.peak = 0, 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        inputs = {x.untyped_storage()._cdata for x in _tensors((args, kwargs))}
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            storage = tensor.untyped_storage()
            if storage._cdata not in self.known | inputs:
                self.known.add(storage._cdata)
                self.now += storage.nbytes()
                weakref.finalize(storage, self._end, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self.now)
        return result

    def _end(self, which: int, size: int) -> None:
        self.known.discard(which)
        self.now -= size


def _tensors(value: Any) -> Iterator[Tensor]:
    return (leaf for leaf in torch.utils._pytree.tree_leaves(value) if isinstance(leaf, torch.Tensor))
