"""A share of the training pairs with the clean image on both sides: what a network needs to leave a clean image alone.

Paper: Teacher B restores clean images, which a teacher of degraded ones alone has never seen; with photographs that are
nearly sharp among the blurred ones, as GoPro has, it learns to. Here: `Recipe.clean_share` says how many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.training.data.stream import Stream


class WithClean:
    """The batches of `stream`, where from step `start` a sample's degraded image is with probability `share` its clean one.

    Which samples those are depends on `seed` and the sample's number alone; `batch` counts the samples of all ranks.
    """

    def __init__(self, stream: Stream, share: float, batch: int, seed: int, start: int = 0) -> None:
        self.stream, self.share, self.batch_size, self.seed, self.start = stream, share, batch, seed, start

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
        """The batch of one step for one process, float32 (B, 3, P, P) each."""
        degraded, clean = self.stream.batch(step, rank, world)
        if step < self.start:
            return degraded, clean
        first = step * self.batch_size + rank * self.batch_size // world
        for position in range(len(degraded)):
            if self.is_clean(first + position):
                degraded[position] = clean[position]
        return degraded, clean

    def is_clean(self, number: int) -> bool:
        """Whether sample `number` has its clean image on both sides."""
        import numpy as np

        return bool(np.random.Generator(np.random.PCG64([self.seed, 1_000_037, number])).random() < self.share)
