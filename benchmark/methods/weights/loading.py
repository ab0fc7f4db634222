"""From a method's name to a network that restores images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.core.errors import BadWeights, SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.methods import outside
from benchmark.methods.method import Method
from benchmark.methods.networks import build
from benchmark.methods.weights import coding, store

if TYPE_CHECKING:
    from torch import nn


def load_network(method: Method, task: Task | None, scale: Scale, seed: int = 0, device: str = "cpu") -> nn.Module:
    """The network of `method` with its trained weights, in eval mode on `device`.

    The degraded-input row is the identity. Raises BadWeights when weights are missing, broken or of another network,
    and BadMethod when a method from outside cannot be built.
    """
    import torch

    if method.loader:
        return outside.load(method, task, device)
    if not method.network:
        return torch.nn.Identity()
    if task is None:
        raise SlkdBenchError(f"the task {method.title} was trained for", "none", "Give --task.")
    found = store.require(method.id, task, scale, seed)
    network = build_network(method, task, scale)
    load_weights(network, found, method.id)
    return network.eval().to(device)


def build_network(method: Method, task: Task, scale: Scale) -> nn.Module:
    """The network of `method` with fresh weights."""

    return build(method.network, str(scale), str(task))


def load_weights(network: nn.Module, file: store.WeightsFile, name: str) -> None:
    """Fills `network` from a safetensors file. Raises BadWeights naming what does not fit."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = coding.decode(load_file(file.path))
    except (SafetensorError, OSError) as problem:
        raise BadWeights(
            "a whole safetensors file", f"{file.path}: {problem}", f"Train or import {name} again, or restore the file."
        ) from problem
    expected = network.state_dict()
    missing, extra = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    shapes = [k for k in expected.keys() & state.keys() if expected[k].shape != state[k].shape]
    if missing or extra or shapes:
        found = ", ".join(
            f"{len(keys)} {what} (first: {keys[0]})"
            for what, keys in (("missing", missing), ("left over", extra), ("of another shape", sorted(shapes)))
            if keys
        )
        raise BadWeights(
            f"the {len(expected)} tensors of {name}",
            f"{file.path}: {found}",
            "The file is of another network or scale; train or import it again.",
        )
    network.load_state_dict(state)
