"""The example of distilling one's own network is run as a person runs it, and its weights are the network's own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import torch

TOP = Path(__file__).parent.parent.parent
SCRIPT = TOP / "examples" / "distil_my_network" / "distil.py"


def test_it_distils_and_writes_plain_weights(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--steps", "40"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(TOP)},
    )
    assert done.returncode == 0, done.stderr
    reached = {name: float(value) for name, value in re.findall(r"^(\w+) ([\d.]+) dB", done.stdout, re.MULTILINE)}
    assert reached["student"] > reached["degraded"] + 0.5
    first, *_, last = (
        dict(re.findall(r"(\w+) ([\d.]+)", line)) for line in done.stdout.splitlines() if "pixel" in line
    )
    assert set(first) == {"pixel", "kl", "nc", "et"}
    assert all(float(last[name]) < float(first[name]) for name in first)
    spec = importlib.util.spec_from_file_location("distil", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    student = example.UNet(8)
    student.load_state_dict(torch.load(tmp_path / "student.pt", weights_only=True))
    assert abs(example.psnr(student) - reached["student"]) < 0.02
