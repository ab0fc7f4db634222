"""What the complexity audit found, as a file: verdicts and lints read it, so that they need not load a network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from benchmark.core import paths
from benchmark.core.files import write_atomically
from benchmark.core.models import CLOSED, read_json

if TYPE_CHECKING:
    from benchmark.claims.complexity.audit import Finding

_REMEDY = "Mend the entry, or run `slkd-bench audit complexity --save` again."


@dataclass(frozen=True)
class Reading:
    """One audited row: what its network costs at the paper's image size, and what gives the printed number, if anything.

    `explanation` is None where none of the `tried` readings gives it, empty where nothing has to be explained.
    """

    table: str
    row: str
    network: str
    task: str
    gmacs: float
    parameters: float
    agrees: bool
    explanation: str | None
    tried: int
    __pydantic_config__: ClassVar[Any] = CLOSED


def readings_path(root: Path | None = None) -> Path:
    """`costs/readings.json` below `root`, or among the reference data."""
    return (root or paths.results()) / "costs" / "readings.json"


def read_readings(paper: str, root: Path | None = None) -> list[Reading]:
    """The recorded audit of a paper; empty when none was recorded. Raises BadResult for a file that cannot be read."""
    path = readings_path(root)
    if not path.is_file():
        return []
    return list(read_json(path, dict[str, tuple[Reading, ...]], _REMEDY).get(paper, ()))


def write_readings(paper: str, findings: Iterable[Finding], root: Path | None = None) -> Path:
    """Records the audit of a paper beside those of others; gives the path."""

    path = readings_path(root)
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[paper] = [
        asdict(
            Reading(
                f.claim.table,
                f.claim.row,
                f.claim.network,
                f.claim.task,
                f.gmacs,
                f.parameters,
                f.agrees,
                f.explanation,
                f.tried,
            )
        )
        for f in findings
    ]
    write_atomically(path, json.dumps(known, indent=1) + "\n")
    return path
