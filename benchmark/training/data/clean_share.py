"""A share of the training pairs with the clean image on both sides: what a network needs to leave a clean image alone.

Paper: Teacher B restores clean images, which a teacher of degraded ones alone has never seen; with photographs that are
nearly sharp among the blurred ones, as GoPro has, it learns to. Here: `Recipe.clean_share` says how many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmark.training.data.stream import Batch, Movable, Stream, shared

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class WithClean:
    """The batches of `stream`, where from step `start` a sample's degraded image is with probability `share` its clean one.

    Which samples those are depends on `seed` and the sample's number alone; `size` counts the samples of all ranks.
    """

    stream: Stream
    share: float
    size: int
    seed: int
    start: int = 0

    @property
    def workers(self) -> int:
        """As many processes as the stream asks for."""
        return int(getattr(self.stream, "workers", 0))

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """The batch of one step for one process, float32 (B, 3, P, P) each."""
        degraded, clean = self.stream.batch(step, rank, world)
        if step < self.start:
            return degraded, clean
        for position, number in enumerate(shared(step, self.size, rank, world)):
            if self.is_clean(number):
                degraded[position] = clean[position]
        return degraded, clean

    def is_clean(self, number: int) -> bool:
        """Whether sample `number` has its clean image on both sides."""
        return bool(np.random.Generator(np.random.PCG64([self.seed, 1_000_037, number])).random() < self.share)

    def on(self, device: torch.device) -> WithClean:
        """The same batches, made on `device` where the stream can be moved there."""
        return replace(self, stream=self.stream.on(device)) if isinstance(self.stream, Movable) else self
