"""What a training stream is: batches by the number of the step, the same however they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Batch = tuple[Tensor, Tensor]


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
