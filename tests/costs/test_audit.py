"""Networks counted at full size: against fvcore's published convention, and against what a paper printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from benchmark.claims.complexity.audit import Finding, audit
from benchmark.costs import count

KNOWN = [  # network, task, changed arguments, GMAC of the authors' code by fvcore at 512 x 512
    ("restormer", "deraining", {}, 619.528),
    ("restormer", "denoising", {}, 619.528),
    ("res-sl", "deraining", {}, 85.023),
    ("uformer", "deraining", {}, 347.563),
    ("ufor-sl", "deraining", {}, 57.083),
    ("drsformer", "deraining", {}, 971.957),
    ("drs-sl", "deraining", {}, 132.003),
    ("mprnet", "deraining", {}, 564.957),
    ("prenet", "deraining", {}, 264.996),
    ("prenet", "deraining", {"stages": 4}, 176.664),
    ("rcdnet", "deraining", {}, 842.470),
    ("dmphn", "deblurring", {}, 195.438),
    ("dmphn", "deblurring", {"patches": (1, 2, 4, 8)}, 260.584),
    ("mt-rnn", "deblurring", {}, 579.108),
    ("vdn", "denoising", {}, 147.925),
    ("deamnet", "denoising", {}, 583.547),
    ("deamnet", "denoising", {"channels": 1}, 582.943),
]


@pytest.mark.parametrize(("network", "task", "changed", "gmacs"), KNOWN)
def test_full_size_counts(
    network: str, task: str, changed: dict[str, Any], gmacs: float, counted: Callable[..., float]
) -> None:
    assert counted(network, "paper", task, **changed) == pytest.approx(gmacs, abs=6e-4)


@pytest.mark.parametrize(("task", "gmacs"), [("deblurring", 3040), ("denoising", 2294)])
def test_the_larger_variants_of_mprnet(task: str, gmacs: float, counted: Callable[..., float]) -> None:
    assert counted("mprnet", "paper", task) == pytest.approx(gmacs, abs=0.5)


@pytest.fixture(scope="module")
def counted() -> Iterator[Callable[..., float]]:
    """`canonical_named`, for the audit too: each network is counted once."""
    canonical_named = count.canonical_named

    @cache
    def once(name: str, scale: str, task: str | None, size: int, changed: tuple[tuple[str, Any], ...]) -> float:
        return canonical_named(name, scale, task, size, **dict(changed))

    def shared(name: str, scale: str, task: str | None = None, size: int = 512, **changed: Any) -> float:
        return once(name, scale, task, size, tuple(sorted(changed.items())))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(count, "canonical_named", shared)
        yield shared


@pytest.fixture(scope="module")
def findings(counted: Callable[..., float]) -> dict[str, Finding]:
    return {f"{f.claim.table} {f.claim.row}": f for f in audit()}


def test_table_i_agrees_to_the_printed_digit(findings: dict[str, Finding]) -> None:
    printed = {
        "Restormer": "619.5/26.1",
        "Res-SL": "85.0/3.5",
        "Uformer": "347.6/50.9",
        "Ufor-SL": "57.1/7.9",
        "DRSformer": "972.0/33.7",
        "DRS-SL": "132.0/4.6",
    }
    for row, text in printed.items():
        found = findings[f"I {row}"]
        assert found.agrees
        assert f"{found.gmacs:.1f}/{found.parameters:.1f}" == text


@pytest.mark.parametrize("row", ["RCDNet", "MT-RNN", "VDN", "MPRNet, deraining", "Res-SL", "Ufor-SL", "DRS-SL"])
def test_rows_of_table_iii_that_agree(row: str, findings: dict[str, Finding]) -> None:
    assert findings[f"III {row}"].agrees


@pytest.mark.parametrize(
    ("row", "explanation"),
    [
        ("PReNet", "176.7 = 4 stages"),
        ("DeamNet", "582.9 = one channel"),
        ("MPRNet, deblurring", "565.0 = the deraining variant"),
        ("MPRNet, denoising", "565.0 = the deraining variant"),
    ],
)
def test_rows_that_something_else_explains(row: str, explanation: str, findings: dict[str, Finding]) -> None:
    assert not findings[f"III {row}"].agrees
    assert findings[f"III {row}"].explanation == explanation


def test_nothing_explains_dmphn(findings: dict[str, Finding]) -> None:
    assert not findings["III DMPHN"].agrees
    assert findings["III DMPHN"].explanation is None
    assert findings["III DMPHN"].tried >= 10


def test_only_these_differ(findings: dict[str, Finding]) -> None:
    assert sum(not f.agrees for f in findings.values()) == 5
