"""A folder of restored images (or a .mat file of restored blocks) made elsewhere, matched to a data set by names.

The order of files never matters; blocks go by their index, as their data set's own .mat files do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from benchmark.core.errors import BadData, BadImage, SlkdBenchError
from benchmark.core.files import sha256_of
from benchmark.core.types import Pair, Scale, Task
from benchmark.datasets.pairs import PairsOnDisk
from benchmark.datasets.sources import MAT_BYTES, Block, Source, Whole, block_name, mat_shape, mat_variables
from benchmark.datasets.walk import composed, image_files
from benchmark.images.io import LOSSY

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset

_PATTERNS = ("*", "*/*", "*/*/*")
_SHOWN = 5


@dataclass
class Restored:
    """A data set whose degraded images are replaced by the restored ones of a folder: scoring its input scores them.

    Opening decodes nothing. `problems` are missing and surplus images; reading a pair raises BadImage or BadData naming
    the file.
    """

    folder: Path
    dataset: Dataset
    sources: dict[str, Source]
    problems: list[SlkdBenchError] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the data set."""
        return self.dataset.id

    @property
    def title(self) -> str:
        """The title of the data set."""
        return self.dataset.title

    @property
    def task(self) -> Task | None:
        """The task of the data set."""
        return self.dataset.task

    @property
    def protocol(self) -> str:
        """The protocol of the data set."""
        return self.dataset.protocol

    @property
    def scale(self) -> Scale:
        """The scale of the data set."""
        return self.dataset.scale

    @property
    def files(self) -> dict[str, Path]:
        """The file of each pair that has a restored image."""
        return {name: source.path for name, source in self.sources.items()}

    def __len__(self) -> int:
        return len(self.dataset)

    def names(self) -> list[str]:
        """The pairs' names in their order."""
        return self.dataset.names()

    def __getitem__(self, index: int) -> Pair:

        name = self.names()[index]
        if name not in self.sources:
            raise BadData(f"a restored image of '{name}' in '{self.folder}'", "none", "Add it.")
        source = self.sources[name]
        restored, pair = source.read(), self.dataset[index]
        if restored.shape != pair.clean.shape:
            (h, w), (height, width) = restored.shape[1:], pair.clean.shape[1:]
            expected = f"{width}x{height} pixels in '{source.path}', as its clean image has"
            raise BadImage(expected, f"{w}x{h}", "Crop the padding away, or restore at full size.")
        return Pair(name, restored, pair.clean, pair.scene)

    def fingerprint(self) -> str:
        """SHA-256 of the restored images' names and bytes."""
        digest = hashlib.sha256()
        hashes = {path: bytes.fromhex(sha256_of(path)) for path in set(self.files.values())}
        for name in sorted(self.sources):
            source = self.sources[name]
            digest.update(f"{name}{source.part}".encode("utf-8", "surrogateescape") + b"\0" + hashes[source.path])
        return digest.hexdigest()

    @property
    def lossy(self) -> list[str]:
        """The files whose format changes the scores (JPEG, WebP)."""
        return [path.name for path in self.files.values() if path.suffix.lower() in LOSSY]


def open_restored(folder: Path, dataset: Dataset, limit: int | None = None) -> Restored:
    """The images of `folder` by the names of the pairs of `dataset`; with `limit`, of the first ones only.

    A file belongs to the pair of its stem, of its folders and stem joined by dashes (SCENE/000001.png), or to the pair
    whose degraded file has its stem. Raises BadData when there is no such folder, nothing in it belongs to the data
    set, or two files are the same pair's.
    """

    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise BadData(f"a folder of restored images at '{folder}'", found, "Check the path.")
    problems: list[SlkdBenchError] = []
    found_files = image_files(folder, _PATTERNS, problems)
    names, aliases = dataset.names(), _aliases(dataset)
    known, surplus = set(names), []
    files: dict[str, Source] = {}
    for inside in found_files:
        name = next((n for n in _candidates(composed(inside), aliases) if n in known), None)
        if name is None:
            surplus.append(str(inside))
        elif name in files:
            both = f"'{files[name].path.relative_to(folder)}' and '{inside}'"
            raise BadData(f"one restored image of '{name}' in '{folder}'", both, "Remove one of them.")
        else:
            files[name] = Whole(folder / inside)
    if not found_files:
        files = {name: block for name, block in _blocks(folder).items() if name in known}
    if not files:
        shown = f"{len(found_files)} images, such as {found_files[0]}" if found_files else "no image"
        remedy = f"Name each restored image like its pair, such as {names[0]}.png."
        raise BadData(f"restored images of {dataset.id} in '{folder}'", shown, remedy)
    missing = [name for name in names[:limit] if name not in files]
    if missing:
        expected = f"a restored image of every pair of {dataset.id} in '{folder}'"
        remedy = "Add them, or score the rest with --keep-going."
        problems.append(BadData(expected, f"{len(missing)} missing: {_some(missing)}", remedy))
    if surplus:
        remedy = "Move them away, choose another --dataset, or score the rest with --keep-going."
        found = f"{len(surplus)} that belong to no pair: {_some(surplus)}"
        problems.append(BadData(f"only restored images of {dataset.id} in '{folder}'", found, remedy))
    return Restored(folder, dataset, files, problems, surplus)


def _blocks(folder: Path) -> dict[str, Source]:
    """The blocks of the one .mat file in `folder`, by the names that SIDD's own blocks have (0001_01 and on).

    Restored blocks are what the authors of MPRNet and Restormer save: one array (scenes, blocks, H, W, 3). Raises BadData
    for several files or arrays.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".mat")
    if not found:
        return {}
    if len(found) > 1:
        raise BadData(f"one .mat file in '{folder}'", ", ".join(path.name for path in found), "Move the others away.")
    path = found[0]
    arrays = {name: kind for name, (shape, kind) in mat_variables(path).items() if len(shape) == 5}
    if len(arrays) != 1:
        told = ", ".join(sorted(arrays)) or "none"
        raise BadData(f"one array (scenes, blocks, H, W, 3) in '{path}'", told, "Save the restored blocks alone.")
    variable = next(iter(arrays))
    scenes, blocks = mat_shape(path, variable, tuple(MAT_BYTES))[:2]
    return {
        block_name(scene, block): Block(path, variable, scene, block)
        for scene in range(scenes)
        for block in range(blocks)
    }


def _candidates(inside: PurePosixPath, aliases: dict[str, str]) -> list[str]:
    parts = inside.with_suffix("").parts
    return [parts[-1], *("-".join(parts[i:]) for i in range(len(parts) - 1)), aliases.get(parts[-1], "")]


def _aliases(dataset: Dataset) -> dict[str, str]:
    """Stems of the degraded files that are one pair's only, with the pair's name."""

    if not isinstance(dataset, PairsOnDisk):
        return {}
    by_stem: dict[str, set[str]] = {}
    for entry in dataset.entries:
        by_stem.setdefault(composed(PurePosixPath(entry.degraded.path.name)).stem, set()).add(entry.name)
    return {stem: names.pop() for stem, names in by_stem.items() if len(names) == 1}


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
