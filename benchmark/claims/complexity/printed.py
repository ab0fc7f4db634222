"""The complexity columns of the paper's ledger, with what may have been counted instead when they do not agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.claims.ledger import read_ledger
from benchmark.claims.verdict import Status
from benchmark.methods.find import get_method
from benchmark.methods.networks import network

AGREES = 5e-4  # relative: the printed numbers have four digits


def tolerance(printed: float, half_digit: float) -> float:
    """How far a count may lie from the printed number: half of its last digit, or .05 %."""
    return max(half_digit, AGREES * printed) + 1e-9


def agreement(measured: float, printed: float, half_digit: float) -> Status:
    """One word for verdict and audit: the printed number, close to it, or another one."""
    distance = abs(measured - printed)
    if distance <= half_digit + 1e-9:
        return Status.REPRODUCED
    return Status.CLOSE if distance <= tolerance(printed, half_digit) else Status.CONTRADICTED


@dataclass(frozen=True)
class ComplexityClaim:
    """One printed row: FLOPs in 1e9 ("G"), parameters in 1e6 or None, for a configured network.

    `alternatives` are other readings, each a task variant or changed constructor arguments, that the audit tries when the
    number does not agree.
    """

    table: str
    row: str
    network: str
    task: str
    gmacs: float
    parameters: float | None = None
    half_digit: float = 0.05
    alternatives: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)


_NONE: Mapping[str, Any] = {}


def complexity_claims(paper: str = "") -> Iterator[ComplexityClaim]:
    """The rows of the paper's ledger that print FLOPs, in the order of the paper.

    A network with a variant for each task has one entry a task, called `MPRNet, deblurring`: its row prints one number
    for all of them.
    """

    ledger = read_ledger(paper)
    parameters = {(c.table, c.row): c.value for c in ledger.numbers if c.metric == "parameters"}
    for claim in ledger.numbers:
        if claim.metric != "gmacs" or not claim.method or claim.value is None:
            continue
        method = get_method(claim.method)
        spec = network(method.network)
        variants = list(dict.fromkeys([str(method.tasks[0]), *_costly(spec.by_task)]))
        for task in variants:
            readings: dict[str, tuple[str, Mapping[str, Any]]]
            readings = {name: (spec.tasks[0], changes) for name, changes in spec.hypotheses.items()}
            if task != variants[0]:
                readings = {f"the {variants[0]} variant": (variants[0], _NONE), **readings}
            row = f"{claim.row}, {task}" if len(variants) > 1 else claim.row
            yield ComplexityClaim(
                claim.table,
                row,
                method.network,
                task,
                claim.value,
                parameters.get((claim.table, claim.row)),
                claim.half_digit,
                readings,
            )


def _costly(by_task: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """The tasks whose variant has another size; a change of biases alone costs nothing that is counted."""
    return [task for task, scales in by_task.items() if set(scales.get("paper", {})) - {"norm_bias"}]
