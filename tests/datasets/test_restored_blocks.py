"""Restored SIDD blocks as the authors save them: one .mat file, by index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch
from numpy.typing import NDArray

from benchmark.core.errors import BadData
from benchmark.datasets import get_dataset
from benchmark.datasets.restored import open_restored


@pytest.fixture
def clean() -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, 256, (2, 3, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def data(clean: NDArray[Any], tmp_path: Path) -> Any:
    folder = tmp_path / "data/sidd"
    folder.mkdir(parents=True)
    noisy = (255 - clean).astype(np.uint8)
    scipy.io.savemat(folder / "ValidationNoisyBlocksSrgb.mat", {"ValidationNoisyBlocksSrgb": noisy})
    scipy.io.savemat(folder / "ValidationGtBlocksSrgb.mat", {"ValidationGtBlocksSrgb": clean})
    return get_dataset("sidd", tmp_path / "data", keep_going=True)


def saved(tmp_path: Path, **arrays: Any) -> Path:
    (tmp_path / "restored").mkdir()
    scipy.io.savemat(tmp_path / "restored/Idenoised.mat", arrays, do_compression=True)
    return tmp_path / "restored"


@pytest.mark.parametrize("kind", ["uint8", "single", "double"])
def test_blocks_are_read_by_index(kind: str, clean: NDArray[Any], data: Any, tmp_path: Path) -> None:
    values = clean if kind == "uint8" else (clean / 255).astype(kind)
    restored = open_restored(saved(tmp_path, Idenoised=values), data)
    assert restored.problems == []
    assert len(restored) == 6
    for index in range(6):
        pair = restored[index]
        assert torch.allclose(pair.degraded, pair.clean, atol=1e-7)
        assert torch.equal(pair.clean, data[index].clean)


def test_fewer_blocks_are_missing_ones(clean: NDArray[Any], data: Any, tmp_path: Path) -> None:
    restored = open_restored(saved(tmp_path, Idenoised=clean[:1]), data)
    assert "3 missing" in str(restored.problems[0])
    with pytest.raises(BadData, match="none"):
        restored[5]


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"a": np.zeros((2, 3)), "b": np.zeros(4)}, "one array"),
        ({"a": np.zeros((1, 1, 4, 4, 3)), "b": np.zeros((1, 1, 4, 4, 3))}, "one array"),
        ({"a": np.zeros((1, 1, 4, 4, 3), np.int16)}, "int16"),
        ({"a": np.zeros((1, 1, 4, 4, 4))}, "shape"),
    ],
)
def test_other_arrays_are_named(arrays: dict[str, Any], says: str, data: Any, tmp_path: Path) -> None:
    with pytest.raises(BadData, match=says):
        open_restored(saved(tmp_path, **arrays), data)


def test_another_range_is_named(clean: NDArray[Any], data: Any, tmp_path: Path) -> None:
    restored = open_restored(saved(tmp_path, Idenoised=clean.astype(np.float32)), data)
    with pytest.raises(BadData, match=r"values in \[0, 1\]"):
        restored[0]
