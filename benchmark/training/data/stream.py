"""What a training stream is: batches by the number of the step, the same however they are asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Batch: TypeAlias = "tuple[Tensor, Tensor]"


class Stream(Protocol):
    """Endless training batches: what `batch` returns depends on its arguments and the stream's seed alone.

    `batch(step, rank, world)` gives (degraded, clean), float32 (B, 3, P, P) in [0, 1]: this rank's equal share of the
    step's samples. The shares of all ranks, laid end to end, are the batch of one process alone.
    A stream that is slow to make a batch has an attribute `workers`, the number of processes that should make batches
    ahead of time; without it batches are made when they are asked for.
    """

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """The batch of one step for one process."""
        ...


@runtime_checkable
class Movable(Protocol):
    """A stream whose pictures can live on another device and are cut there."""

    def on(self, device: torch.device) -> Stream:
        """The same stream with its pictures on `device`, or itself where they do not fit there."""
        ...


@runtime_checkable
class Resizable(Protocol):
    """A stream that can have another batch and another patch."""

    def resized(self, batch: int, patch: int) -> Stream:
        """The stream of the same source and seed with other sizes."""
        ...


@dataclass(frozen=True)
class Steps:
    """Which batches a process asks for: steps `first` to `last` - 1, and its `rank` among `world` processes."""

    first: int
    last: int
    rank: int = 0
    world: int = 1


def shared(step: int, batch: int, rank: int, world: int) -> range:
    """The numbers of the samples of one step that belong to `rank` of `world`, of `batch` in all."""
    return range(step * batch + rank * batch // world, step * batch + (rank + 1) * batch // world)


Opened: TypeAlias = tuple[Stream, list[Batch], dict[str, Any]]
"""An opened source: the stream, validation batches (degraded, clean), and the facts that a card tells of the data."""


def first_batch(stream: Stream) -> str:
    """The beginning of the SHA-256 of a stream's first batch, for the card."""
    digest = hashlib.sha256()
    for tensor in stream.batch(0):
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:16]
