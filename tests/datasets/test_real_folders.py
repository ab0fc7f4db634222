"""Real pairs, where SLKD_BENCH_REAL names the folder that holds them."""

import os
from pathlib import Path

import pytest

from benchmark.datasets import verify
from tests.datasets.trees import on_disk

REAL = os.environ.get("SLKD_BENCH_REAL", "")


@pytest.mark.real
@pytest.mark.skipif(not REAL, reason="SLKD_BENCH_REAL is not set")
@pytest.mark.parametrize(
    ("name", "count"), [("rain100l", 20), ("gopro", 1), ("sidd-small", 60), ("polyu", 20), ("ddn-rain1400", 1)]
)
def test_real_folders_are_whole(name: str, count: int) -> None:
    data = on_disk(Path(REAL) / name)
    assert len(data) == count
    assert verify.problems(data) == []
    assert data[0].clean.max() <= 1
    assert float(data[0].degraded.mean()) == pytest.approx(float(data[0].clean.mean()), abs=0.1)
