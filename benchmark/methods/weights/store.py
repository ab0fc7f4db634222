"""Which file holds the weights of a method: those for the data set at hand first, then those for its task.

The user's own come before those that travel with the package. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from benchmark.core import paths
from benchmark.core.errors import BadWeights
from benchmark.core.files import sha256_of
from benchmark.core.types import Scale, Task
from benchmark.methods.weights.card import Card, read_card
from benchmark.protocols import without_protocol

_ENDING, _FOR, _SEED = ".safetensors", ".for-", ".seed"


@dataclass(frozen=True)
class WeightsFile:
    """A safetensors file on disk; its card is the JSON file of the same name. `dataset` is the one it is for, or none."""

    path: Path
    dataset: str = ""

    @property
    def sha256(self) -> str:
        """The hash of the file's bytes."""
        stat = self.path.stat()
        return _sha256(self.path, stat.st_size, stat.st_mtime_ns)

    @property
    def card(self) -> Card:
        """What the card says. Raises BadWeights when it is missing or not of its form."""
        return read_card(self.path)


class Name(NamedTuple):
    """What a weight file's name says: the method, the data set it is for (empty: all of its task) and the seed."""

    method: str
    dataset: str
    seed: int


@lru_cache(maxsize=4096)
def _sha256(path: Path, size: int, modified: int) -> str:
    return sha256_of(path)


def relative_path(method: str, task: Task | str, scale: Scale | str, seed: int = 0, dataset: str = "") -> Path:
    """`scale/task/method[.for-DATASET][.seedN].safetensors`; a data set's name is quoted as in an address."""
    kept = f"{_FOR}{quote(dataset, safe='@', errors='surrogateescape')}" if dataset else ""
    return Path(str(scale), str(task), f"{method}{kept}{f'{_SEED}{seed}' if seed else ''}{_ENDING}")


def parsed(name: str) -> Name | None:
    """What a file's name says, or None where it is not the name of a weight file."""
    if not name.endswith(_ENDING):
        return None
    rest, seed = name.removesuffix(_ENDING), 0
    head, found, digits = rest.rpartition(_SEED)
    if found and head:
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            return None
        rest, seed = head, int(digits)
    method, found, dataset = rest.partition(_FOR)
    if not method or (found and not dataset):
        return None
    return Name(method, unquote(dataset, errors="surrogateescape"), seed)


def fitting(dataset: str) -> tuple[str, ...]:
    """What weights may be for to fit `dataset`, the nearest first: it, a folder of that name, the whole task."""
    return tuple(dict.fromkeys((dataset, without_protocol(dataset), "")))


def find(method: str, task: Task | str, scale: Scale | str, seed: int = 0, dataset: str = "") -> WeightsFile | None:
    """The weights of `method` that fit `dataset`: those made for it, then those for its whole task; None for none."""
    for wanted in fitting(dataset):
        for root in (paths.user_weights(), paths.packaged_weights()):
            path = root / relative_path(method, task, scale, seed, wanted)
            if path.is_file():
                return WeightsFile(path, wanted)
    return None


def seeds(method: str, task: Task | str, scale: Scale | str, dataset: str = "") -> list[int]:
    """The seeds for which weights of `method` exist that fit `dataset`."""
    return sorted({name.seed for name in _names(method, task, scale) if name.dataset in fitting(dataset)})


def datasets(method: str, task: Task | str, scale: Scale | str) -> list[str]:
    """The data sets that `method` has weights of their own for."""
    return sorted({name.dataset for name in _names(method, task, scale)} - {""})


def any_for(method: str, task: Task | str, scale: Scale | str) -> bool:
    """Whether there are weights of `method`, for the whole task or for one data set."""
    return next(_names(method, task, scale), None) is not None


def _names(method: str, task: Task | str, scale: Scale | str) -> Iterator[Name]:
    for root in (paths.user_weights(), paths.packaged_weights()):
        folder = root / str(scale) / str(task)
        if folder.is_dir():
            for path in folder.iterdir():
                name = parsed(path.name)
                if name is not None and name.method == method:
                    yield name


def require(method: str, task: Task | str, scale: Scale | str, seed: int = 0, dataset: str = "") -> WeightsFile:
    """The weights of `method` that fit `dataset`. Raises BadWeights with the command that makes them for none."""
    found = find(method, task, scale, seed, dataset)
    if found is None:
        others = datasets(method, task, scale)
        have = f"only those for {', '.join(others)}" if others else "none"
        if others and not dataset:
            have += ", and no data set is named here"
        remedy = f"Run `slkd-bench train {method} --task {task} --scale {scale}`"
        if str(scale) == "paper":
            which = f" --for {without_protocol(dataset)}" if others and dataset else ""
            authors = f"`slkd-bench weights import {method} FILE --task {task}{which}` with the authors' file"
            remedy = f"Run {authors}, or `slkd-bench train {method} --task {task} --scale {scale}`"
        if others and not dataset:
            remedy += " without --for, which makes weights for the whole task"
        fit = f" on {dataset}" if dataset and others else ""
        raise BadWeights(f"weights of {method} for {task}{fit} at scale {scale}", have, f"{remedy}.")
    return found


def told(method: str, dataset: str, file: WeightsFile) -> str:
    """One sentence on which weights a run takes, for those that were made for one data set or imported; else nothing."""
    card: Card = {}
    try:
        card = file.card
    except BadWeights:
        return f"{method} on {dataset}: {file.path.name}, which has no card"
    origin = ", ".join(part["file"] for part in card.get("imported_from") or ())
    if not origin and not file.dataset:
        return ""
    form = f", architecture {card['architecture']}" if card.get("architecture") else ""
    what = f"the weights for {file.dataset}" if file.dataset else f"weights for {card.get('task') or 'its task'}"
    return f"{method} on {dataset}: {what}{f' from {origin}' if origin else ''}{form}"
