"""From a method's name to a network that restores images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from benchmark.core.errors import BadWeights, SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.methods import outside
from benchmark.methods.method import Method
from benchmark.methods.networks import build, networks
from benchmark.methods.weights import files, store
from benchmark.methods.weights.card import card_path

if TYPE_CHECKING:
    from torch import Tensor, nn


class Loadable(Protocol):
    """What decides which weights fit a data set: its id and its task."""

    @property
    def id(self) -> str:
        """The name used in commands and result files."""
        ...

    @property
    def task(self) -> Task | None:
        """What a network is asked to do."""
        ...


def load_network(method: Method, task: Task | None, scale: Scale, seed: int = 0, device: str = "cpu") -> nn.Module:
    """The network of `method` with its weights for the whole of `task`, in eval mode on `device`.

    The degraded-input row is the identity. Raises BadWeights when weights are missing, broken or of another network,
    and BadMethod when a method from outside cannot be built.
    """
    return _loaded(method, task, scale, seed, "").eval().to(device)


def load_for(method: Method, dataset: Loadable, scale: Scale, seed: int = 0, device: str = "cpu") -> nn.Module:
    """As `load_network`, with the weights that fit `dataset`: those made for it, where there are some."""
    return _loaded(method, dataset.task, scale, seed, dataset.id).eval().to(device)


def build_network(method: Method, task: Task, scale: Scale, architecture: str = "") -> nn.Module:
    """The network of `method` with fresh weights, in one of its published architectures (empty: the usual one)."""

    return build(method.network, str(scale), str(task), architecture)


def load_weights(network: nn.Module, file: store.WeightsFile, name: str) -> None:
    """Fills `network` from a safetensors file.

    Raises BadWeights naming what does not fit, and for a file that is not the one its card speaks of.
    """
    state = files.load_weights(file.path)
    expected = network.state_dict()
    missing, extra = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    both = sorted(expected.keys() & state.keys())
    shapes = [k for k in both if expected[k].shape != state[k].shape]
    kinds = [k for k in both if expected[k].is_floating_point() != state[k].is_floating_point()]
    if missing or extra or shapes or kinds:
        differs = ("missing", missing), ("left over", extra), ("of another shape", shapes), ("of another type", kinds)
        found = ", ".join(f"{len(keys)} {what} (first: {keys[0]})" for what, keys in differs if keys)
        raise BadWeights(
            f"the {len(expected)} tensors of {name}",
            f"{file.path}: {found}",
            "The file is of another network or scale; train or import it again.",
        )
    network.load_state_dict(state)


def differences(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """What tensors are missing, left over or of another shape, in words; nothing where all fit."""
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


def _loaded(method: Method, task: Task | None, scale: Scale, seed: int, dataset: str) -> nn.Module:
    """In its fast form for inference."""
    import torch

    from baselines.networks.fast import quicken

    if method.loader:
        return outside.load(method, task, "cpu")
    if not method.network:
        return torch.nn.Identity()
    if task is None:
        raise SlkdBenchError(f"the task {method.title} was trained for", "none", "Give --task.")
    found = store.require(method.id, task, scale, seed, dataset)
    network = build_network(method, task, scale, _architecture(method, found))
    load_weights(network, found, method.id)
    quicken(network)
    return network


def _architecture(method: Method, file: store.WeightsFile) -> str:
    """Which published architecture a weight file is of, as its card says."""
    name = str(file.card.get("architecture") or "") if card_path(file.path).is_file() else ""
    known = networks()[method.network].architectures
    if name and name not in known:
        remedy = "Import the authors' file again."
        raise BadWeights(f"an architecture of {method.title} ({', '.join(known) or 'none further'})", name, remedy)
    return name
