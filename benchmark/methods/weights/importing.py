"""The authors' published checkpoints, unwrapped, converted and checked tensor by tensor, kept as safetensors with a card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core import paths
from benchmark.core.errors import BadWeights
from benchmark.core.files import sha256_of
from benchmark.core.types import Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.checkpoints.unwrap import read_checkpoint
from benchmark.methods.method import Method
from benchmark.methods.networks import network
from benchmark.methods.weights.card import card_path, read_card
from benchmark.methods.weights.files import encode_weights, write_weights
from benchmark.methods.weights.loading import build_network, differences
from benchmark.methods.weights.store import relative_path

if TYPE_CHECKING:
    from torch import Tensor

_LEVEL = re.compile(r"(encoder|decoder)_lv\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Keep:
    """How imported weights are kept: for one data set (empty: for the whole task), and whether in place of others.

    `address` is where they were fetched from, for the card.
    """

    dataset: str = ""
    replace: bool = False
    address: str = ""


@dataclass(frozen=True)
class _Whole:
    """The parts of a checkpoint put together: tensors by the authors' names, and what was around them."""

    theirs: dict[str, Tensor]
    wrappers: list[str]
    left: list[str]


def import_weights(
    method: Method, files: Sequence[Path], task: Task, out: Path | None = None, keep: Keep | None = None
) -> Path:
    """Converts the authors' `files` of `method` for `task` at scale paper; gives the path of the safetensors file.

    One file, or one a level for DMPHN. Another published architecture of the network is kept as what it is. Raises
    BadWeights for a file that is missing, cut off, a web page, or a pickle that would run code, for another network or
    another task's variant of this one, which is named, and where other weights stand in the place.

    Args:
        method: whose network the files are of.
        files: the checkpoint; every part of it.
        task: what it was trained for.
        out: the folder of weights; the user's own for None.
        keep: the data set it is for, and whether it may replace others.
    """
    keep = keep or Keep()
    whole = _read(files)
    ours, architecture = _converted(method, whole.theirs, task, files)
    path = (out or paths.user_weights()) / relative_path(method.id, task, Scale.PAPER, 0, keep.dataset)
    card = {
        "method": method.id,
        "title": method.title,
        "task": str(task),
        "scale": "paper",
        "source": method.source,
        "imported_from": [{"file": _shown(file.name), "sha256": sha256_of(file)} for file in files],
        "wrapper": whole.wrappers,
        "variant": f"{method.network} for {task}",
        "parameters": sum(tensor.numel() for tensor in ours.values()),
    }
    if keep.dataset:
        card["dataset"] = keep.dataset
    if architecture:
        card["architecture"] = architecture
    if whole.left:
        card["left_out"] = [_shown(name) for name in whole.left[:20]]
    if keep.address:
        card["address"] = keep.address
    _check_place(path, ours, method, keep)
    write_weights(path, ours, card)
    return path


def _check_place(path: Path, ours: Mapping[str, Tensor], method: Method, keep: Keep) -> None:
    """Refuse to replace other weights without a word."""
    if keep.replace or not path.exists():
        return
    if path.read_bytes() == encode_weights(ours):
        return
    origin = ""
    if card_path(path).is_file():
        parts = read_card(path).get("imported_from") or ()
        origin = ", imported from " + ", ".join(part["file"] for part in parts) if parts else ", trained here"
    kept = f" for {keep.dataset}" if keep.dataset else ""
    other = "another --for DATASET" if keep.dataset else "--for DATASET"
    remedy = f"Give {other} to keep both, each for the data it was trained on, or --replace to lose the old ones."
    raise BadWeights(f"no weights of {method.title}{kept} there yet", f"other ones at {path}{origin}", remedy)


def _read(files: Sequence[Path]) -> _Whole:
    whole = _Whole({}, [], [])
    for file in files:
        level = _LEVEL.search(file.stem)
        prefix = f"{level.group(0).lower()}." if level else ""
        part = read_checkpoint(file)
        clash = [key for key in part.state if prefix + key in whole.theirs]
        if clash:
            raise BadWeights(
                "files that make up one network",
                f"{file} has {clash[0]} once more",
                "Give each part of the checkpoint once.",
            )
        whole.theirs.update({prefix + key: value for key, value in part.state.items()})
        whole.wrappers.extend(part.wrappers)
        whole.left.extend(part.left)
    return whole


def _converted(
    method: Method, theirs: Mapping[str, Tensor], task: Task, files: Sequence[Path]
) -> tuple[dict[str, Tensor], str]:
    """The tensors by our names, and the published architecture that they are of (empty: the usual one)."""
    named = ", ".join(_shown(file.name) for file in files)
    try:
        ours = {key: value.clone() for key, value in network(method.network).module().from_authors(theirs).items()}
    except (ValueError, KeyError, IndexError, AttributeError, RuntimeError, TypeError) as problem:
        other = _of_another(method, theirs)
        raise BadWeights(
            f"the authors' checkpoint of {method.title}",
            f"{named}: {problem}",
            other or "Check that the file is of this method and this variant of it.",
        ) from problem
    first = ""
    for architecture in ("", *network(method.network).architectures):
        expected = _shapes(method, task, architecture)
        problem_now = differences(expected, ours)
        if not problem_now:
            return ours, architecture
        first = first or problem_now
    count = len(_shapes(method, task, ""))
    remedy = _of_another_task(method, ours, task) or _of_another(method, theirs)
    remedy = remedy or f"The file is not of {method.title} as configured for {task}."
    raise BadWeights(f"the {count} tensors of {method.title} for {task}", f"{named}: {first}", remedy)


def _of_another_task(method: Method, ours: Mapping[str, Tensor], task: Task) -> str:
    for other in method.tasks:
        for architecture in ("", *network(method.network).architectures):
            if other != task and not differences(_shapes(method, other, architecture), ours):
                return f"It is the {other} variant: give --task {other}."
    return ""


def _of_another(method: Method, theirs: Mapping[str, Tensor]) -> str:
    """Which other network's checkpoint it is, in a sentence; nothing where it is nobody's."""
    for other in methods():
        if not other.network or other.network == method.network or other.distiller or other.kind == "outside":
            continue
        for task, architecture in _forms(other):
            try:
                ours = network(other.network).module().from_authors(theirs)
            except Exception:  # each converter has its own ways to say that a file is not its own
                break
            if not differences(_shapes(other, task, architecture), ours):
                return f"It is of {other.title}, for {task}: slkd-bench weights import {other.id} FILE --task {task}."
    return ""


def _forms(method: Method) -> Iterator[tuple[Task, str]]:
    for task in method.tasks:
        for architecture in ("", *network(method.network).architectures):
            yield task, architecture


def _shapes(method: Method, task: Task, architecture: str) -> dict[str, Tensor]:
    """The tensors that a network needs, without values."""
    import torch

    with torch.device("meta"):
        state: dict[str, Tensor] = build_network(method, task, Scale.PAPER, architecture).state_dict()
    return state


def _shown(name: str) -> str:
    """A name as text that every file can hold: bytes that are no letters become question marks."""
    return name.encode("utf-8", "replace").decode()
