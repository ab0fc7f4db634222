"""Cost records as files: complexity (the same on every machine) and latency (one file a device card)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from benchmark.core import paths
from benchmark.core.files import write_atomically
from benchmark.core.models import CLOSED, read_json
from benchmark.costs.card import DeviceCard, preferred

_REMEDY = "Mend the entry, or run `slkd-bench profile --all --scale SCALE --save` again."

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
    __pydantic_config__: ClassVar[Any] = CLOSED


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
    __pydantic_config__: ClassVar[Any] = CLOSED


def record_of(records: Mapping[tuple[str, str], Record], network: str, tasks: Iterable[str]) -> Record | None:
    """The record of a network on the first of `tasks` that has one.

    A network that is the same on all its tasks is recorded on one alone, so any other record of it serves in the end.
    """
    wanted = [records[network, str(task)] for task in tasks if (network, str(task)) in records]
    others = (record for (name, _), record in records.items() if name == network)
    return next(iter(wanted), None) or next(others, None)


@dataclass(frozen=True)
class Times:
    """The times under one device card at one scale, all of one image size; `repeats` is the least behind a record."""

    card: DeviceCard
    size: int
    repeats: int
    records: tuple[Latency, ...]

    @property
    def words(self) -> str:
        """Card and image in a phrase."""
        return f"{self.card.words}, one {self.size}x{self.size} image"

    @property
    def facts(self) -> dict[str, Any]:
        """What the card says, with image size and repeats; what it leaves out is left out."""
        told = {name: value for name, value in asdict(self.card).items() if value not in ("", None)}
        return told | {"size": self.size, "repeats": self.repeats}

    def of(self, network: str, tasks: Sequence[str]) -> Latency | None:
        """The time of a network on the first of `tasks` that has one (`record_of`)."""
        return record_of({(r.network, r.task): r for r in self.records}, network, tasks)


@dataclass(frozen=True)
class _ComplexityFile:
    records: tuple[Complexity, ...]
    made_by: dict[str, str] = field(default_factory=dict)
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class _LatencyFile:
    card: DeviceCard
    records: tuple[Latency, ...]
    __pydantic_config__: ClassVar[Any] = CLOSED


def complexity_path(root: Path | None = None) -> Path:
    """`costs/complexity.json` below `root`, or among the reference results."""
    return (root or paths.results()) / "costs" / "complexity.json"


def all_complexity(root: Path | None = None) -> list[Complexity]:
    """Every recorded complexity, of all scales and image sizes. Empty when nothing was recorded yet."""
    path = complexity_path(root)
    if not path.is_file():
        return []
    return list(read_json(path, _ComplexityFile, _REMEDY).records)


def read_complexity(scale: str, root: Path | None = None, size: int = 512) -> dict[tuple[str, str], Complexity]:
    """The recorded complexity at `scale` of images of `size` (the paper's unless told), by (network, task)."""
    return {(r.network, r.task): r for r in all_complexity(root) if (r.scale, r.size) == (scale, size)}


def write_complexity(records: list[Complexity], made_by: dict[str, Any], root: Path | None = None) -> Path:
    """Writes all records, sorted, atomically; gives the path."""

    path = complexity_path(root)
    ordered = sorted((asdict(r) for r in records), key=lambda r: (r["scale"], r["network"], r["task"], r["size"]))
    write_atomically(path, json.dumps({"made_by": made_by, "records": ordered}, indent=1) + "\n")
    return path


def read_latencies(scale: str, root: Path | None = None) -> dict[str, Times]:
    """The recorded latencies at `scale` by the card's file name. Two cards never mix, nor two image sizes.

    Where a card has several sizes at this scale, the one with most records is given, the larger of equals. Raises
    BadResult for a file that is no record of times, naming file, entry and field.
    """
    found = {}
    for path in sorted(((root or paths.results()) / "costs" / "latency").glob("*.json")):
        whole = read_json(path, _LatencyFile, _REMEDY)
        records = [record for record in whole.records if record.scale == scale]
        if records:
            counts = Counter(r.size for r in records)
            size = max(counts, key=lambda size: (counts[size], size))
            chosen = tuple(r for r in records if r.size == size)
            found[path.stem] = Times(whole.card, size, min(r.repeats for r in chosen), chosen)
    return found


def shown_card(cards: Mapping[str, Times]) -> str:
    """The card that a table shows where none is asked for; empty where there is none."""
    return preferred({name: (times.card, len(times.records)) for name, times in cards.items()})


def write_latencies(card: DeviceCard, records: Sequence[Latency], root: Path | None = None) -> Path:
    """Writes the latencies measured under one device card, replacing older ones; gives the path."""
    path = (root or paths.results()) / "costs" / "latency" / f"{card.file_name}.json"
    known = read_json(path, _LatencyFile, _REMEDY).records if path.is_file() else ()
    merged = {(r.network, r.scale, r.task, r.size): asdict(r) for r in (*known, *records)}
    text = json.dumps({"card": asdict(card), "records": [merged[key] for key in sorted(merged)]}, indent=1)
    write_atomically(path, text + "\n")
    return path
