"""The recorded sizes and multiply-accumulates of the networks against a fresh count on the meta device."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from benchmark.check.findings import Case, Finding, Severity
from benchmark.check.jobs import shown_path
from benchmark.core.types import Scale
from benchmark.costs.records import Complexity, all_complexity, complexity_path
from benchmark.costs.subjects import measure_complexity
from benchmark.methods.networks import networks

_COUNTS = (("parameters", "parameters"), ("parameters_used", "parameters that the image depends on"))


def costs_root(reference: Path) -> Path | None:
    """The folder whose `costs/` belongs to a folder of reference results: itself or its parent; None for the packaged one."""
    return next((root for root in (reference, reference.parent) if complexity_path(root).is_file()), None)


def check_costs(reference: Path, scales: Collection[str], networks: Collection[str] | None = None) -> Iterator[Case]:
    """One case for each recorded complexity at `scales`, of `networks` alone when they are given."""
    root = costs_root(reference)
    file = shown_path(complexity_path(root))
    for record in all_complexity(root):
        if record.scale in scales and (networks is None or record.network in networks):
            started = time.perf_counter()
            findings = tuple(_findings(record))
            name = f"{record.network} {record.task} at {record.scale}"
            yield Case("costs", name, findings, file, time.perf_counter() - started)


def _findings(record: Complexity) -> Iterator[Finding]:

    remedy = (
        f"Undo the change of the network or its configuration. If it is meant, record the new count: "
        f"`slkd-bench profile {record.network} --scale {record.scale} --save`."
    )
    if record.network not in networks():
        text = f"{record.network} has a recorded cost and is in no configuration any more"
        yield Finding(Severity.FAILURE, "network disappeared", text, remedy)
        return
    try:
        now = measure_complexity(record.network, record.task, Scale(record.scale), record.size)
    except Exception as problem:
        yield Finding(Severity.FAILURE, "cannot be counted", f"{type(problem).__name__}: {problem}", remedy)
        return
    for field, words in _COUNTS:
        old, new = getattr(record, field), getattr(now, field)
        if old != new:
            text = f"{record.network} at {record.scale} has {new:,} {words}, recorded are {old:,} ({new - old:+,})"
            yield Finding(Severity.FAILURE, f"{field.replace('_', ' ')} changed", text, remedy)
    if not math.isclose(now.gmacs, record.gmacs, rel_tol=1e-9):
        text = (
            f"{record.network} at {record.scale} takes {now.gmacs:.6f} GMAC for one {record.size}x{record.size} image, "
            f"recorded are {record.gmacs:.6f} ({now.gmacs / record.gmacs - 1:+.2%})"
        )
        yield Finding(Severity.FAILURE, "GMAC changed", text, remedy)
    if not math.isclose(now.true_gflops, record.true_gflops, rel_tol=1e-3):
        text = (
            f"{record.network} at {record.scale} really computes {now.true_gflops:.3f} GFLOP, "
            f"recorded are {record.true_gflops:.3f}"
        )
        yield Finding(Severity.NOTE, "operations changed", text)
