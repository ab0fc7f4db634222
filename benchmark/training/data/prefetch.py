"""Batches off the critical path: a background thread prepares the next ones in the order of the steps."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Protocol

from torch import Tensor


class Stream(Protocol):
    """Endless training batches: what `batch` returns depends on its arguments and the stream's seed alone.

    `batch(step, rank, world)` gives (degraded, clean), float32 (B, 3, P, P) in [0, 1]: this rank's equal share of the
    step's samples. The shares of all ranks, laid end to end, are the batch of one process alone.
    """

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
        """The batch of one step for one process."""
        ...


Batch = tuple[Tensor, Tensor]


class Prefetch:
    """Iterates over the batches of steps `first` to `last` - 1, `depth` of them prepared ahead by one thread.

    An error in the stream is raised where the batch is asked for. Close it, or use it as a context, to end the thread.
    """

    def __init__(self, stream: Stream, first: int, last: int, rank: int = 0, world: int = 1, depth: int = 4) -> None:
        self._queue: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=max(1, depth))
        self._closed = threading.Event()
        self._count = last - first
        self._thread = threading.Thread(target=self._fill, args=(stream, first, last, rank, world), daemon=True)
        self._thread.start()

    def _fill(self, stream: Stream, first: int, last: int, rank: int, world: int) -> None:
        for step in range(first, last):
            try:
                item: Batch | BaseException = stream.batch(step, rank, world)
            except BaseException as error:  # handed to the thread that asks for the batch
                item = error
            while not self._closed.is_set():
                try:
                    self._queue.put(item, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if self._closed.is_set() or isinstance(item, BaseException):
                return

    def __iter__(self) -> Iterator[Batch]:
        """Batch after batch, in order."""
        for _ in range(self._count):
            item = self._queue.get()
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """End the thread; prepared batches are dropped."""
        self._closed.set()
        while not self._queue.empty():
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        self._thread.join(timeout=5)

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
