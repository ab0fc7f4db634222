"""Training batches from pairs on disk: random crops of the official training sets, or of any folder of pairs.

A sample depends on the seed and its own number only, as in the mini sets' stream: a run resumes exactly, and ranks may
split a batch as they like. In every epoch each pair is drawn once, in an order of the epoch's own.
"""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import BadData, UnknownName
from benchmark.core.types import Task
from benchmark.datasets.layouts import Entry
from benchmark.datasets.pairs import PairsOnDisk, check_format, open_folder, open_official, unequal
from benchmark.datasets.passport import Passport
from benchmark.datasets.sources import Half, Source, Whole
from benchmark.images.io import read_uint8

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.training.recipe import Recipe

Bytes = NDArray[np.uint8]

# Paper: names no training set. / Here: those of the publications whose protocols its columns follow.
OFFICIAL = {Task.DERAINING: "rain13k", Task.DEBLURRING: "gopro-train", Task.DENOISING: "sidd-medium"}
MEMORY = 2 << 30  # bytes of decoded pictures a stream keeps
VALIDATION_SEED, VALIDATION_CROPS, VALIDATION_SIDE = 900_001, 16, 128
BIG = 4_000_000  # pixels above which decoding a whole photograph for each crop deserves a word


class PairedStream:
    """Batches (degraded, clean), each (batch, 3, patch, patch) float32 in [0, 1], for ever.

    `data` is an opened data set or a folder with `input` and `target`. `batch` counts the samples of all ranks. Both
    images of a pair are cut at one random place and, with `augment`, turned by one of the eight flips and transposes.
    An image smaller than `patch` is first reflected at the right and the bottom, as MPRNet's loader of Rain13K does.
    At most `memory` bytes of decoded pictures are kept, the latest used; `threads` decode at once (0: one a core, 8 at
    most).
    Raises BadData for a folder that does not fit, and when a batch is made BadImage naming a file that cannot be read.
    """

    def __init__(
        self,
        data: PairsOnDisk | Path | str,
        batch: int,
        patch: int,
        seed: int = 0,
        augment: bool = True,
        memory: int = MEMORY,
        threads: int = 0,
    ) -> None:
        self.data = data if isinstance(data, PairsOnDisk) else open_folder(Path(data))
        self.batch_size, self.patch, self.seed, self.augment = batch, patch, seed, augment
        self.threads = threads or min(8, os.cpu_count() or 1)
        self.workers = min(4, os.cpu_count() or 1)
        self._decoded = Decoded(memory)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
        """Batch `step` (0, 1, ...), or the share of it that belongs to `rank` of `world`."""
        import torch

        share = range(rank * self.batch_size // world, (rank + 1) * self.batch_size // world)
        numbers = [step * self.batch_size + position for position in share]
        with ThreadPoolExecutor(max(1, min(self.threads, len(numbers)))) as pool:
            samples = list(pool.map(self.sample, numbers))
        degraded, clean = (
            torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).float().div_(255).contiguous()
            for side in zip(*samples, strict=True)
        )
        return degraded, clean

    def sample(self, number: int) -> tuple[Bytes, Bytes]:
        """Degraded and clean patch of sample `number`, (patch, patch, 3) uint8 each; repeatable."""
        epoch, place = divmod(number, len(self.data))
        degraded, clean = self._pictures(self.data.entries[epoch_order(self.seed, epoch, len(self.data))[place]])
        rng = np.random.Generator(np.random.PCG64([self.seed, 1_000_003, number]))
        top, left = (int(rng.integers(max(side - self.patch, 0) + 1)) for side in clean.shape[:2])
        turn = int(rng.integers(8)) if self.augment else 0
        return cut(degraded, top, left, self.patch, turn), cut(clean, top, left, self.patch, turn)

    def _pictures(self, entry: Entry) -> tuple[Bytes, Bytes]:
        if entry.problem is not None or entry.clean is None:
            raise entry.problem or BadData(f"a clean partner of {entry.name}", "none", "Add it.")
        for source in (entry.degraded, entry.clean):
            check_format(source.path, self.data.formats)
        degraded, clean = self._decoded.part(entry.degraded), self._decoded.part(entry.clean)
        if degraded.shape != clean.shape:
            raise unequal(entry, degraded.shape[1::-1], clean.shape[1::-1])
        return degraded, clean


