"""Putting the parts of a study together that several machines did: weights with cards, decisions, cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.methods.weights import files
from benchmark.methods.weights.card import card_path
from benchmark.runs.merge import merge as merge_cells
from benchmark.studies.plans.trainings import DECISIONS, Folder

RECORDS = (*DECISIONS, "searched", "teachers", "verified")


def merge_studies(sources: Sequence[Path], target: Path, replace: bool = False) -> Counter[str]:
    """Copies what `sources` have done of a study into `target`; counts weights, decisions and cells that were copied.

    Weights are equal where their bytes are: what a card tells of time and machine plays no part. Weights that are not
    whole are left out. Raises SlkdBenchError, having copied nothing, for a folder that holds nothing of a study and where
    two folders differ, unless `replace` lets the later one win.
    """
    into = Folder(target)
    for source in sources:
        if not any((source / name).exists() for name in ("weights", "runs", *(f"{name}.json" for name in RECORDS))):
            raise SlkdBenchError("a folder of a study", f"{source} has no weights in it", "Give the --out of a study.")
    weights, clashes = _weights(sources, into)
    records, more = _records(sources, into)
    clashes += more
    if clashes and not replace:
        raise SlkdBenchError(
            "one result of each training",
            f"{len(clashes)} that differ, first {clashes[0]}",
            "Say which is right with --replace (the later folder wins), or leave one folder out.",
        )
    outcome: Counter[str] = Counter()
    scored = [Folder(source).results for source in sources if (Folder(source).results / "cells").is_dir()]
    if scored:  # first, as it copies nothing where two cells differ
        outcome["cells"] = merge_cells(scored, into.results, replace)["copied"]
    for goal, path in weights.items():
        write_atomically(goal, path.read_bytes())
        write_atomically(card_path(goal), card_path(path).read_bytes())
        outcome["weights"] += 1
    for name, content in records.items():
        if content != into.read(name):
            outcome["decisions"] += len(content) - len(into.read(name)) if name in DECISIONS else 0
            into.write(name, content)
    return +outcome


def _weights(sources: Sequence[Path], into: Folder) -> tuple[dict[Path, Path], list[str]]:
    """What to copy by its goal, the later folder last, and what clashes."""
    plan: dict[Path, Path] = {}
    clashes: list[str] = []
    for source in sources:
        for path in sorted(Folder(source).weights.rglob("*.safetensors")):
            if not files.has_whole_weights(path):
                continue
            goal = into.weights / path.relative_to(Folder(source).weights)
            before = plan.get(goal) or (goal if files.has_whole_weights(goal) else None)
            if before is None:
                plan[goal] = path
            elif before.read_bytes() != path.read_bytes():
                clashes.append(f"{path} and {before}")
                plan[goal] = path
    return plan, clashes


def _records(sources: Sequence[Path], into: Folder) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The decisions and measurements of all, and decisions that clash: one machine's rates or steps against another's."""
    found: dict[str, dict[str, Any]] = {name: into.read(name) for name in RECORDS}
    clashes: list[str] = []
    for source in sources:
        for name in RECORDS:
            theirs = Folder(source).read(name)
            known = found[name]
            if name in DECISIONS:
                clashes += [
                    f"{name} of {place}: {value} in {source}, {known[place]} before"
                    for place, value in theirs.items()
                    if place in known and known[place] != value
                ]
            found[name] = known | theirs
    return found, clashes
