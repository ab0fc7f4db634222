from __future__ import annotations

import pytest

from benchmark.claims.complexity.audit import Finding, audit


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
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
