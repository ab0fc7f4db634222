"""The paper's complexity columns beside ours; where they differ, what was counted instead, if anything explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmark.claims.complexity.printed import AGREES, ComplexityClaim, complexity_claims
from benchmark.methods.networks import build

PAPER_SIZE = 512
_SIZES = (128, 224, 256, 320, 384, 480, 640)
_UNITS = {"true FLOPs, 2 per multiply-accumulate": 2.0, "half the multiply-accumulates": 0.5}


@dataclass(frozen=True)
class Finding:
    """One audited row: what was printed, what was measured at 512 x 512, and the reading that explains a difference.

    `explanation` is empty when nothing has to be explained, None when none of the readings tried gives the number;
    `tried` counts them.
    """

    claim: ComplexityClaim
    gmacs: float
    parameters: float
    agrees: bool
    explanation: str | None
    tried: int = 0


def audit(paper: str = "slkd") -> Iterator[Finding]:
    """Every complexity claim of a paper's ledger, in the order of the paper."""
    for claim in complexity_claims(paper):
        measured, parameters = _measure(claim.network, claim.task)
        agrees = _close(measured, claim.gmacs)
        if claim.parameters is not None:
            agrees = agrees and round(parameters, 1) == claim.parameters
        if agrees:
            yield Finding(claim, measured, parameters, True, "")
            continue
        found, tried = _explain(claim, measured)
        yield Finding(claim, measured, parameters, False, found, tried)


def _explain(claim: ComplexityClaim, measured: float) -> tuple[str | None, int]:
    readings = list(_readings(claim, measured))
    matching = (what for what, value in readings if _close(value, claim.gmacs))
    return next(matching, None), len(readings)


def _readings(claim: ComplexityClaim, measured: float) -> Iterator[tuple[str, float]]:
    """What may have been counted instead, the simplest first: a variant, another image, another unit, two of these."""
    variants = {
        name: _measure(claim.network, task, tuple(sorted(changed.items())))[0]
        for name, (task, changed) in claim.alternatives.items()
    }
    for name, value in variants.items():
        yield f"{value:.1f} = {name}", value
    for size in _SIZES:  # counts scale with the area
        scaled = measured * (size / PAPER_SIZE) ** 2
        yield f"{scaled:.1f} = {size} x {size} image", scaled
    for unit, factor in _UNITS.items():
        yield f"{measured * factor:.1f} = {unit}", measured * factor
    for name, value in variants.items():
        for unit, factor in _UNITS.items():
            yield f"{value * factor:.1f} = {name}, {unit}", value * factor


@cache
def _measure(network: str, task: str, changed: tuple[tuple[str, Any], ...] = ()) -> tuple[float, float]:
    """Canonical GMACs at 512 x 512 and parameters in millions."""
    import torch

    from benchmark.costs.count import count_named

    arguments: Mapping[str, Any] = dict(changed)
    gmacs = count_named(network, "paper", task, PAPER_SIZE, **arguments).gmacs
    with torch.device("meta"):
        parameters = sum(p.numel() for p in build(network, "paper", task).parameters())
    return gmacs, parameters / 1e6


def _close(measured: float, printed: float) -> bool:
    return abs(measured - printed) <= max(0.05, AGREES * printed)
