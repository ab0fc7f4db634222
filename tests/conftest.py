"""Options and fixtures of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.datasets import passport

LONGEST = (  # modules of some ten seconds and more: first, so that two workers end together
    "docs/test_tutorials",
    "networks/test_conformance",
    "claims/test_verdicts",
    "real/test_real_runs",
    "networks/test_authors",
    "training/test_precision",
    "cli/test_cli",
    "training/test_waiting",
    "runs/test_sharing",
    "studies/inspection/test_inspection",
    "examples/test_distil_my_network",
    "runs/test_tiling",
    "studies/plans/test_plans",
    "training/test_slkd_training",
    "training/test_resume",
    "check/test_check",
    "claims/test_commands",
    "slkd/test_compiled",
    "training/test_together",
    "costs/test_audit",
    "examples/test_local_mean",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    real = os.environ.get("SLKD_BENCH_REAL")
    items.sort(key=_rank)
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))
        if "real" in item.keywords and not real:
            item.add_marker(pytest.mark.skip(reason="needs real pairs and weights in SLKD_BENCH_REAL"))
        if "gpu" in item.keywords and not _has_gpu():
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _rank(item: pytest.Item) -> int:
    name = os.path.relpath(item.path.with_suffix(""), Path(__file__).parent)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real pairs and weights."""
    return Path(os.environ["SLKD_BENCH_REAL"])


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or touches the weights and data sets of whoever runs it."""
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("SLKD_BENCH_DATA", raising=False)
    monkeypatch.delenv("SLKD_BENCH_WEIGHTS", raising=False)


@pytest.fixture
def expect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`expect(name, count, **changes)`: a passport that expects as many pairs as a small tree has, for one test."""
    table = dict(passport.passports())
    monkeypatch.setattr("benchmark.datasets.passports", lambda: table)

    def change(name: str, count: int, **changes: Any) -> None:
        table[name] = replace(table[name], **{"counts": (count,), "sizes": (), **changes})

    return change
