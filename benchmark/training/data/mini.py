"""Training batches without end: the degradations of the mini sets on other pictures and with other seeds.

A sample depends on the seed and its own number only. So a run resumes exactly, and ranks and workers may split a
batch as they like: batch i of a stream is the same set of samples for any number of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.core.errors import BadData
from benchmark.core.types import Task
from benchmark.datasets.mini import motion, rain, sensor
from benchmark.datasets.mini.leaves import dead_leaves
from benchmark.datasets.mini.light import Bytes, Image, quantise
from benchmark.datasets.mini.photographs import Photograph, folder, shown_in_tests

if TYPE_CHECKING:
    from torch import Tensor

PAGES = 64  # dead-leaves pictures a stream draws from; a quarter of them beside photographs
CANVAS = (144, 208)  # the picture to which the matte of a moving subject belongs
_MARGIN = {Task.DERAINING: 0, Task.DEBLURRING: motion.MARGIN, Task.DENOISING: sensor.MARGIN}


class LeafPages:
    """Dead-leaves pictures, made when first drawn from; the same for a seed."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed, self._count = seed, count
        self._made: dict[int, Bytes] = {}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, page: int) -> Bytes:
        if page not in self._made:
            self._made[page] = dead_leaves(np.random.Generator(np.random.PCG64([self._seed, 77, page])))
        return self._made[page]


class PhotographPages:
    """The clean photographs of a folder, decoded once into a memory map that all runs of a machine share.

    A photograph that shows an embedded test scene, or is smaller than `smallest` pixels, is left out with a warning;
    BadImage names a file that is cut off or no image, BadData the folder when nothing is left.
    """

    def __init__(self, path: Path, smallest: int) -> None:
        self.path, self.smallest = Path(path), smallest
        self.photographs = folder(self.path)
        self._pixels, shapes = _decoded(self.photographs)
        self.left_out: dict[str, str] = {}
        self._places: list[tuple[int, tuple[int, int, int]]] = []
        start = 0
        for photograph, (height, width, scene) in zip(self.photographs, shapes, strict=True):
            if scene:
                self.left_out[photograph.path.name] = f"shows the test photograph {scene}"
            elif min(height, width) < smallest:
                self.left_out[photograph.path.name] = f"is {width} x {height}, smaller than a crop of {smallest}"
            else:
                self._places.append((start, (height, width, 3)))
            start += height * width * 3
        for name, why in self.left_out.items():
            warnings.warn(f"left out of training: {name} {why}", stacklevel=3)
        if not self._places:
            found = "; ".join(f"{name} {why}" for name, why in self.left_out.items())
            raise BadData(f"training photographs in {self.path}", found, "Add other photographs.")

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, page: int) -> Bytes:
        start, shape = self._places[page]
        return self._pixels[start : start + int(np.prod(shape))].reshape(shape)


class TrainingStream:
    """Batches (degraded, clean), each (batch, 3, patch, patch) float32 in [0, 1], for ever.

    `batch` counts the samples of all ranks. With `photos`, a share `leaves` of the samples still comes from dead
    leaves; without, all do. Deraining mixes both rains, deblurring both motions, half and half.
    """

    def __init__(
        self, task: Task, batch: int, patch: int, seed: int = 0, photos: Path | None = None, leaves: float = 0.2
    ) -> None:
        self.task, self.batch_size, self.patch, self.seed = task, batch, patch, seed
        self.photos = Path(photos) if photos else None
        self.leaves = leaves if photos else 1.0
        self.margin = _MARGIN[task]
        self.workers = min(4, os.cpu_count() or 1)

    @cached_property
    def pages(self) -> tuple[LeafPages, PhotographPages | None]:
        """The two sources of clean pictures."""
        size = self.patch + 2 * self.margin
        if self.photos is None:
            return LeafPages(self.seed, PAGES), None
        return LeafPages(self.seed, PAGES // 4), PhotographPages(self.photos, size)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
        """Batch `step` (0, 1, ...), or the share of it that belongs to `rank` of `world`."""
        import torch

        share = range(rank * self.batch_size // world, (rank + 1) * self.batch_size // world)
        samples = [self.sample(step * self.batch_size + position) for position in share]
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

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        step = 0
        while True:
            yield self.batch(step)
            step += 1

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
        leaves, photographs = self.pages
        chosen = leaves if photographs is None or rng.random() < self.leaves else photographs
        size = self.patch + 2 * self.margin
        best, detail = None, -1
        for _ in range(3):
            page = chosen[int(rng.integers(len(chosen)))]
            top, left = (int(rng.integers(side - size + 1)) for side in page.shape[:2])
            patch = page[top : top + size, left : left + size]
            green = patch[::2, ::2, 1].astype(np.int32)
            found = int(np.abs(np.diff(green, axis=0)).sum() + np.abs(np.diff(green, axis=1)).sum())
            if found > detail:
                best, detail = patch, found
        assert best is not None
        turn = int(rng.integers(8))
        best = best[::-1] if turn & 1 else best
        best = best[:, ::-1] if turn & 2 else best
        best = best.swapaxes(0, 1) if turn & 4 else best
        return np.ascontiguousarray(best).astype(np.float32) / np.float32(255)


def _decoded(photographs: tuple[Photograph, ...]) -> tuple[Bytes, list[tuple[int, int, str]]]:
    """All pixels one after the other, and (height, width, test scene shown or "") of each photograph.

    Kept in the user's cache folder under a name made of the files' sha256; in memory when that cannot be written.
    """
    from platformdirs import user_cache_path

    key = hashlib.sha256("".join(photograph.digest() for photograph in photographs).encode()).hexdigest()[:24]
    pixels_file = user_cache_path("slkd-bench") / "photographs" / f"{key}.npy"
    shapes_file = pixels_file.with_suffix(".json")
    try:
        shapes = [(int(h), int(w), str(scene)) for h, w, scene in json.loads(shapes_file.read_text())]
        pixels = np.load(pixels_file, mmap_mode="r")
        if pixels.size == sum(3 * h * w for h, w, _ in shapes) and len(shapes) == len(photographs):
            return pixels, shapes
    except (OSError, ValueError):
        pass
    pictures = [photograph.read() for photograph in photographs]
    shapes = [(p.shape[0], p.shape[1], shown_in_tests(p) or "") for p in pictures]
    pixels = np.concatenate([picture.reshape(-1) for picture in pictures])
    try:
        pixels_file.parent.mkdir(parents=True, exist_ok=True)
        half_written = pixels_file.with_name(f"{key}.{os.getpid()}.npy")
        np.save(half_written, pixels)
        half_written.replace(pixels_file)
        half_written.write_text(json.dumps(shapes))
        half_written.replace(shapes_file)
    except OSError as error:
        warnings.warn(f"the decoded photographs are kept in memory only: {error}", stacklevel=2)
    return pixels, shapes
