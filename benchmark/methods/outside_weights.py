"""A checkpoint of somebody's own network: unwrapped, stripped of its prefix, and checked tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import BadWeights
from benchmark.methods.checkpoints.unwrap import read_checkpoint

if TYPE_CHECKING:
    from torch import Tensor, nn


def fill(network: nn.Module, file: Path, name: str) -> None:
    """Loads the checkpoint `file` into `network`. Raises BadWeights naming what does not fit."""

    expected = network.state_dict()
    state = read_checkpoint(file, expected).state
    fitting = _stripped(state, expected)
    missing, extra = sorted(expected.keys() - fitting.keys()), sorted(fitting.keys() - expected.keys())
    shapes = [key for key in expected.keys() & fitting.keys() if expected[key].shape != fitting[key].shape]
    if missing or extra or shapes:
        parts = (("missing", missing), ("left over", extra), ("of another shape", sorted(shapes)))
        found = "; ".join(f"{len(keys)} {what}, first {keys[0]}" for what, keys in parts if keys)
        remedy = "Give the checkpoint of this network, and its arguments: NAME=package.module:Class@width=48."
        raise BadWeights(f"the {len(expected)} tensors of {name} in {file}", found, remedy)
    network.load_state_dict(fitting)


def _stripped(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state` without the prefix before which the names of `expected` begin, where that brings all of them."""
    if not expected.keys() <= state.keys():
        sample = next(iter(expected), "")
        for key in state:
            prefix = key.removesuffix(sample) if sample and key.endswith("." + sample) else ""
            inside = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
            if prefix and expected.keys() <= inside.keys():
                return inside
    return dict(state)
