"""Pairs of one size in one file, which is mapped into memory: a crop is cut without decoding anything.

A folder holds `pairs.npy`, uint8 (N, 2, 3, H, W) with the degraded image before the clean one, and `manifest.json`,
which tells what the pairs are and the SHA-256 of the file. The last pairs may be kept for validation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from benchmark.core.errors import BadData
from benchmark.core.types import Pair, Scale, Task

Bytes = NDArray[np.uint8]

PAIRS, MANIFEST = "pairs.npy", "manifest.json"
_TASKS_PROTOCOL = {
    Task.DERAINING: "rain13k-y",
    Task.DEBLURRING: "rgb-uint8-volumetric",
    Task.DENOISING: "rgb-float-volumetric",
}


class Manifest(BaseModel):
    """What `manifest.json` says: `made_by` is everything that decides the pairs, `facts` what a reader wants to know.

    `turns` are the flips and transposes, numbered as in `crops.cut`, that leave the family of degradations as it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    format: Literal[1] = 1
    title: str
    task: Annotated[Task, BeforeValidator(Task), PlainSerializer(str)]
    count: int
    validation: int = 0
    height: int
    width: int
    turns: tuple[int, ...] = (0,)
    made_by: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    sha256: str = ""

    @property
    def pair_bytes(self) -> int:
        """Bytes of one pair."""
        return 2 * 3 * self.height * self.width


@dataclass(frozen=True)
class PackedPairs:
    """An opened folder of packed pairs: a data set of the laboratory, and the fastest source of training crops.

    `images` is the memory map (N, 2, 3, H, W) of all pairs, those for validation last.
    """

    base: Path
    manifest: Manifest
    images: Bytes
    scale: Scale = Scale.MINI

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.base.resolve().name

    @property
    def title(self) -> str:
        """What the pairs are."""
        return self.manifest.title

    @property
    def task(self) -> Task:
        """What a network learns from them."""
        return self.manifest.task

    @property
    def protocol(self) -> str:
        """The protocol of the task's mini sets; for other tasks all three channels."""
        return _TASKS_PROTOCOL.get(self.manifest.task, "rgb")

    def __len__(self) -> int:
        return self.manifest.count

    def names(self) -> list[str]:
        """The training pairs' numbers, counted from 1."""
        return [f"{number + 1:05d}" for number in range(len(self))]

    def __getitem__(self, index: int) -> Pair:
        import torch

        if not 0 <= index < len(self):
            raise IndexError(index)
        degraded, clean = (torch.from_numpy(image.copy()).float() / 255 for image in self.images[index])
        return Pair(self.names()[index], degraded, clean, self.names()[index])

    def fingerprint(self) -> str:
        """The SHA-256 of all pairs."""
        return self.manifest.sha256

    def pair(self, index: int) -> tuple[Bytes, Bytes]:
        """Degraded and clean image of a training pair, (3, H, W) uint8 each, not copied."""
        both = self.images[index]
        return both[0], both[1]

    def validation(self, side: int) -> tuple[Bytes, Bytes]:
        """The middle `side` pixels of the validation pairs: degraded and clean, (N, 3, side, side) uint8 each."""
        kept = self.images[self.manifest.count :]
        top, left = (max(0, (length - side) // 2) for length in kept.shape[-2:])
        kept = kept[..., top : top + side, left : left + side]
        return kept[:, 0], kept[:, 1]


def is_packed(folder: Path) -> bool:
    """Whether a folder is one of packed pairs, whole or not."""
    return (folder / MANIFEST).is_file() or (folder / PAIRS).is_file()


def open_packed(folder: Path, check: bool = True) -> PackedPairs:
    """Packed pairs in `folder`; every byte is checked against the manifest, unless `check` is False.

    Raises BadData where the manifest or the pairs are absent, cut off or changed.
    """
    again = "Make them again with 'slkd-bench data prepare', into a new folder."
    manifest = read_manifest(folder, again)
    whole = (manifest.count + manifest.validation, 2, 3, manifest.height, manifest.width)
    try:
        images = np.load(folder / PAIRS, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise BadData(f"pairs in '{folder / PAIRS}'", str(error).split("\n")[0], again) from error
    if images.shape != whole or images.dtype != np.uint8:
        raise BadData(f"{whole} bytes in '{folder / PAIRS}'", f"{images.shape} of {images.dtype}", again)
    if check and (found := hashlib.sha256(images).hexdigest()) != manifest.sha256:
        raise BadData(f"SHA-256 {manifest.sha256[:12]}... of '{folder / PAIRS}'", f"{found[:12]}...", again)
    return PackedPairs(folder, manifest, images.view(np.ndarray))  # the map's own class is slow to cut


def read_manifest(folder: Path, remedy: str) -> Manifest:
    """The manifest of `folder`. Raises BadData with the key that is wrong."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadData(f"a manifest '{path}'", error.strerror or str(error), remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadData(f"a manifest of packed pairs in '{path}'", f"{key}: {first['msg']}", remedy) from error
