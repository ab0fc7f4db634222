"""From the official layout of every test set to a score in a table, with a method that needs no weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.datasets import describe, get_dataset
from benchmark.images.io import read_uint8
from tests.datasets.trees import TREES

TESTED = [(id, layout) for id, layout in TREES if describe(id).role == "test"]


def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *more: str, code: int = 0
) -> tuple[str, dict[str, Any]]:
    monkeypatch.setenv("SLKD_BENCH_DATA", str(tmp_path / "data"))
    words = ["run", "--method", "identity", "--dataset", name, "--scale", "paper", "--device", "cpu"]
    words += ["--out", str(tmp_path / "runs"), *more]
    result = CliRunner().invoke(app, words, catch_exceptions=False, env={"COLUMNS": "100"})
    assert result.exit_code == code, result.output
    files = [json.loads(path.read_text()) for path in sorted((tmp_path / "runs/cells").rglob("*.json"))]
    assert len(files) == 1
    return result.output, files[0]


@pytest.mark.parametrize(("name", "layout"), TESTED)
def test_from_official_layout_to_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect: Callable[..., None], name: str, layout: str
) -> None:
    names = TREES[name, layout](tmp_path / "data" / describe(name).folder)
    expect(name, len(names))
    output, cell = run(tmp_path, monkeypatch, name)
    assert [image["name"] for image in cell["scores"]] == names
    assert cell["key"]["protocol"].startswith(describe(name).protocol + "@")
    assert cell["key"]["data"] == get_dataset(name, tmp_path / "data").fingerprint()
    mean = np.mean([image["psnr"] for image in cell["scores"]])
    assert f"{mean:.2f}" in output


def test_the_number_is_the_plain_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect: Callable[..., None]
) -> None:
    names = TREES["polyu", "official"](tmp_path / "data/polyu")
    expect("polyu", len(names))
    _, cell = run(tmp_path, monkeypatch, "polyu")
    for image in cell["scores"]:
        folder = tmp_path / "data/polyu/CroppedImages"
        noisy, clean = (read_uint8(folder / f"{image['name']}_{kind}.JPG").astype(float) for kind in ("real", "mean"))
        assert image["psnr"] == pytest.approx(10 * np.log10(255**2 / np.mean((noisy - clean) ** 2)), abs=1e-4)
