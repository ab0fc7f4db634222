"""One file of each kind between pixel and score is changed in a copy of the sources: `check` fails, `status` says why.

The files are some of those of tests/runs/test_key.py; each change moves scores and lets the code run on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.runs.test_key import FOLDER, ON_THE_PATH

TOP = Path(__file__).parent.parent.parent
MAKE = """
import sys
from pathlib import Path
from benchmark.core.types import Scale, Task
from benchmark.datasets import get_dataset
from benchmark.methods.find import get_method
from benchmark.runs.choose import FolderOptions, open_folder
from benchmark.runs.execute import execute
from benchmark.runs.options import RunOptions
from benchmark.runs.plan import make_plan
out, folder, options = Path(sys.argv[1]), Path(sys.argv[2]), RunOptions(limit=2)
for methods, data in (
    (["identity"], open_folder(folder, FolderOptions("rgb", Task.DENOISING))),
    (["identity", "prenet", "res-sl-slkd"], get_dataset("mini-rain1400")),
):
    plan = make_plan([get_method(m) for m in methods], [data], Scale.MINI, out, seeds=[0], options=options)
    summary = execute(plan, options)
    assert summary.computed and not summary.failed, summary
"""
CHECK = """
import json, sys
from pathlib import Path
from benchmark.check.command import Request, check_command
from benchmark.runs.status import status_of
reference = Path(sys.argv[1])
found = status_of(reference)
print(json.dumps({"rc": check_command(Request(reference)), "stale": found.stale, "untold": found.untold}))
"""
CHANGES = {
    "network": ("baselines/networks/prenet.py", "return self.stages(image)[-1]", "return self.stages(image)[-1] - 0.01"),
    "shape helper": ("baselines/networks/shape/pyramid.py", "x = encoder[3]\n", "x = 1.1 * encoder[3]\n"),
    "fast form": ("baselines/networks/fast/transformers.py", "similarity.softmax(-1)", "similarity.mul(2).softmax(-1)"),
    "protocol": ("benchmark/protocols/batched.py", "image.mul_(255).round_()", "image.mul_(254).round_()"),
    "table of protocols": ("benchmark/protocols/table.py", "Channel.Y_ROUNDED", "Channel.RGB"),
    "decoding": ("benchmark/images/io.py", "255.0 if values.dtype", "256.0 if values.dtype"),
    "generator": ("benchmark/datasets/mini/rain.py", "return fall(", "return 0.95 * fall("),
    "coding": ("benchmark/methods/weights/coding.py", "* scale.float()[:, None]).view", "* scale.float()[:, None] * 1.1).view"),
    "harness": ("benchmark/runs/restore.py", "return self.restorer(degraded)", "return self.restorer(degraded) * 0.99"),
    "scoring of a batch": ("benchmark/runs/scoring.py", "score_batch(restored, clean)", "score_batch(restored * 0.99, clean)"),
}  # fmt: skip
WHY = {
    "network": "the code of the network",
    "shape helper": "the code of the network",
    "fast form": "the code that loads weights",
    "protocol": "the code of the protocol",
    "table of protocols": "the code of the protocol",
    "decoding": "the code that reads or makes the images",
    "generator": "the code that reads or makes the images",
    "coding": "the code that loads weights",
    "harness": "the code that restores and scores",
    "scoring of a batch": "the code that restores and scores",
}


def python(program: str, house: Path, *arguments: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(house), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def checked(house: Path, reference: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(python(CHECK, house, reference).splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with what they ship."""
    copy = tmp_path_factory.mktemp("house")
    for package in ("benchmark", "baselines", "slkd", "results"):
        shutil.copytree(TOP / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "cells"))
    return copy


@pytest.fixture(scope="module")
def reference(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images of a mini set under a network whose weights are halves and one whose weights are bytes, and a folder."""
    base = tmp_path_factory.mktemp("reference")
    for side in ("input", "target"):
        (base / "pairs" / side).mkdir(parents=True)
        for i in range(2):
            pixels = np.random.default_rng((i, len(side))).integers(0, 256, (32, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(base / "pairs" / side / f"{i}.png")
    python(MAKE, house, base / "results", base / "pairs")
    return base / "results"


def test_the_files_that_are_changed_stand_on_the_path_from_pixel_to_score() -> None:
    known = set().union(*ON_THE_PATH.values(), FOLDER, {"benchmark/images/io.py"})
    assert {file for file, _, _ in CHANGES.values()} <= known
    assert CHANGES.keys() == WHY.keys()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [None, *CHANGES])
def test_check_fails_and_status_says_why(house: Path, reference: Path, kind: str | None) -> None:
    if kind is None:  # nothing is changed but words
        file, old, new = "baselines/networks/prenet.py", "from __future__", "# In other words.\nfrom __future__"
    else:
        file, old, new = CHANGES[kind]
    source = (house / file).read_text(encoding="utf-8")
    assert old in source, f"{file} has no {old!r} any more: change something else in it"
    (house / file).write_text(source.replace(old, new), encoding="utf-8")
    try:
        found = checked(house, reference)
    finally:
        (house / file).write_text(source, encoding="utf-8")
    assert found["untold"] == {}
    assert found["rc"] == (0 if kind is None else 1)
    if kind is None:
        assert found["stale"] == {}
    else:
        assert any(WHY[kind] in reasons for reasons in found["stale"].values()), found["stale"]
