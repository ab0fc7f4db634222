"""Every file between pixel and score is changed in a copy of the sources: `check` fails, and `status` says why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.core import sources
from benchmark.datasets import get_dataset
from benchmark.methods.find import get_method
from benchmark.runs.key import network_code, scoring_code
from tests.check.changes import CELLS, CHANGES, FOLDER, WITHOUT_A_SCORE, Change, reason

TOP = Path(__file__).parent.parent.parent
MAKE = """
import json, sys
from pathlib import Path
from benchmark.core.types import Scale, Task
from benchmark.datasets import get_dataset
from benchmark.methods.find import get_method
from benchmark.runs.choose import FolderOptions, open_folder
from benchmark.runs.execute import execute
from benchmark.runs.options import RunOptions
from benchmark.runs.plan import make_plan
out, folder, cells = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
for name, methods in cells.items():
    data = open_folder(folder, FolderOptions("rgb", Task.DERAINING)) if "@" in name else get_dataset(name)
    options = RunOptions() if "@" in name else RunOptions(limit=1)
    plan = make_plan([get_method(m) for m in methods], [data], Scale.MINI, out, seeds=[0], options=options)
    summary = execute(plan, options)
    assert summary.computed and not summary.failed, summary
"""
CHECK = """
import json, sys
from pathlib import Path
from benchmark.check.command import Request, check_command
from benchmark.runs.status import status_of
reference, cells = Path(sys.argv[1]), json.loads(sys.argv[2])
found = status_of(reference)
codes = [check_command(Request(reference, methods=(method,), datasets=(dataset,))) for method, dataset in cells]
print(json.dumps({"codes": codes, "stale": found.stale, "untold": found.untold}))
"""
SAMPLE = ("benchmark/datasets/sources.py", "baselines/networks/prenet.py", "benchmark/datasets/mini/sensor.py")
"""Each moves the scores of another cell, and leaves those of identity on the blurred pairs."""


def python(program: str, house: Path, *arguments: object) -> str:
    environment = {**os.environ, "PYTHONPATH": str(house), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def checked(house: Path, reference: Path, changes: Mapping[str, Change], *cells: tuple[str, str]) -> dict[str, Any]:
    """What `check` and `status` say of `cells` while `changes` hold."""
    before = {file: (house / file).read_text(encoding="utf-8") for file in changes}
    try:
        for file, change in changes.items():
            assert change.old in before[file], f"{file} has no {change.old!r} any more: change something else in it"
            (house / file).write_text(before[file].replace(change.old, change.new), encoding="utf-8")
        found: dict[str, Any] = json.loads(python(CHECK, house, reference, json.dumps(cells)).splitlines()[-1])
    finally:
        for file, source in before.items():
            (house / file).write_text(source, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with what they ship."""
    copy = tmp_path_factory.mktemp("house")
    for package in ("benchmark", "baselines", "slkd", "results"):
        shutil.copytree(TOP / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "cells"))
    return copy


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pairs of odd sizes, one of them in 16 bits."""
    import cv2

    folder = tmp_path_factory.mktemp("data") / "pairs"
    random = np.random.default_rng(3)
    for name, most, kind in (("a1", 255, np.uint8), ("b2", 65535, np.uint16), ("c3", 255, np.uint8)):
        clean = np.kron(random.random((8, 10, 3)), np.ones((5, 5, 1)))[:37, :45]
        degraded = (clean + 0.05 * random.standard_normal(clean.shape)).clip(0, 1)
        for side, image in (("input", degraded), ("target", clean)):
            (folder / side).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(folder / side / f"{name}.png"), np.rint(image * most).astype(kind))
    return folder


def make(house: Path, pairs: Path, out: Path, cells: Mapping[str, tuple[str, ...]]) -> Path:
    python(MAKE, house, out, pairs, json.dumps(cells))
    return out


@pytest.fixture(scope="module")
def reference(house: Path, pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cell of every network, on a set of every kind."""
    return make(house, pairs, tmp_path_factory.mktemp("reference") / "results", CELLS)


def test_every_file_on_the_path_is_changed_or_argued(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[Path] = set()
    walk = sources.imported_from

    def watched(*words: Any) -> dict[str, Path]:
        found = walk(*words)
        seen.update(found.values())
        return found

    monkeypatch.setattr(sources, "imported_from", watched)
    sources.sources_hash.cache_clear()
    try:
        from benchmark.runs.choose import FolderOptions, open_folder

        for name, methods in CELLS.items():
            scoring_code(open_folder(pairs, FolderOptions("rgb")) if name == FOLDER else get_dataset(name))
            for method in (get_method(m) for m in methods):
                if method.network:
                    network_code(method.network)
    finally:
        sources.sources_hash.cache_clear()
    found = {str(path.relative_to(TOP)) for path in seen}
    assert found == CHANGES.keys() | WITHOUT_A_SCORE.keys()
    assert not CHANGES.keys() & WITHOUT_A_SCORE.keys()
    for file, change in CHANGES.items():
        assert change.old in (TOP / file).read_text(encoding="utf-8"), f"{file} has no {change.old!r} any more"
        assert change.method in CELLS[change.dataset]


def test_a_sample_of_changes_fails_each_on_its_own_cell(house: Path, pairs: Path, tmp_path: Path) -> None:
    changes = {file: CHANGES[file] for file in SAMPLE}
    cells = [(change.method, change.dataset) for change in changes.values()] + [("identity", "mini-gopro")]
    by_set: dict[str, tuple[str, ...]] = {}
    for method, dataset in cells:
        by_set[dataset] = (*by_set.get(dataset, ()), method)
    reference = make(house, pairs, tmp_path / "results", by_set)
    found = checked(house, reference, changes, *cells)
    assert found["codes"] == [1, 1, 1, 0]
    assert found["untold"] == {}
    told = {word for words in found["stale"].values() for word in words}
    assert told == {reason(file) for file in SAMPLE}


@pytest.mark.slow
@pytest.mark.parametrize("file", CHANGES)
def test_check_fails_and_status_says_why(house: Path, reference: Path, file: str) -> None:
    change = CHANGES[file]
    found = checked(house, reference, {file: change}, (change.method, change.dataset))
    assert found["codes"] == [1]
    assert found["untold"] == {}
    assert any(reason(file) in reasons for reasons in found["stale"].values()), found["stale"]


@pytest.mark.slow
def test_other_words_alone_change_nothing(house: Path, reference: Path) -> None:
    words = Change("from __future__", "# In other words.\nfrom __future__", "prenet", "mini-rain1400")
    found = checked(house, reference, {"baselines/networks/prenet.py": words}, ("prenet", "mini-rain1400"))
    assert found == {"codes": [0], "stale": {}, "untold": {}}
