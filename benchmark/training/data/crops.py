"""Training batches from pairs: random crops of packed pairs, of the official training sets, or of any folder of pairs.

A sample depends on the seed and its own number only: a run resumes exactly, and ranks and workers may split a batch as
they like. In every epoch each pair is drawn once, in an order of the epoch's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark.training.data.stream import Batch, shared

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Bytes = NDArray[np.uint8]

ALL_TURNS = tuple(range(8))  # the flips and transposes of a square, see `cut`
_DRAWS = 0x5EED_C809  # apart from other uses of the seed
SHARE = 0.25  # of the device's free memory that pairs may take


class PairSource(Protocol):
    """Pairs by number."""

    def __len__(self) -> int: ...

    def pair(self, index: int) -> tuple[Bytes, Bytes]:
        """Degraded and clean image, (3, H, W) uint8 each; they may be views and are not changed."""
        ...


class CropStream:
    """Batches (degraded, clean), each (batch, 3, patch, patch) float32 in [0, 1], for ever: crops of `source`.

    `batch` counts the samples of all ranks. Both images of a pair are cut at one random place and turned by one of
    `turns`. An image smaller than `patch` is first reflected at the right and the bottom, as MPRNet's loader of Rain13K
    does. Raises what the source raises.

    Args:
        source: the pairs; one with `workers` asks for that many processes to make batches ahead.
        batch: samples of a step, of all ranks together.
        patch: side of a crop in pixels.
        seed: decides the order of the pairs, the places and the turns.
        turns: numbers of flips and transposes as in `cut`.
    """

    def __init__(
        self, source: PairSource, batch: int, patch: int, seed: int = 0, turns: tuple[int, ...] = ALL_TURNS
    ) -> None:
        self.source, self.batch_size, self.patch, self.seed, self.turns = source, batch, patch, seed, turns
        self.workers = int(getattr(source, "workers", 0))
        self._bytes: Bytes | None = None

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """Batch `step` (0, 1, ...), or the share of it that belongs to `rank` of `world`."""
        import torch

        numbers = shared(step, self.batch_size, rank, world)
        cuts = self._room(len(numbers))
        images = self._images()
        if images is not None:
            for position, (index, *place) in enumerate(self.places(numbers, *images.shape[-2:])):
                cuts[:, position] = cut(images[index], place, self.patch)
        else:
            for position, number in enumerate(numbers):
                cuts[:, position] = self.sample(number)
        batch = torch.from_numpy(cuts).float().div_(255)
        return batch[0], batch[1]

    def sample(self, number: int) -> tuple[Bytes, Bytes]:
        """Degraded and clean patch of sample `number`, (3, patch, patch) uint8 each; repeatable."""
        degraded, clean = self.source.pair(self.index(number))
        ((_, *place),) = self.places(range(number, number + 1), *clean.shape[1:])
        return cut(degraded, place, self.patch), cut(clean, place, self.patch)

    def index(self, number: int) -> int:
        """The pair that sample `number` is cut from."""
        epoch, place = divmod(number, len(self.source))
        return epoch_order(self.seed, epoch, len(self.source))[place]

    def places(self, numbers: range, height: int, width: int) -> list[tuple[int, int, int, int]]:
        """Pair, top, left and turn of each sample, cut from pictures of this size.

        A sample has one block of four random words of a counter-based generator, whatever it is asked together with.
        """
        counter = np.random.Philox(key=[self.seed, _DRAWS], counter=[numbers.start, 0, 0, 0])
        words = counter.random_raw(4 * len(numbers)).reshape(-1, 4)
        rooms = (max(height - self.patch, 0) + 1, max(width - self.patch, 0) + 1, len(self.turns))
        draws = (words[:, :3] % np.array(rooms, np.uint64)).tolist()
        return [(self.index(n), t, left, self.turns[turn]) for n, (t, left, turn) in zip(numbers, draws, strict=True)]

    def _room(self, count: int) -> Bytes:
        """Where the bytes of a batch are put together: kept from batch to batch, since fresh memory costs more than a cut."""
        if self._bytes is None or self._bytes.shape[1] != count:
            self._bytes = np.empty((2, count, 3, self.patch, self.patch), np.uint8)
        return self._bytes

    def _images(self) -> Bytes | None:
        """All pairs of the source, (N, 2, 3, H, W), where they are one array of pictures no smaller than a patch."""
        images: Bytes | None = getattr(self.source, "images", None)
        return images if images is not None and min(images.shape[-2:]) >= self.patch else None

    def resized(self, batch: int, patch: int) -> CropStream:
        """Other crops of the same pairs."""
        return CropStream(self.source, batch, patch, self.seed, self.turns)

    def on(self, device: torch.device) -> CropStream:
        """The same crops, cut on a GPU where all pairs of `source` lie as bytes; this stream where they do not fit."""
        images = self._images()
        if device.type != "cuda" or images is None or not fits(images, device):
            return self
        return ResidentCrops(self, images, device)


class ResidentCrops(CropStream):
    """The batches of `stream`, bit for bit, cut on `device` from `images` (N, 2, 3, H, W) uint8, which is copied there once."""

    def __init__(self, stream: CropStream, images: Bytes, device: torch.device | str) -> None:
        import torch

        super().__init__(stream.source, stream.batch_size, stream.patch, stream.seed, stream.turns)
        self.workers = 0
        self.device = torch.device(device)
        self.images = torch.from_numpy(np.array(images)).to(self.device)
        side = torch.arange(self.patch, device=self.device)
        self._rows, self._columns = side[:, None].expand(self.patch, -1), side.expand(self.patch, -1)
        self._white = torch.tensor(255.0, device=self.device)  # a tensor: CUDA divides by a number less exactly

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """Batch `step` on the device, or the share of it that belongs to `rank` of `world`."""
        import torch

        numbers = shared(step, self.batch_size, rank, world)
        height, width = self.images.shape[-2:]
        told = torch.tensor(self.places(numbers, height, width))
        if self.device.type == "cuda":
            told = told.pin_memory().to(self.device, non_blocking=True)
        degraded, clean = self._cut(told).float() / self._white
        return degraded, clean

    def _cut(self, told: Tensor) -> Tensor:
        """The crops (2, B, 3, P, P) uint8 of pairs, tops, lefts and turns, (B, 4)."""
        import torch

        pair, top, left, turn = told.view(-1, 4, 1, 1).unbind(1)
        transposed, last = (turn & 4) > 0, self.patch - 1
        row = torch.where(transposed, self._columns, self._rows)
        column = torch.where(transposed, self._rows, self._columns)
        row = top + torch.where((turn & 1) > 0, last - row, row)
        column = left + torch.where((turn & 2) > 0, last - column, column)
        return self.images[pair, :, :, row, column].permute(3, 0, 4, 1, 2).contiguous()


def fits(images: Bytes, device: torch.device) -> bool:
    """Whether all pairs may lie on `device` as bytes."""
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return images.nbytes <= SHARE * free


def cut(picture: Bytes, place: Sequence[int], patch: int) -> Bytes:
    """The square of `patch` pixels of (..., H, W) at (top, left, turn), reflected where it ends; a view if it can be.

    Of the number of a turn the first bit turns rows about, the second columns, and the third transposes.
    """
    top, left, turn = place
    square = picture[..., top : top + patch, left : left + patch]
    down, right = patch - square.shape[-2], patch - square.shape[-1]
    if down or right:
        square = np.pad(square, (*((0, 0) for _ in square.shape[:-2]), (0, down), (0, right)), mode="reflect")
    square = square[..., ::-1, :] if turn & 1 else square
    square = square[..., ::-1] if turn & 2 else square
    return square.swapaxes(-1, -2) if turn & 4 else square


@lru_cache(maxsize=8)
def epoch_order(seed: int, epoch: int, count: int) -> tuple[int, ...]:
    """The order in which an epoch goes through `count` pairs."""
    order = np.random.Generator(np.random.PCG64([seed, 1_000_033, epoch])).permutation(count)
    return tuple(order.tolist())
