"""A stream whose batch and patch change along a run, as in progressive learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.training.data.stream import Batch, Movable, Stream

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Staged:
    """The batches of `streams` one after the other: stream i up to step `ends[i]`, the last one for ever."""

    streams: Sequence[Stream]
    ends: Sequence[int]

    @property
    def workers(self) -> int:
        """As many processes as any of them asks for."""
        return max(int(getattr(stream, "workers", 0)) for stream in self.streams)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """The batch of one step for one process."""
        stage = next((index for index, end in enumerate(self.ends) if step < end), len(self.streams) - 1)
        return self.streams[stage].batch(step, rank, world)

    def on(self, device: torch.device) -> Staged:
        """The same stages, each on `device` where it can be."""
        return Staged([s.on(device) if isinstance(s, Movable) else s for s in self.streams], self.ends)
