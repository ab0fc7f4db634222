"""The images of a data set on their way to a network: decoded ahead, those of one size together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.devices import free_bytes, is_out_of_memory, kind, out_of_memory
from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Pair

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset

BATCH_PIXELS = 4 * 128 * 192  # one size together up to this; larger batches fall out of a CPU's cache and slow it down
DEVICE_PIXELS = 4 * 720 * 1280  # the same on an accelerator, which is idle below some millions of pixels
BYTES_A_PIXEL = 14_292  # of tensors at once: DRSformer at scale paper, which needs most (Restormer 6,132, PReNet 1,736)
_UNSEEN = 1.3  # workspaces inside operators, beside the tensors between them
AHEAD = 2  # batches decoded ahead of the network
_DECODERS = 4  # threads that decode for an accelerator; on a CPU one, beside the network's own


@dataclass(frozen=True)
class Stretch:
    """Which images: those from `first` on, up to `limit` counted from the beginning of the set; whether bad ones are
    left out."""

    first: int = 0
    limit: int | None = None
    keep_going: bool = False


@dataclass(frozen=True)
class Undecoded:
    """An image that cannot be decoded, and why."""

    name: str
    reason: str


def device_pixels(free: int | None) -> int:
    """The most pixels of a batch on an accelerator with so many bytes `free`: DEVICE_PIXELS, halved until the network that
    needs most fits; DEVICE_PIXELS where the device does not tell. By halves, so that a run that goes on finds the same.
    """
    pixels = DEVICE_PIXELS
    while free is not None and pixels > 1 and pixels * BYTES_A_PIXEL * _UNSEEN > free:
        pixels //= 2
    return pixels


def batches(dataset: Dataset, stretch: Stretch, device: str) -> Iterator[list[Pair | Undecoded]]:
    """Consecutive pairs of equal size, at most so many pixels together, decoded ahead of time."""
    most = BATCH_PIXELS if kind(device) == "cpu" else device_pixels(free_bytes(device))
    workers = 1 if kind(device) == "cpu" else _DECODERS
    last = len(dataset) if stretch.limit is None else min(stretch.limit, len(dataset))
    names = dataset.names()
    batch: list[Pair | Undecoded] = []
    size, count = (0, 0), 0  # of the batch's pairs
    with ThreadPoolExecutor(workers) as decoding:
        ahead: deque[tuple[int, Future[Pair]]] = deque()
        upcoming = iter(range(stretch.first, last))
        depth = workers
        while True:
            while len(ahead) < depth and (index := next(upcoming, None)) is not None:
                ahead.append((index, decoding.submit(dataset.__getitem__, index)))
            if not ahead:
                break
            index, future = ahead.popleft()
            try:
                pair = future.result()
            except Exception as problem:
                reason = _undecoded(problem, names[index], stretch.keep_going)
                if not reason:
                    for _, unneeded in ahead:
                        unneeded.cancel()
                    raise
                batch.append(Undecoded(names[index], reason))
                continue
            own = (int(pair.degraded.shape[-2]), int(pair.degraded.shape[-1]))
            pixels = own[0] * own[1]
            depth = workers * AHEAD * max(1, most // pixels // workers)
            if count and (own != size or (count + 1) * pixels > most):
                yield batch
                batch, count = [], 0
            batch.append(pair)
            size, count = own, count + 1
            del pair, future
    if batch:
        yield batch


def _undecoded(problem: Exception, name: str, keep_going: bool) -> str:
    """Why an image could not be decoded, where it is to be left out; empty where that is to be raised."""
    if not keep_going:
        return ""
    if is_out_of_memory(problem):
        return str(out_of_memory(problem, f"the decoded image {name}", "cpu"))
    return str(problem) if isinstance(problem, SlkdBenchError) else ""