class Decoded:
    """Pictures by their files, decoded when first asked for; the latest used are kept, `limit` bytes at most."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self._kept: OrderedDict[Path, Bytes] = OrderedDict()
        self._lock = threading.Lock()

    def part(self, source: Source) -> Bytes:
        """A whole picture or one of its halves, (H, W, 3) uint8. Raises BadImage, or BadData for other sources."""
        if isinstance(source, Whole):
            return self._file(source.path)
        if isinstance(source, Half):
            width = source.size()[0]
            both = self._file(source.path)
            return both[:, :width] if source.part == "left" else both[:, width:]
        raise BadData("pairs of image files to train on", f"'{source.path}' ({source.part})", "Use a training set.")

    def _file(self, path: Path) -> Bytes:
        with self._lock:
            if path in self._kept:
                self._kept.move_to_end(path)
                return self._kept[path]
        picture = read_uint8(path)
        with self._lock:
            if path not in self._kept and picture.nbytes <= self.limit:
                self._kept[path] = picture
                self.size += picture.nbytes
            while self.size > self.limit:
                self.size -= self._kept.popitem(last=False)[1].nbytes
        return picture


def cut(picture: Bytes, top: int, left: int, patch: int, turn: int) -> Bytes:
    """The square of `patch` pixels of (H, W, 3) at a place, reflected where the picture ends, in position `turn` of 8."""
    square = picture[top : top + patch, left : left + patch]
    down, right = patch - square.shape[0], patch - square.shape[1]
    if down or right:
        square = np.pad(square, ((0, down), (0, right), (0, 0)), mode="reflect")
    square = square[::-1] if turn & 1 else square
    square = square[:, ::-1] if turn & 2 else square
    return np.ascontiguousarray(square.swapaxes(0, 1) if turn & 4 else square)


@lru_cache(maxsize=8)
def epoch_order(seed: int, epoch: int, count: int) -> tuple[int, ...]:
    """The order in which an epoch goes through `count` pairs."""
    order = np.random.Generator(np.random.PCG64([seed, 1_000_033, epoch])).permutation(count)
    return tuple(order.tolist())


def official_stream(
    task: Task, recipe: Recipe, data: Path | None = None, dataset: str = ""
) -> tuple[PairedStream, list[tuple[Tensor, Tensor]], dict[str, Any]]:
    """The training stream, the validation pairs of the curve and the facts about the data for the card.

    `data` is the folder that holds the official sets (ROOT/ID; None: the usual place), or a folder with `input` and
    `target` of one's own, such as `data prepare` writes. `dataset` names another official training set of the task
    (ddn-train, did-train). The validation pairs are other crops of the training pairs, never test pairs: the curve
    shows the course of a run and picks nothing.
    Raises BadData where the set is absent or not whole, with its owner's page and its place; UnknownName.
    """
    pairs = open_training_set(task, data, dataset)
    stream = PairedStream(pairs, recipe.batch, recipe.patch, recipe.seed)
    side = min(recipe.patch, VALIDATION_SIDE)
    apart = PairedStream(pairs, VALIDATION_CROPS, side, VALIDATION_SEED, augment=False, memory=0)
    digest = hashlib.sha256()
    for tensor in stream.batch(0):
        digest.update(tensor.numpy().tobytes())
    facts: dict[str, Any] = {
        "stream": f"random crops of the pairs of {pairs.title}",
        "dataset": pairs.id if pairs.official else f"the folder {pairs.id}",
        "pairs": len(pairs),
        "sha256": pairs.fingerprint(),
        "first_batch": digest.hexdigest()[:16],
        "validation": f"{VALIDATION_CROPS} other crops of the training pairs, {side} x {side}",
    }
    return stream, [apart.batch(0)], facts


def open_training_set(task: Task, data: Path | None = None, dataset: str = "") -> PairsOnDisk:
    """The pairs that `official_stream` draws from. Raises BadData, UnknownName."""
    from benchmark.datasets import dataset_ids, describe, place

    if data is not None and not dataset and (data / "input").is_dir() and (data / "target").is_dir():
        return open_folder(data, task=task)
    id = dataset or OFFICIAL[task]
    passport = describe(id)
    known = [other for other in dataset_ids("train") if describe(other).task is task]
    if passport.role != "train" or passport.task is not task:
        raise UnknownName(f"training set for {task}", id, known)
    base = place(passport, data)
    found = open_whole(passport, base)
    width, height = found.entries[0].degraded.size()
    if width * height > BIG:
        warnings.warn(
            f"each crop decodes a photograph of {width} x {height}: 'slkd-bench data prepare {id} --patch"
            f" {passport.patch or 512} --out DIR' cuts them once; then train with --data DIR",
            stacklevel=2,
        )
    return found


def open_whole(passport: Passport, base: Path) -> PairsOnDisk:
    """An official training set under `base`. Raises BadData where it is absent, incomplete or anything does not fit."""
    where = f"Get it from {passport.source} and put it there; 'slkd-bench data where {passport.id}' says how."
    if not base.is_dir():
        raise BadData(f"the training set {passport.title} in '{base}'", "no such folder", where)
    try:
        found = open_official(passport, base, keep_going=True)
    except BadData as error:
        raise BadData(f"the training set {passport.title} {error.expected}", error.found, where) from error
    if found.problems:
        first, others = found.problems[0], len(found.problems) - 1
        more = f"{others} more problems: " if others else ""
        remedy = f"{more}'slkd-bench data verify {passport.id}' tells everything that is wrong. {where}"
        raise BadData(first.expected, first.found, remedy)
    return found
