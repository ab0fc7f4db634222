"""Putting result folders together, and saying what a folder holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.runs.cells import read_cell


def merge(sources: Sequence[Path], target: Path, replace: bool = False) -> Counter[str]:
    """Copies the whole cells of `sources` into `target`; counts what was copied, equal, and left out as unreadable.

    Raises SlkdBenchError, having copied nothing, when two folders hold different results of one cell, unless `replace`
    lets the later folder win.
    """
    plan: dict[Path, Path] = {}
    outcome: Counter[str] = Counter()
    clashes = []
    for source in sources:
        if not (source / "cells").is_dir():
            raise SlkdBenchError("a folder of results", f"{source} has no `cells` in it", "Give the --out of a run.")
        for path in cell_files(source):
            try:
                read_cell(path)
            except BadResult:
                outcome["unreadable"] += 1
                continue
            goal = target / path.relative_to(source)
            before = plan.get(goal) or (goal if _whole(goal) else None)
            if before and before.read_bytes() == path.read_bytes():
                outcome["equal"] += 1
            elif before and not replace:
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


def _whole(path: Path) -> bool:
    try:
        read_cell(path)
    except BadResult:
        return False
    return True


def cell_files(out: Path) -> Iterator[Path]:
    """All result files below `out`, in a fixed order."""
    for path in sorted((out / "cells").glob("*/*/*.json")):
        if not path.name.endswith(".error.json"):
            yield path


def failures(out: Path) -> Iterator[tuple[str, str]]:
    """The cells below `out` that failed, as scale/data set/method, each with its reason."""
    for path in sorted((out / "cells").glob("*/*/*.error.json")):
        name = path.relative_to(out / "cells").as_posix().removesuffix(".error.json")
        try:
            yield name, json.loads(path.read_text(encoding="utf-8"))["reason"]
        except (ValueError, KeyError):
            yield name, "the reason cannot be read"
