"""Pairs that lie on disk as image files, as a source of crops: decoded when needed, the latest used kept."""

from __future__ import annotations

import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmark.core.errors import BadData
from benchmark.datasets.layouts import Entry
from benchmark.datasets.pairs import PairsOnDisk, check_format, unequal
from benchmark.datasets.sources import Half, Source, Whole
from benchmark.images.io import read_uint8
from benchmark.training.data.crops import Bytes

MEMORY = 2 << 30  # bytes of decoded pictures that a stream keeps, over all its workers
MOST_WORKERS = 8


class DecodedPairs:
    """The pairs of `data`, decoded; at most `memory` bytes of pictures are kept.

    A set that fits into them is decoded once, at the first pair, by threads, and then needs no workers.
    `pair` raises BadImage or BadData naming a file that cannot be read or does not fit its partner.
    """

    def __init__(self, data: PairsOnDisk, memory: int = MEMORY) -> None:
        self.data = data
        self.small = _decoded_bytes(data, memory) <= memory
        self.workers = 0 if self.small else min(MOST_WORKERS, os.cpu_count() or 1)
        self._memory = memory if self.small else memory // max(1, self.workers)
        self._pictures = Decoded(self._memory)

    def __len__(self) -> int:
        return len(self.data)

    def pair(self, index: int) -> tuple[Bytes, Bytes]:
        """Degraded and clean image of a pair, (3, H, W) uint8 each, views of what is kept."""
        if self.small and not self._pictures.size:
            self._decode_all()
        entry = self.data.entries[index]
        if entry.problem is not None or entry.clean is None:
            raise entry.problem or BadData(f"a clean partner of {entry.name}", "none", "Add it.")
        for source in (entry.degraded, entry.clean):
            check_format(source.path, self.data.formats)
        degraded, clean = self._pictures.part(entry.degraded), self._pictures.part(entry.clean)
        if degraded.shape != clean.shape:
            raise unequal(entry, degraded.shape[1::-1], clean.shape[1::-1])
        return degraded.transpose(2, 0, 1), clean.transpose(2, 0, 1)

    def _decode_all(self) -> None:
        sources = [s for e in self.data.entries for s in (e.degraded, e.clean) if isinstance(s, Whole | Half)]
        paths = sorted({source.path for source in sources})
        with ThreadPoolExecutor(min(MOST_WORKERS, os.cpu_count() or 1)) as pool:
            for path, picture in zip(paths, pool.map(read_uint8, paths), strict=True):
                self._pictures.keep(path, picture)


class Decoded:
    """Pictures by their files, decoded when first asked for; the latest used are kept, `limit` bytes at most."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self._kept: OrderedDict[Path, Bytes] = OrderedDict()

    def part(self, source: Source) -> Bytes:
        """A whole picture or one of its halves, (H, W, 3) uint8. Raises BadImage, or BadData for other sources."""
        if isinstance(source, Whole):
            return self._file(source.path)
        if isinstance(source, Half):
            width = source.size()[0]
            both = self._file(source.path)
            return both[:, :width] if source.part == "left" else both[:, width:]
        raise BadData("pairs of image files to train on", f"'{source.path}' ({source.part})", "Use a training set.")

    def keep(self, path: Path, picture: Bytes) -> None:
        """Remember a decoded picture, and forget the longest unused beyond the limit."""
        if path not in self._kept and picture.nbytes <= self.limit:
            self._kept[path] = picture
            self.size += picture.nbytes
        while self.size > self.limit:
            self.size -= self._kept.popitem(last=False)[1].nbytes

    def _file(self, path: Path) -> Bytes:
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        picture = read_uint8(path)
        self.keep(path, picture)
        return picture


def _decoded_bytes(data: PairsOnDisk, limit: int) -> int:
    """Bytes of all pictures once decoded, by their headers; counting stops beyond `limit`."""
    total = 0
    for entry in data.entries:
        total += _bytes(entry)
        if total > limit:
            break
    return total


def _bytes(entry: Entry) -> int:
    width, height = entry.degraded.size()
    return 2 * 3 * width * height
