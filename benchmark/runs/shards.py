"""Dividing a plan among workers: by hand (--shard I/N), by torchrun's ranks, or by the tasks of a SLURM array."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmark.core.errors import SlkdBenchError

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, counted from 0."""

    index: int = 0
    count: int = 1

    def of(self, cells: Sequence[T]) -> list[T]:
        """Every count-th cell: neighbours, which cost alike, go to different workers; together all, none twice."""
        return list(cells[self.index :: self.count])


def parse_shard(text: str) -> Shard:
    """`I/N` with I from 1 to N, as people count. Raises SlkdBenchError."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise SlkdBenchError("--shard I/N with I from 1 to N", f"'{text}'", "Say --shard 1/4, --shard 2/4 and so on.")
    return Shard(int(found[1]) - 1, int(found[2]))


def chosen_shard(text: str | None, environment: Mapping[str, str] | None = None) -> Shard:
    """What --shard says; otherwise this process's rank under torchrun (RANK of WORLD_SIZE); otherwise everything."""
    if text:
        return parse_shard(text)
    given = os.environ if environment is None else environment
    if "RANK" in given and "WORLD_SIZE" in given:
        return Shard(int(given["RANK"]), int(given["WORLD_SIZE"]))
    return Shard()


def local_device(device: str, environment: Mapping[str, str] | None = None) -> str:
    """Under torchrun, `cuda` means the GPU of this rank."""
    given = os.environ if environment is None else environment
    return f"cuda:{given['LOCAL_RANK']}" if device == "cuda" and "LOCAL_RANK" in given else device
