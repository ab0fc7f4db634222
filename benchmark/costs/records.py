"""Cost records as files: complexity (the same on every machine) and latency (one file a device card)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmark.core import paths
from benchmark.core.errors import BadResult
from benchmark.core.files import write_atomically

Record = TypeVar("Record")


@dataclass(frozen=True)
class Complexity:
    """Size and work of one network at one scale and image size, batch 1, eval mode.

    `gmacs`: the canonical count, which reproduces the convention of the paper's "FLOPs" whatever fast path runs.
    `true_gflops`: multiplications and additions counted apart, of what is really computed.
    """

    network: str
    scale: str
    task: str
    size: int
    parameters: int
    parameters_used: int
    gmacs: float
    true_gflops: float


@dataclass(frozen=True)
class Latency:
    """Time of one forward pass under one device card, in milliseconds: median and 10-90 % range of `repeats` passes."""

    network: str
    scale: str
    task: str
    size: int
    median_ms: float
    p10_ms: float
    p90_ms: float
    peak_mib: float | None
    repeats: int


def record_of(records: Mapping[tuple[str, str], Record], network: str, tasks: Iterable[str]) -> Record | None:
    """The record of a network on the first of `tasks` that has one.

    A network that is the same on all its tasks is recorded on one alone, so any other record of it serves in the end.
    """
    wanted = [records[network, str(task)] for task in tasks if (network, str(task)) in records]
    others = (record for (name, _), record in records.items() if name == network)
    return next(iter(wanted), None) or next(others, None)


def complexity_path(root: Path | None = None) -> Path:
    """`costs/complexity.json` below `root`, or among the reference results."""
    return (root or paths.results()) / "costs" / "complexity.json"


def all_complexity(root: Path | None = None) -> list[Complexity]:
    """Every recorded complexity, of all scales and image sizes. Empty when nothing was recorded yet."""
    path = complexity_path(root)
    if not path.is_file():
        return []
    try:
        return [Complexity(**entry) for entry in json.loads(path.read_text())["records"]]
    except (ValueError, KeyError, TypeError) as problem:
        raise BadResult(
            "a whole complexity record", f"{path}: {problem}", "Run `slkd-bench profile --all --save` again."
        ) from problem


def read_complexity(scale: str, root: Path | None = None, size: int = 512) -> dict[tuple[str, str], Complexity]:
    """The recorded complexity at `scale` of images of `size` (the paper's unless told), by (network, task)."""
    return {(r.network, r.task): r for r in all_complexity(root) if (r.scale, r.size) == (scale, size)}


def write_complexity(records: list[Complexity], made_by: dict[str, Any], root: Path | None = None) -> Path:
    """Writes all records, sorted, atomically; gives the path."""

    path = complexity_path(root)
    ordered = sorted((asdict(r) for r in records), key=lambda r: (r["scale"], r["network"], r["task"], r["size"]))
    write_atomically(path, json.dumps({"made_by": made_by, "records": ordered}, indent=1) + "\n")
    return path


def read_latencies(scale: str, root: Path | None = None) -> dict[str, tuple[dict[str, Any], list[Latency]]]:
    """The recorded latencies at `scale`: card id to (device card, records). Two cards never mix, nor two image sizes.

    Where a card has several sizes at this scale, the one with most records is given, the larger of equals. The device
    card tells it, and the least number of `repeats` behind a record.
    """
    found = {}
    for path in sorted(((root or paths.results()) / "costs" / "latency").glob("*.json")):
        try:
            raw = json.loads(path.read_text())
            records = [Latency(**entry) for entry in raw["records"] if entry["scale"] == scale]
        except (ValueError, KeyError, TypeError) as problem:
            raise BadResult(
                "a whole latency record", f"{path}: {problem}", "Run `slkd-bench profile` again."
            ) from problem
        if records:
            counts = Counter(r.size for r in records)
            size = max(counts, key=lambda size: (counts[size], size))
            records = [r for r in records if r.size == size]
            found[path.stem] = (raw["card"] | {"size": size, "repeats": min(r.repeats for r in records)}, records)
    return found


def write_latencies(card_id: str, card: dict[str, Any], records: list[Latency], root: Path | None = None) -> Path:
    """Writes the latencies measured under one device card, replacing older ones; gives the path."""

    path = (root or paths.results()) / "costs" / "latency" / f"{card_id}.json"
    merged = {}
    if path.is_file():
        merged = {(e["network"], e["scale"], e["task"], e["size"]): e for e in json.loads(path.read_text())["records"]}
    merged |= {(r.network, r.scale, r.task, r.size): asdict(r) for r in records}
    write_atomically(path, json.dumps({"card": card, "records": [merged[k] for k in sorted(merged)]}, indent=1) + "\n")
    return path
