"""Parameters and multiply-accumulates of networks of somebody's own, recorded in a reference and counted again."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.check.findings import Case, Finding, Severity
from benchmark.check.jobs import shown_path
from benchmark.core.errors import BadResult
from benchmark.core.files import write_atomically
from benchmark.core.numbers import decimal
from benchmark.core.types import Scale, Task
from benchmark.methods.method import Method
from benchmark.methods.weights.loading import load_network

SIZE = 256  # pixels: side of the image that is counted
_WORDS = {"parameters": "parameters", "gmacs": f"GMAC for one {SIZE}x{SIZE} image"}


def costs_path(reference: Path) -> Path:
    """Where the costs of networks of somebody's own stand in a reference."""
    return reference / "costs" / "own.json"


def own_cost(method: Method, task: Task | None) -> dict[str, float] | None:
    """Parameters and multiply-accumulates of a method from outside; None where it is no network that can be counted."""
    import torch

    from benchmark.costs.count import count

    network = load_network(method, task, Scale.MINI)
    if not any(True for _ in network.parameters()) or method.loader.startswith("torchscript:"):
        return None
    try:
        gmacs = count(torch.nn.Sequential(network.get_submodule("restore")), method.id, SIZE).gmacs
    except Exception:  # on the meta device some networks cannot run: then the parameters alone are held
        gmacs = math.nan
    return {"parameters": sum(p.numel() for p in network.parameters()), "gmacs": gmacs}


def write_costs(reference: Path, costs: dict[str, dict[str, float]]) -> None:
    """Records costs by method; what is known of other methods stays."""
    known = {**read_costs(reference), **costs}
    kept = {name: {word: v for word, v in cost.items() if not math.isnan(v)} for name, cost in sorted(known.items())}
    write_atomically(costs_path(reference), json.dumps({"size": SIZE, "methods": kept}, indent=1) + "\n")


def read_costs(reference: Path) -> dict[str, dict[str, float]]:
    """The recorded costs by method; empty where there are none. Raises BadResult for a file that says something else."""
    path = costs_path(reference)
    if not path.is_file():
        return {}
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["methods"]
        return {name: {word: float(value) for word, value in cost.items()} for name, cost in said.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        remedy = "Restore it, or make it anew with `slkd-bench check init`."
        raise BadResult("costs by method", f"{path}: {type(problem).__name__}: {problem}", remedy) from problem


def check_own_costs(reference: Path, methods: Sequence[tuple[Method, Task | None]]) -> Iterator[Case]:
    """One case for each of `methods` whose cost is recorded."""
    file = shown_path(costs_path(reference))
    try:
        known = read_costs(reference)
    except BadResult as problem:
        yield Case("costs", "own networks", (Finding(Severity.FAILURE, "costs unreadable", str(problem)),), file)
        return
    for method, task in methods:
        if method.id in known:
            started = time.perf_counter()
            findings = tuple(_findings(method, task, known[method.id], reference))
            yield Case("costs", method.id, findings, file, time.perf_counter() - started)


def _findings(method: Method, task: Task | None, known: dict[str, float], reference: Path) -> Iterator[Finding]:
    again = f"slkd-bench check --reference {shown_path(reference)} --accept {method.id}"
    remedy = f"Undo the change of the network; or take it over: `{again}`."
    try:
        now = own_cost(method, task) or {}
    except Exception as problem:
        yield Finding(Severity.FAILURE, "cannot be counted", f"{type(problem).__name__}: {problem}", remedy)
        return
    for word, old in known.items():
        new = now.get(word, math.nan)
        if not math.isclose(new, old, rel_tol=1e-9):
            text = f"{method.id} has {_told(new)} {_WORDS.get(word, word)}, recorded are {_told(old)}"
            yield Finding(Severity.FAILURE, f"{word} changed", text, remedy)


def _told(value: float) -> str:
    """A count in full; anything else with six figures."""
    return f"{value:,.0f}" if value.is_integer() else decimal(value, 6)
