"""A copy of the reference data that a test may change, and cells that a test makes up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.claims import ledger
from benchmark.core import paths
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell

TRUE = paths.results()


def forget() -> None:
    ledger._ledger.cache_clear()
    ledger._plain.cache_clear()
    ledger._others.cache_clear()


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Ledgers, published results and costs, copied; everything reads them from there."""
    root = tmp_path / "reference"
    for name in ("paper", "costs"):
        shutil.copytree(TRUE / name, root / name)
    shutil.copy(TRUE / "published.json", root)
    monkeypatch.setattr(paths, "results", lambda: root)
    forget()
    yield root
    forget()


@pytest.fixture
def edit() -> Callable[[Path, Callable[[Any], None]], None]:
    """Changes a JSON file by a function, and forgets what was read before."""

    def change(path: Path, by: Callable[[Any], None]) -> None:
        raw = json.loads(path.read_text())
        by(raw)
        path.write_text(json.dumps(raw))
        forget()

    return change


def put(
    out: Path,
    method: str,
    dataset: str,
    psnr: np.ndarray,
    ssim: np.ndarray | None = None,
    *,
    seed: int = 0,
    per_scene: int = 10,
    protocol: str = "rain13k-y",
    **key: object,
) -> None:
    """Writes a cell of these per-image scores, `per_scene` images a scene."""
    scale = "mini" if dataset.startswith("mini-") else "paper"
    ssims = psnr / 40 if ssim is None else ssim
    scores = tuple(
        ImageScore(f"{i}", f"scene-{i // per_scene}", float(p), float(s))
        for i, (p, s) in enumerate(zip(psnr, ssims, strict=True))
    )
    known: dict[str, Any] = {"limit": None, "data": "d", "protocol": f"{protocol}@1", **key}
    path = cell_path(out, method, dataset, scale, seed, known["limit"])
    write_cell(path, Cell(method, dataset, scale, seed, known, {}, scores))


def around(mean: float, count: int, spread: float = 1.0, seed: int = 0) -> np.ndarray:
    """`count` values whose mean is exactly `mean`."""
    values = np.random.default_rng(seed).normal(0, spread, count)
    result: np.ndarray = values - values.mean() + mean
    return result
