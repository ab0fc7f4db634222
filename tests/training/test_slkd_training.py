"""SLKD itself in the engine: cut off and resumed bit for bit, and the same in two processes as in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark.training.engine import TrainingResult
from benchmark.training.log import read_log
from tests.training.slkd_trainer import slkd
from tests.training.test_processes import TOP, free_port


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, Path]:
    folder = tmp_path_factory.mktemp("unbroken")
    return slkd(folder), folder


def rows(folder: Path) -> list[dict[str, float]]:
    return [
        row["terms"] | {"loss": row["loss"]} for row in read_log(folder / "metrics.jsonl") if row["kind"] == "train"
    ]


def test_cut_off_and_resumed_it_gives_the_same_weights(unbroken: tuple[TrainingResult, Path], tmp_path: Path) -> None:
    result, folder = unbroken
    for last in (6, 13):
        with pytest.raises(OSError, match="cut off"):
            slkd(tmp_path, last)
    resumed = slkd(tmp_path)
    assert resumed.state.keys() == result.state.keys()
    assert all(torch.equal(value, resumed.state[key]) for key, value in result.state.items())
    assert rows(tmp_path) == rows(folder)


def test_two_processes_equal_one_in_every_term(tmp_path: Path) -> None:
    """In the default reading, whose statistics are of the whole batch wherever its parts are.

    The variables are set as torchrun does, which test_processes.py starts with --slow.
    """
    folder = tmp_path / "one"
    result = slkd(folder)
    command = [sys.executable, "-m", "tests.training.slkd_trainer", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment |= {
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
    }
    ranks = [
        subprocess.Popen(
            command, cwd=TOP, env={**environment, "RANK": rank, "LOCAL_RANK": rank}, stderr=subprocess.PIPE
        )
        for rank in ("0", "1")
    ]
    errors = [rank.communicate(timeout=240)[1] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], errors
    one, two = rows(folder), rows(tmp_path)
    assert len(one) == len(two) == 20
    assert one[-1]["loss"] < one[0]["loss"]
    for ours, theirs in zip(two, one, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6, rel=0)
    first, second = (torch.load(tmp_path / f"weights-{rank}.pt", weights_only=True) for rank in (0, 1))
    for key, value in result.state.items():
        assert torch.equal(first[key], second[key])
        assert torch.allclose(first[key], value, atol=1e-6, rtol=0)
