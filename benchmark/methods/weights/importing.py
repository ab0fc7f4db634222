"""The authors' published checkpoints, unwrapped, converted and checked tensor by tensor, kept as safetensors with a card."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core import paths
from benchmark.core.errors import BadWeights
from benchmark.core.files import sha256_of
from benchmark.core.types import Scale, Task
from benchmark.methods.method import Method
from benchmark.methods.networks import network
from benchmark.methods.weights.files import load_weights, write_weights
from benchmark.methods.weights.loading import build_network
from benchmark.methods.weights.store import relative_path

if TYPE_CHECKING:
    from torch import Tensor

_WRAPPERS = ("params_ema", "params", "state_dict", "model_state_dict", "model")
_LEVEL = re.compile(r"(encoder|decoder)_lv\d+", re.IGNORECASE)
_REMEDY = "Fetch the file again from the authors' release, as a file and not as the page that links to it."


def import_weights(method: Method, files: Sequence[Path], task: Task, out: Path | None = None) -> Path:
    """Converts the authors' `files` of `method` for `task` at scale paper; gives the path of the safetensors file.

    One file, or one a level for DMPHN. Raises BadWeights for a file that is missing, cut off, a web page, or a pickle
    that would run code, for another network, and for another variant of this one, which is named when it is known.
    """

    network = build_network(method, task, Scale.PAPER)
    expected = network.state_dict()
    wrappers: list[str] = []
    theirs = _read(files, wrappers)
    ours = _convert(method, theirs, files)
    problem = _differences(expected, ours)
    if problem:
        variant = _matching_task(method, ours, task)
        remedy = (
            f"It is the {variant} variant: give --task {variant}."
            if variant
            else f"The file is not of {method.title} as configured for {task}."
        )
        raise BadWeights(f"the {len(expected)} tensors of {method.title} for {task}", problem, remedy)
    path = (out or paths.user_weights()) / relative_path(method.id, task, Scale.PAPER)
    write_weights(
        path,
        ours,
        {
            "method": method.id,
            "title": method.title,
            "task": str(task),
            "scale": "paper",
            "source": method.source,
            "imported_from": [{"file": file.name, "sha256": sha256_of(file)} for file in files],
            "wrapper": wrappers,
            "variant": f"{method.network} for {task}",
            "parameters": sum(p.numel() for p in network.parameters()),
        },
    )
    return path


def read_checkpoint(file: Path) -> dict[str, Tensor]:
    """The tensors of any checkpoint by name, unwrapped, floating ones as float32. Raises BadWeights."""
    return _read([file], [])


def _read(files: Sequence[Path], wrappers: list[str]) -> dict[str, Tensor]:
    merged: dict[str, Tensor] = {}
    for file in files:
        level = _LEVEL.search(file.stem)
        prefix = f"{level.group(0).lower()}." if level else ""
        state = _unwrap(_open(file), file, wrappers)
        clash = [key for key in state if prefix + key in merged]
        if clash:
            raise BadWeights(
                "files that make up one network",
                f"{file} has {clash[0]} once more",
                "Give each part of the checkpoint once.",
            )
        merged |= {prefix + key: value for key, value in state.items()}
    return merged


def _open(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise BadWeights("the authors' checkpoint", f"no file {file}", "Check the path.")
    start = file.read_bytes()[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")) or b"<html" in start:
        raise BadWeights("a checkpoint", f"{file} is a web page", _REMEDY)
    if not start:
        raise BadWeights("a checkpoint", f"{file} is empty", _REMEDY)
    state = load_weights(file, check=False)
    if not isinstance(state, Mapping):
        raise BadWeights("a dictionary of tensors", f"{file} holds a {type(state).__name__}", _REMEDY)
    return state


def _unwrap(state: Mapping[str, Any], file: Path, wrappers: list[str]) -> dict[str, Tensor]:
    from torch import Tensor

    while True:
        inner = next((name for name in _WRAPPERS if isinstance(state.get(name), Mapping)), None)
        if inner is None:
            break
        wrappers.append(inner)
        state = state[inner]
    if state and all(key.startswith("module.") for key in state):
        wrappers.append("module.")
        state = {key.removeprefix("module."): value for key, value in state.items()}
    strange = [key for key, value in state.items() if not isinstance(value, Tensor)]
    if strange or not state:
        raise BadWeights(
            "tensors by name",
            f"{file}: {strange[0]!r} is no tensor" if strange else f"{file} holds none",
            "Give the file of the network's weights, not of the optimiser or a whole pickled model.",
        )
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def _convert(method: Method, theirs: Mapping[str, Tensor], files: Sequence[Path]) -> dict[str, Tensor]:

    module = network(method.network).module()
    try:
        return {key: value.clone() for key, value in module.from_authors(theirs).items()}
    except ValueError as problem:
        raise BadWeights(
            f"the authors' checkpoint of {method.title}",
            f"{', '.join(f.name for f in files)}: {problem}",
            "Check that the file is of this method and this variant of it.",
        ) from problem


def _differences(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    shapes = sorted(k for k in expected.keys() & found.keys() if expected[k].shape != found[k].shape)
    parts = [
        f"{len(keys)} {what}, first {keys[0]}" for what, keys in (("missing", missing), ("left over", extra)) if keys
    ]
    if shapes:
        first = shapes[0]
        parts.append(
            f"{len(shapes)} of another shape, first {first}: {tuple(found[first].shape)} "
            f"where {tuple(expected[first].shape)} belongs"
        )
    return "; ".join(parts)


def _matching_task(method: Method, found: Mapping[str, Tensor], task: Task) -> Task | None:
    import torch

    for other in method.tasks:
        if other != task:
            with torch.device("meta"):
                expected = build_network(method, other, Scale.PAPER).state_dict()
            if not _differences(expected, found):
                return other
    return None
