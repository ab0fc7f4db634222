"""The clean pictures that training pairs are made of: photographs of a folder, and synthetic dead leaves."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmark.core.errors import BadData
from benchmark.datasets.mini.leaves import dead_leaves
from benchmark.datasets.mini.light import Bytes
from benchmark.datasets.mini.photographs import Photograph, folder, scenes, shown_in_tests

LEAVES = 64  # dead-leaves pictures that samples are drawn from; a quarter of them beside photographs
HELD_OUT = 12  # of so many photographs one is kept for validation

Part = Literal["all", "training", "validation"]
PARTS: tuple[Part, Part] = ("training", "validation")


@dataclass(frozen=True)
class PictureChoice:
    """Which clean pictures to draw from; without `photos` dead leaves alone.

    `leaves` is the share of samples that still comes from dead leaves beside photographs. `part` "training" leaves one
    of 12 photographs out, "validation" takes just those; with fewer than 12 photographs both take all of them.
    """

    photos: Path | None = None
    leaves: float = 0.2
    part: Part = "all"


DEAD_LEAVES = PictureChoice()


class DeadLeaves:
    """Dead-leaves pictures, made when first drawn from; the same for a seed."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed, self._count = seed, count
        self._made: dict[int, Bytes] = {}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Bytes:
        if index not in self._made:
            self._made[index] = dead_leaves(np.random.Generator(np.random.PCG64([self._seed, 77, index])))
        return self._made[index]


@dataclass(frozen=True)
class Place:
    """Where a decoded photograph lies among the pixels of all: its first byte, and its shape."""

    start: int
    height: int
    width: int


class Photographs:
    """The clean photographs of a folder, decoded once into a memory map that all runs of a machine share.

    A photograph that shows an embedded test scene, or is smaller than `smallest` pixels, is left out with a warning;
    BadImage names a file that is cut off or no image, BadData the folder when nothing is left.
    """

    def __init__(self, path: Path, smallest: int, part: Part = "all") -> None:
        self.path, self.part = Path(path), part
        everything = folder(self.path)
        self._pixels, shapes = _decoded(everything)
        self.left_out: dict[str, str] = {}
        usable: list[tuple[Photograph, Place]] = []
        start = 0
        for photograph, (height, width, scene) in zip(everything, shapes, strict=True):
            if scene:
                self.left_out[photograph.path.name] = f"shows the test photograph {scene}"
            elif min(height, width) < smallest:
                self.left_out[photograph.path.name] = f"is {width} x {height}, smaller than a crop of {smallest}"
            else:
                usable.append((photograph, Place(start, height, width)))
            start += height * width * 3
        for name, why in self.left_out.items():
            warnings.warn(f"left out of training: {name} {why}", stacklevel=3)
        if not usable:
            told = "; ".join(f"{name} {why}" for name, why in self.left_out.items())
            raise BadData(f"training photographs in {self.path}", told, "Add other photographs.")
        chosen = _part(usable, part)
        self.photographs, self._places = [photograph for photograph, _ in chosen], [place for _, place in chosen]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Bytes:
        place = self._places[index]
        size = 3 * place.height * place.width
        return self._pixels[place.start : place.start + size].reshape(place.height, place.width, 3)

    def facts(self) -> dict[str, Any]:
        """How many there are, the SHA-256 over theirs, and the packages that a manifest beside them names."""
        whole = hashlib.sha256("".join(sorted(p.digest() for p in self.photographs)).encode()).hexdigest()
        told: dict[str, Any] = {"count": len(self), "left_out": len(self.left_out), "sha256": whole}
        return told | ({"packages": packages} if (packages := _packages(self.path)) else {})


@dataclass(frozen=True)
class CleanPictures:
    """Dead leaves and, where chosen, photographs, opened when first drawn from; `smallest` is the side of a crop."""

    choice: PictureChoice
    smallest: int
    seed: int

    @cached_property
    def leaves(self) -> DeadLeaves:
        """The synthetic pictures."""
        return DeadLeaves(self.seed, LEAVES if self.choice.photos is None else LEAVES // 4)

    @cached_property
    def photographs(self) -> Photographs | None:
        """The photographs, or None where only dead leaves were chosen."""
        if self.choice.photos is None:
            return None
        return Photographs(self.choice.photos, self.smallest, self.choice.part)

    def draw(self, rng: np.random.Generator, count: int) -> Iterator[Bytes]:
        """`count` pictures of one kind, (H, W, 3) uint8 with both sides at least `smallest`; `rng` may be used between."""
        photographs = self.photographs
        source = self.leaves if photographs is None or rng.random() < self.choice.leaves else photographs
        for _ in range(count):
            yield source[int(rng.integers(len(source)))]


def _part(usable: list[tuple[Photograph, Place]], part: Part) -> list[tuple[Photograph, Place]]:
    """The photographs of a part: which are held out hangs on their bytes, not on their names or their folder."""
    if part == "all" or len(usable) < HELD_OUT:
        return usable
    order = sorted(range(len(usable)), key=lambda index: usable[index][0].digest())
    held_out = set(order[::HELD_OUT][: len(usable) // HELD_OUT])
    return [item for index, item in enumerate(usable) if (index in held_out) is (part == "validation")]


def _packages(path: Path) -> dict[str, str]:
    """Versions by package, of a manifest.json such as tools/training_photographs.py writes; empty where there is none."""
    try:
        rows = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        return {str(row["package"]): str(row["version"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _decoded(photographs: tuple[Photograph, ...]) -> tuple[Bytes, list[tuple[int, int, str]]]:
    """All pixels one after the other, and (height, width, test scene shown or "") of each photograph.

    Kept in the user's cache folder under a name made of the files' sha256; in memory when that cannot be written.
    """
    from platformdirs import user_cache_path

    key = hashlib.sha256("".join(photograph.digest() for photograph in photographs).encode()).hexdigest()[:24]
    pixels_file = user_cache_path("slkd-bench") / "photographs" / f"{key}-{len(scenes())}.npy"
    shapes_file = pixels_file.with_suffix(".json")
    try:
        shapes = [(int(h), int(w), str(scene)) for h, w, scene in json.loads(shapes_file.read_text(encoding="utf-8"))]
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
        half_written.write_text(json.dumps(shapes), encoding="utf-8")
        half_written.replace(shapes_file)
    except OSError as error:
        warnings.warn(f"the decoded photographs are kept in memory only: {error}", stacklevel=2)
    return pixels, shapes
