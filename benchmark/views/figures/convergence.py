"""Validation PSNR while training, from the cards of weights and from the logs of runs that have no card yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmark.core.errors import BadWeights
from benchmark.core.types import Scale, Task
from benchmark.methods.method import Method
from benchmark.methods.weights import store
from benchmark.training.log import read_log

Series = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Curve:
    """The validation PSNR in dB of a method on a task by step: one series a training seed.

    `unfinished` are the seeds whose series come from a log: no weights of theirs are stored.
    """

    method: str
    task: str
    series: dict[int, Series]
    unfinished: tuple[int, ...] = ()

    def band(self) -> list[tuple[int, float, float, float]]:
        """Step, mean, least and greatest PSNR over the seeds, at the steps that all seeds have."""
        by_seed = [dict(points) for points in self.series.values()]
        common = sorted(set.intersection(*(set(points) for points in by_seed)))
        values = [(step, [points[step] for points in by_seed]) for step in common]
        return [(step, fmean(found), min(found), max(found)) for step, found in values]


def read_curves(methods: Sequence[Method], tasks: Sequence[Task], scale: Scale, training: Path) -> list[Curve]:
    """The curves of `methods` on those of `tasks` that are theirs, in that order; without any series there is none.

    A card decides where there is one; `training`/SCALE/TASK/METHOD-seedN/metrics.jsonl serves the other seeds.
    Raises BadWeights for a card that cannot be read.
    """
    curves = []
    for task in tasks:
        for method in methods:
            if task not in method.tasks or not method.network:
                continue
            series = {seed: _of_card(method, task, scale, seed) for seed in store.seeds(method.id, task, scale)}
            logs = _of_logs(training / str(scale) / str(task), method.id)
            unfinished = {seed: points for seed, points in logs.items() if seed not in series}
            merged = {seed: points for seed, points in sorted({**series, **unfinished}.items()) if points}
            if merged:
                curves.append(Curve(method.id, str(task), merged, tuple(s for s in merged if s in unfinished)))
    return curves


def _of_card(method: Method, task: Task, scale: Scale, seed: int) -> Series:
    file = store.require(method.id, task, scale, seed)
    try:
        return tuple((int(step), float(psnr)) for step, psnr in file.card.get("validation") or ())
    except (TypeError, ValueError) as problem:
        raise BadWeights(
            f"'validation' as [[step, PSNR], ...] in the card of {file.path}", str(problem), "Train the method again."
        ) from problem


def _of_logs(folder: Path, method: str) -> dict[int, Series]:
    found: dict[int, Series] = {}
    for path in sorted(folder.glob(f"{method}-seed*/metrics.jsonl")):
        seed = re.fullmatch(rf"{re.escape(method)}-seed(\d+)", path.parent.name)
        if seed:
            rows = [row for row in read_log(path) if row.get("kind") == "validation"]
            found[int(seed[1])] = tuple((int(row["step"]), float(row["psnr"])) for row in rows)
    return found
