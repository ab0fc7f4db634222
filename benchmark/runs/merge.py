"""Putting result folders together, and saying which cells of a folder failed."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.runs.cells import Cell, cell_files, read_stored


def merge(sources: Sequence[Path], target: Path, replace: bool = False) -> Counter[str]:
    """Copies the whole cells of `sources` into `target`; counts what was copied, equal, and left out as unreadable.

    Two results of one cell are equal where key and scores are; which machine made them plays no part. Raises
    SlkdBenchError, having copied nothing, when two folders hold different results of one cell, unless `replace` lets the
    later folder win.
    """
    plan: dict[Path, Path] = {}
    outcome: Counter[str] = Counter()
    clashes = []
    for source in sources:
        if not (source / "cells").is_dir():
            raise SlkdBenchError("a folder of results", f"{source} has no `cells` in it", "Give the --out of a run.")
        for path in cell_files(source):
            cell = _read(path)
            if cell is None:
                outcome["unreadable"] += 1
                continue
            goal = target / path.relative_to(source)
            before = plan.get(goal) or goal
            known = _read(before) if before.is_file() else None
            if known and _same(known, cell):
                outcome["equal"] += 1
            elif known and not replace:
                clashes.append(f"{path} and {before}")
            else:
                plan[goal] = path
    if clashes:
        raise SlkdBenchError(
            "one result of each cell",
            f"{len(clashes)} that differ, first {clashes[0]}",
            "Say which is right with --replace (the later folder wins), or leave one folder out.",
        )
    for goal, path in plan.items():
        write_atomically(goal, path.read_text(encoding="utf-8"))
        outcome["copied"] += 1
    return outcome


def _same(one: Cell, other: Cell) -> bool:
    return (one.key, one.scores, one.failures, one.total) == (other.key, other.scores, other.failures, other.total)


def _read(path: Path) -> Cell | None:
    with contextlib.suppress(BadResult):
        return read_stored(path)
    return None


def failures(out: Path) -> Iterator[tuple[str, str]]:
    """The cells below `out` that failed, as scale/data set/method, each with its reason."""
    for path in sorted((out / "cells").glob("*/*/*.error.json")):
        name = path.relative_to(out / "cells").as_posix().removesuffix(".error.json")
        try:
            yield name, str(json.loads(path.read_text(encoding="utf-8"))["reason"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            yield name, "the reason cannot be read"
