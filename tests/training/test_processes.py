"""Two processes over gloo give the loss curve of one process with the whole batch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.training.log import read_log

TOP = Path(__file__).parents[2]


def losses(folder: Path) -> list[float]:
    return [row["loss"] for row in read_log(folder / "metrics.jsonl") if row["kind"] == "train"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_batch_in_parts_gives_the_same_steps(tmp_path: Path) -> None:
    from tests.training.trainer import plain

    assert plain(tmp_path / "one").accumulated == 1
    assert plain(tmp_path / "parts", accumulate=4).accumulated == 4
    assert losses(tmp_path / "parts") == pytest.approx(losses(tmp_path / "one"), abs=1e-6, rel=0)


@pytest.mark.slow
@pytest.mark.parametrize("parts", [1, 2])
def test_two_processes_equal_one_with_twice_the_batch(tmp_path: Path, parts: int) -> None:
    """The quick suite does the same with SLKD: `test_two_processes_equal_one_in_every_term`."""
    from tests.training.trainer import plain

    plain(tmp_path / "one")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_addr=127.0.0.1"]
    command += [
        f"--master_port={free_port()}",
        "-m",
        "tests.training.trainer",
        "plain",
        str(tmp_path / "two"),
        str(parts),
    ]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == len(two) == 20
    assert one[0] > one[-1]
    assert two == pytest.approx(one, abs=1e-6, rel=0)


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.core.errors import TrainingStopped
    from benchmark.training import distributed, engine
    from benchmark.training.engine import Member, TrainingData
    from benchmark.training.recipe import Recipe
    from tests.training.blobs import Blobs, Plain, Small

    monkeypatch.setattr(distributed, "start", lambda device: (0, 2))
    with pytest.raises(TrainingStopped, match="--batch"):
        engine.train(Member(Plain(Small()), tmp_path), TrainingData(Blobs()), Recipe(2, batch=3))
