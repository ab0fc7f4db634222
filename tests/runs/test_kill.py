"""`run` is killed (SIGKILL) at moments drawn from a seed, and given again: every file as of an unbroken run, nothing over."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TOP = Path(__file__).parents[2]
COUNT = 64


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    base = tmp_path / "toy"
    for side in ("input", "target"):
        (base / side).mkdir(parents=True)
        for i in range(COUNT):
            pixels = np.random.default_rng((i, len(side))).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(base / side / f"{i:02}.png")
    return base


def start(pairs: Path, out: Path) -> subprocess.Popen[bytes]:
    words = ["-m", "identity", "-m", "prenet", "-d", str(pairs), "--protocol", "rgb", "--task", "deraining"]
    words += ["--device", "cpu", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "from benchmark.cli import main; main()", "run", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tree(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_to_the_same_files(pairs: Path, tmp_path: Path) -> None:
    before = time.monotonic()
    assert start(pairs, tmp_path / "whole").wait() == 0
    seconds, whole = time.monotonic() - before, tree(tmp_path / "whole")
    assert len(whole) == 2
    moments, killed = random.Random(17), 0
    for _ in range(3):
        process = start(pairs, tmp_path / "killed")
        time.sleep(moments.uniform(0.3, 0.95) * seconds)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        found = tree(tmp_path / "killed") if (tmp_path / "killed").exists() else {}
        assert all(found[name] == whole[name] for name in found.keys() & whole.keys())  # a result is whole or not there
    assert killed
    assert start(pairs, tmp_path / "killed").wait() == 0
    assert tree(tmp_path / "killed") == whole
