"""Numbers in print: a small one keeps its figures, and none is made up."""

from __future__ import annotations

import pytest

from benchmark.core.numbers import decimal, gigas, millions


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (26_126_644, "26.1M"),
        (1_000_000, "1.0M"),
        (119_855, "0.120M"),
        (9_999, "0.0100M"),
        (29, "0.000029M"),
        (0, "0.0M"),
    ],
)
def test_parameters_in_millions(parameters: int, text: str) -> None:
    assert millions(parameters / 1e6) == text


@pytest.mark.parametrize(
    ("macs", "text"),
    [(176.7, "176.7G"), (3.537, "3.54G"), (0.35, "0.350G"), (0.010223616, "0.0102G"), (6.4e-8, "0.000000064G")],
)
def test_multiply_accumulates(macs: float, text: str) -> None:
    assert gigas(macs) == text


def test_what_is_no_number_stays_so() -> None:
    assert decimal(float("nan"), 2) == "nan"
    assert decimal(-0.00123, 1) == "-0.00123"
