"""Batches for a run: made ahead by worker processes where that takes time, and the time spent waiting for them."""

from __future__ import annotations

import atexit
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from benchmark.core.errors import SlkdBenchError
from benchmark.training.data.stream import Batch, Movable, Steps, Stream


class Batches:
    """Iterates over the batches of `steps`, in their order; `waited` is the time in seconds spent waiting for them so far.

    Batches lie in pinned memory where `device` is a GPU, or on it where the stream can be moved there. `ahead` batches a
    worker are prepared while the network trains. An error of the stream is raised where its batch is asked for. Close it,
    or use it as a context, to end the workers.

    Example:
        with Batches(stream, Steps(0, 1000)) as batches:
            for degraded, clean in batches:
                ...
    """

    def __init__(self, stream: Stream, steps: Steps, device: torch.device | str = "cpu", ahead: int = 4) -> None:
        device = torch.device(device)
        self.waited, self._begin = 0.0, time.monotonic()
        self.stream = stream.on(device) if isinstance(stream, Movable) else stream
        workers = min(int(getattr(self.stream, "workers", 0)), steps.last - steps.first)
        self._loader: DataLoader[Any] = DataLoader(
            _Steps(self.stream, steps),
            batch_size=None,  # an item is a whole batch
            sampler=range(steps.first, steps.last),  # any sized iterable will do
            num_workers=workers,
            pin_memory=device.type == "cuda" and workers > 0,
            prefetch_factor=max(1, ahead) if workers else None,
            worker_init_fn=_ignore_signals,
            generator=torch.Generator(),  # the run's own random numbers are left alone
        )
        self._iterator: Any = None

    def __iter__(self) -> Iterator[Batch]:
        """Batch after batch, in order."""
        self._begin = time.monotonic()
        self._iterator = iter(self._loader)
        atexit.register(self.close)  # workers do not listen to signals: nobody else would end them
        try:
            while self._iterator is not None:
                begin = time.monotonic()
                item = next(self._iterator, None)
                self.waited += time.monotonic() - begin
                if item is None:
                    return
                if isinstance(item, _Failed):
                    raise item.error
                yield item[0], item[1]
        finally:
            self.close()

    @property
    def waiting(self) -> float:
        """The share of the time since the first batch was asked for that was spent waiting for batches, 0 to 1."""
        return self.waited / max(time.monotonic() - self._begin, 1e-9)

    def close(self) -> None:
        """End the workers; batches made ahead are dropped."""
        self._iterator = None  # the loader's iterator ends its workers when it goes
        atexit.unregister(self.close)

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class _Failed:
    """An error on its way out of a worker: the loader would make another error of it."""

    error: SlkdBenchError


class _Steps(Dataset[Any]):
    """A stream as torch's map from a number to an item."""

    def __init__(self, stream: Stream, steps: Steps) -> None:
        self.stream, self.steps = stream, steps

    def __getitem__(self, step: int) -> Batch | _Failed:
        try:
            return self.stream.batch(step, self.steps.rank, self.steps.world)
        except SlkdBenchError as error:
            return _Failed(error)


def _ignore_signals(worker: int) -> None:
    """A signal to stop is for the run, which ends its step and saves it; workers end with the run."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_IGN)
