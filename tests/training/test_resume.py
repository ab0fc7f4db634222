"""A run that is killed at any moment and resumed gives the weights of an unbroken one, bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.core.errors import AskedToStop, TrainingStopped
from benchmark.training.engine import TrainingResult
from benchmark.training.log import read_log
from tests.training.trainer import RECIPE, busy

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, Path]:
    folder = tmp_path_factory.mktemp("unbroken")
    return busy(folder), folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(TOP), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.training.trainer", "busy", str(folder)]
    return subprocess.Popen(command, env=environment, cwd=TOP)


def wait_for_step(folder: Path, step: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        if any(row["step"] >= step for row in read_log(folder / "metrics.jsonl")) or process.poll() is not None:
            return
        time.sleep(0.01)
    raise AssertionError("the run did not get going")


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def without_time(folder: Path) -> list[dict[str, object]]:
    return [
        {k: v for k, v in row.items() if k not in ("seconds", "waiting")} for row in read_log(folder / "metrics.jsonl")
    ]


def test_killed_twice_at_random_moments_is_bit_exact(unbroken: tuple[TrainingResult, Path], tmp_path: Path) -> None:
    moments = random.Random()  # a new moment each time the test runs
    for low, high in ((3, 25), (28, 50)):
        process = start(tmp_path)
        wait_for_step(tmp_path, moments.randint(low, high), process)
        time.sleep(moments.random() * 0.03)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "the run ended before it was killed"
    assert (tmp_path / "checkpoint.pt").is_file()
    resumed = busy(tmp_path)
    result, folder = unbroken
    assert same(resumed.state, result.state)
    assert resumed.curve == result.curve
    assert resumed.gradient_norms == result.gradient_norms
    assert without_time(tmp_path) == without_time(folder)


def test_sigterm_saves_at_once_and_says_how_to_go_on(unbroken: tuple[TrainingResult, Path], tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(AskedToStop, match="Give the same command again"):
        busy_with_signal(tmp_path, 17)
    assert signal.getsignal(signal.SIGTERM) is before
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 18
    assert same(busy(tmp_path).state, unbroken[0].state)


def test_a_signal_with_the_last_step_is_meant_for_what_follows_too(tmp_path: Path) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        busy_with_signal(tmp_path, RECIPE.iterations - 1)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == RECIPE.iterations


def busy_with_signal(folder: Path, at: int) -> None:
    from benchmark.training import run

    original = run.Run.advance

    def advance(self: run.Run, *arguments: Any) -> Any:
        if self.step == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.Run, "advance", advance)
        busy(folder, seconds=1e9)


def test_another_recipe_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    from benchmark.training.checkpoint import load_checkpoint

    busy(tmp_path)
    with pytest.raises(TrainingStopped, match="--fresh"):
        load_checkpoint(tmp_path / "checkpoint.pt", {"recipe": replace(RECIPE, lr=1.0).as_dict()})


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    busy(tmp_path)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingStopped, match="--fresh"):
        busy(tmp_path)


def test_the_teacher_is_not_in_the_checkpoint(tmp_path: Path) -> None:
    busy(tmp_path)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["objective"]
    assert not any(name.startswith("teacher.") for name in saved)
    assert any(name.startswith("student.") and "running_mean" in name for name in saved)
    assert {"adapter.weight", "_extra_state"} <= saved.keys()
