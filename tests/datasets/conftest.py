"""Passports that expect as many pairs as a small tree has."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmark.datasets import passport


@pytest.fixture
def expect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`expect(id, count, **changes)` changes a passport for one test."""
    table = dict(passport.passports())
    monkeypatch.setattr("benchmark.datasets.passports", lambda: table)

    def change(id: str, count: int, **changes: object) -> None:
        table[id] = replace(table[id], counts=(count,), **{"sizes": (), **changes})

    return change
