"""Dividing a plan among workers: by hand (--shard I/N), by torchrun's ranks, or by the tasks of a SLURM array."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmark.core.errors import SlkdBenchError

T = TypeVar("T")
_WHOLE = re.compile(r"\d{1,9}")


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
    """What --shard says; otherwise this process's rank under torchrun (RANK of WORLD_SIZE); otherwise everything.

    Raises SlkdBenchError for a rank that is none of the world's, which would leave cells out without a word.
    """
    if text:
        return parse_shard(text)
    given = os.environ if environment is None else environment
    if "RANK" not in given or "WORLD_SIZE" not in given:
        return Shard()
    rank, world = given["RANK"], given["WORLD_SIZE"]
    if not (_WHOLE.fullmatch(rank) and _WHOLE.fullmatch(world) and int(rank) < int(world)):
        found = f"RANK={rank!r} and WORLD_SIZE={world!r}"
        remedy = "Unset both, or start with torchrun; --shard I/N divides a run by hand."
        raise SlkdBenchError("RANK from 0 to WORLD_SIZE - 1 in the environment", found, remedy)
    return Shard(int(rank), int(world))
