"""The paper's complexity columns beside ours; where they differ, what was counted instead, if anything explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmark.claims.complexity.printed import AGREES, ComplexityClaim, agreement, complexity_claims
from benchmark.claims.verdict import Status
from benchmark.methods.networks import build
from benchmark.papers.model import ComplexityFile
from benchmark.papers.read import get_paper


@dataclass(frozen=True)
class Finding:
    """One audited row: what was printed, what was measured at the paper's image size, and what explains a difference.

    `explanation` is empty when nothing has to be explained, None when none of the readings tried gives the number;
    `tried` counts them.
    """

    claim: ComplexityClaim
    gmacs: float
    parameters: float
    agrees: bool
    explanation: str | None
    tried: int = 0

    @property
    def status(self) -> Status:
        """The word of the verdict on the row: reproduced, close or contradicted."""
        if not self.agrees:
            return Status.CONTRADICTED
        return agreement(self.gmacs, self.claim.gmacs, self.claim.half_digit)


def audit(paper: str = "") -> Iterator[Finding]:
    """Every complexity claim of a paper's ledger, in the order of the paper."""
    said = get_paper(paper).complexity
    for claim in complexity_claims(paper):
        measured, parameters = _measure(claim.network, claim.task, said.image_size)
        agrees = _close(measured, claim.gmacs)
        if claim.parameters is not None:
            agrees = agrees and round(parameters, 1) == claim.parameters
        if agrees:
            yield Finding(claim, measured, parameters, True, "")
            continue
        found, tried = _explain(claim, measured, said)
        yield Finding(claim, measured, parameters, False, found, tried)


def _explain(claim: ComplexityClaim, measured: float, said: ComplexityFile) -> tuple[str | None, int]:
    readings = list(_readings(claim, measured, said))
    matching = (what for what, value in readings if _close(value, claim.gmacs))
    return next(matching, None), len(readings)


def _readings(claim: ComplexityClaim, measured: float, said: ComplexityFile) -> Iterator[tuple[str, float]]:
    """What may have been counted instead, the simplest first: a variant, another image, another unit, two of these."""
    variants = {
        name: _measure(claim.network, task, said.image_size, tuple(sorted(changed.items())))[0]
        for name, (task, changed) in claim.alternatives.items()
    }
    for name, value in variants.items():
        yield f"{value:.1f} = {name}", value
    for size in said.sizes:  # counts scale with the area
        scaled = measured * (size / said.image_size) ** 2
        yield f"{scaled:.1f} = {size} x {size} image", scaled
    for unit, factor in said.units.items():
        yield f"{measured * factor:.1f} = {unit}", measured * factor
    for name, value in variants.items():
        for unit, factor in said.units.items():
            yield f"{value * factor:.1f} = {name}, {unit}", value * factor


@cache
def _measure(network: str, task: str, size: int, changed: tuple[tuple[str, Any], ...] = ()) -> tuple[float, float]:
    """Canonical GMACs of a square image and parameters in millions."""
    import torch

    from benchmark.costs.count import canonical_named

    arguments: Mapping[str, Any] = dict(changed)
    gmacs = canonical_named(network, "paper", task, size, **arguments)
    with torch.device("meta"):
        parameters = sum(p.numel() for p in build(network, "paper", task).parameters())
    return gmacs, parameters / 1e6


def _close(measured: float, printed: float) -> bool:
    return abs(measured - printed) <= max(0.05, AGREES * printed)
