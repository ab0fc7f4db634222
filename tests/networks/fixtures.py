"""Numerical fixtures of the published networks: what the authors' own code computes with a known set of weights.

Each fixture names the authors' state-dict keys and shapes; the weights follow from the key by a rule, so that one test
proves a network at full size and the converter of its authors' checkpoints at once, without a download. Outputs are kept
at every second row and column, with the mean and standard deviation of the whole.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Fixture:
    """One fixture: `state` in the authors' names, `image` (1, 3, S, S) in [0, 1], `output` in the authors' range."""

    name: str
    parameters: int
    range: str  # of the authors' input: unit [0, 1], byte [0, 255], centred [0, 1] - 0.5
    size: int
    mean: float
    std: float

    @property
    def image(self) -> Tensor:
        """The input, brought to [0, 1] whatever range the authors' network takes."""
        with np.load(DATA / "inputs.npz") as stored:
            return torch.from_numpy(stored[f"unit{self.size}"])

    @property
    def output(self) -> Tensor:
        """The authors' output at every second row and column, in the authors' range."""
        with np.load(DATA / "outputs.npz") as stored:
            return torch.from_numpy(stored[self.name])

    def state(self) -> dict[str, Tensor]:
        """The authors' state dict, every tensor made from its own key."""
        return {
            key: _tensor(entry[2] if len(entry) > 2 else key, entry[0], entry[1])
            for key, entry in _index()[self.name]["keys"].items()
        }

    def relative_error(self, restored: Tensor) -> float:
        """Largest difference of `restored` (whole image, authors' range) from the fixture over the fixture's largest value."""
        whole = restored.double()
        scale = float(self.output.abs().max())
        grid = float((whole[..., ::2, ::2] - self.output.double()).abs().max())
        moments = max(abs(float(whole.mean()) - self.mean), abs(float(whole.std(correction=0)) - self.std))
        return max(grid, moments) / scale


def _tensor(key: str, shape: list[int], dtype: str) -> Tensor:
    if not dtype.startswith("float"):
        return torch.zeros(shape, dtype=getattr(torch, dtype))
    z = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    fan = int(np.prod(shape[1:])) if len(shape) > 1 else 1
    if key.endswith("running_var"):
        z = 0.75 + 0.25 * np.abs(z)
    elif fan > 1:
        z = 0.6 * z / np.sqrt(fan)
    elif key.endswith(("bias", "running_mean")):
        z = 0.05 * z
    else:
        z = 1 + 0.1 * z
    return torch.from_numpy(np.asarray(z, dtype=np.float32))


@cache
def _index() -> dict[str, dict[str, Any]]:
    output: dict[str, dict[str, Any]] = json.loads(gzip.decompress((DATA / "fixtures.json.gz").read_bytes()))
    return output


def fixture(name: str) -> Fixture:
    """The fixture called `name`."""
    entry = _index()[name]
    return Fixture(name, entry["parameters"], entry["range"], entry["size"], entry["mean"], entry["std"])


def names() -> list[str]:
    """All 18 fixtures."""
    return list(_index())
