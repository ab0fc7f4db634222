"""Which file holds the weights of a method: the user's own first, then those that travel with the package.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmark.core import paths
from benchmark.core.errors import BadWeights
from benchmark.core.files import sha256_of
from benchmark.core.types import Scale, Task
from benchmark.methods.weights.files import read_card


@dataclass(frozen=True)
class WeightsFile:
    """A safetensors file on disk; its card is the JSON file of the same name."""

    path: Path

    @property
    def sha256(self) -> str:
        """The hash of the file's bytes."""
        stat = self.path.stat()
        return _sha256(self.path, stat.st_size, stat.st_mtime_ns)

    @property
    def card(self) -> dict[str, Any]:
        """What the card says. Raises BadWeights when it is missing or not JSON."""
        return read_card(self.path)


@lru_cache(maxsize=4096)
def _sha256(path: Path, size: int, modified: int) -> str:
    return sha256_of(path)


def relative_path(method: str, task: Task | str, scale: Scale | str, seed: int = 0) -> Path:
    """`scale/task/method.safetensors`; a seed other than 0 stands in the name."""
    return Path(str(scale), str(task), f"{method}{f'.seed{seed}' if seed else ''}.safetensors")


def find(method: str, task: Task | str, scale: Scale | str, seed: int = 0) -> WeightsFile | None:
    """The weights of `method`, or None when there are none."""
    for root in (paths.user_weights(), paths.packaged_weights()):
        path = root / relative_path(method, task, scale, seed)
        if path.is_file():
            return WeightsFile(path)
    return None


def seeds(method: str, task: Task | str, scale: Scale | str) -> list[int]:
    """The seeds for which weights of `method` exist."""
    found = set()
    for root in (paths.user_weights(), paths.packaged_weights()):
        for path in (root / str(scale) / str(task)).glob(f"{method}*.safetensors"):
            rest = path.name.removeprefix(method).removesuffix(".safetensors")
            if rest == "":
                found.add(0)
            elif rest.startswith(".seed") and rest[5:].isdigit():
                found.add(int(rest[5:]))
    return sorted(found)


def require(method: str, task: Task | str, scale: Scale | str, seed: int = 0) -> WeightsFile:
    """The weights of `method`. Raises BadWeights with the command that makes them when there are none."""
    found = find(method, task, scale, seed)
    if found is None:
        remedy = f"Run `slkd-bench train {method} --task {task} --scale {scale}`"
        remedy += f" or `slkd-bench weights import {method} FILE --task {task}`." if str(scale) == "paper" else "."
        raise BadWeights(f"weights of {method} for {task} at scale {scale}", "none", remedy)
    return found
