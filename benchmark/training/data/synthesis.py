"""Training pairs by synthesis: the degradations of the mini sets on other pictures and with other seeds.

A sample depends on the seed and its own number only, so that ranks and workers may split a batch as they like. Training
draws crops of such pairs, made once (`mini_train`); `Synthesis` itself is a stream that makes new ones for ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from benchmark.core.types import Task
from benchmark.datasets.mini import motion, rain, sensor
from benchmark.datasets.mini.light import Bytes, Image, quantise
from benchmark.training.data.clean_pictures import DEAD_LEAVES, CleanPictures, PictureChoice
from benchmark.training.data.stream import Batch, shared

CANVAS = (144, 208)  # the picture to which the matte of a moving subject belongs
PLACES = 3  # of so many places the one with most detail is taken
MOST_WORKERS = 4
_MARGIN = {Task.DERAINING: 0, Task.DEBLURRING: motion.MARGIN, Task.DENOISING: sensor.MARGIN}

TURNS = {Task.DERAINING: (0, 1, 2, 3), Task.DEBLURRING: (0, 1, 2, 3), Task.DENOISING: tuple(range(8))}
"""Flips (and transposes) of a made pair that leave the family of its degradation as it is.

Rain leans to both sides alike and shakes are near-horizontal: both families are their own mirror images, and neither
is its own transpose.
"""


class Synthesis:
    """Batches (degraded, clean), each (batch, 3, patch, patch) float32 in [0, 1], for ever, every sample a new one.

    `batch` counts the samples of all ranks. Deraining mixes both rains, deblurring both motions, half and half.
    """

    def __init__(
        self, task: Task, batch: int, patch: int, seed: int = 0, pictures: PictureChoice = DEAD_LEAVES
    ) -> None:
        self.task, self.batch_size, self.patch, self.seed = task, batch, patch, seed
        self.margin = _MARGIN[task]
        self.pictures = CleanPictures(pictures, patch + 2 * self.margin, seed)
        self.workers = min(MOST_WORKERS, os.cpu_count() or 1)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """Batch `step` (0, 1, ...), or the share of it that belongs to `rank` of `world`."""
        import torch

        samples = [self.sample(number) for number in shared(step, self.batch_size, rank, world)]
        degraded, clean = (
            torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).float().div_(255).contiguous()
            for side in zip(*samples, strict=True)
        )
        return degraded, clean

    def sample(self, number: int) -> tuple[Bytes, Bytes]:
        """Degraded and clean patch of sample `number`, (patch, patch, 3) uint8 each; repeatable."""
        rng = np.random.Generator(np.random.PCG64([self.seed, 1_000_003, number]))
        clean = self._clean(rng)
        degraded, target = self._degrade(clean, rng)
        return quantise(degraded), quantise(target)

    def __iter__(self) -> Iterator[Batch]:
        step = 0
        while True:
            yield self.batch(step)
            step += 1

    def resized(self, batch: int, patch: int) -> Synthesis:
        """Samples of another size from the same pictures."""
        return Synthesis(self.task, batch, patch, self.seed, self.pictures.choice)

    def _degrade(self, clean: Image, rng: np.random.Generator) -> tuple[Image, Image]:
        first = rng.random() < 0.5
        if self.task is Task.DENOISING:
            return sensor.sense(clean, rng)
        if self.task is Task.DEBLURRING:
            if first:
                return motion.shake_camera(clean, rng)
            return motion.move_subject(self._clean(rng), clean, rng, CANVAS)
        if first:
            return rain.streak_rain(clean, int(rng.integers(len(rain.FOURTEEN))), rng)
        return rain.dense_rain(clean, tuple(rain.DENSITIES)[int(rng.integers(len(rain.DENSITIES)))], rng)

    def _clean(self, rng: np.random.Generator) -> Image:
        """A clean patch with its margin, flipped or transposed at random before anything is done to it.

        Of three places the one with most detail is taken: a flat sky teaches little.
        """
        size = self.patch + 2 * self.margin
        best, most = None, -1
        for picture in self.pictures.draw(rng, PLACES):
            top, left = (int(rng.integers(side - size + 1)) for side in picture.shape[:2])
            patch = picture[top : top + size, left : left + size]
            green = patch[::2, ::2, 1].astype(np.int32)
            detail = int(np.abs(np.diff(green, axis=0)).sum() + np.abs(np.diff(green, axis=1)).sum())
            if detail > most:
                best, most = patch, detail
        if best is None:
            raise ValueError("no place was tried")
        turn = int(rng.integers(8))
        best = best[::-1] if turn & 1 else best
        best = best[:, ::-1] if turn & 2 else best
        best = best.swapaxes(0, 1) if turn & 4 else best
        return np.ascontiguousarray(best).astype(np.float32) / np.float32(255)
