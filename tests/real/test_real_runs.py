"""Real pairs and the authors' weights through the command line, beside a computation that shares no code with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.runs.cells import FOLDERS, Cell, cell_path, read_cell
from tests.real import plain

pytestmark = pytest.mark.real
TOP = Path(__file__).parent.parent.parent
Scorer = Callable[[plain.Array, plain.Array], tuple[float, float]]


def slkd(*arguments: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=1500,
        env={**os.environ, "PYTHONPATH": str(TOP)},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def run(base: Path, method: str, protocol: str, cwd: Path, *more: str) -> Cell:
    slkd(
        "run",
        "-m",
        method,
        "--scale",
        "paper",
        "-d",
        base,
        "--protocol",
        protocol,
        "--out",
        "r",
        "--save-images",
        "images",
        *more,
        cwd=cwd,
    )
    return read_cell(next((cwd / "r" / "cells" / "folders").glob(f"*/{method}*.json")))


def pair(base: Path, name: str) -> tuple[plain.Array, plain.Array]:
    both = (next((base / side).glob(f"{name}.*")) for side in ("input", "target"))
    first, second = (plain.read(path) for path in both)
    return first, second


def same(cell: Cell, found: dict[str, tuple[float, float]], decibels: float = 1e-4, ssim: float = 1e-6) -> None:
    assert [score.name for score in cell.scores] == sorted(found)
    for score in cell.scores:
        assert score.psnr == pytest.approx(found[score.name][0], abs=decibels)
        assert score.ssim == pytest.approx(found[score.name][1], abs=ssim)
    print(f"\n{cell.method} on {cell.dataset}: {cell.psnr:.4f} dB, {cell.ssim:.6f}, {len(cell.scores)} images")


@pytest.mark.parametrize(
    ("folder", "protocol", "scorer", "count"),
    [
        ("sidd-small", "rgb-float-volumetric", plain.rgb_float_volumetric, 60),
        ("polyu", "rgb-uint8-volumetric", plain.rgb_volumetric, 20),
        ("rain100l", "rain13k-y", plain.rain13k_y, 20),
    ],
)
def test_the_degraded_input(folder: str, protocol: str, scorer: Scorer, count: int, real: Path, tmp_path: Path) -> None:
    cell = run(real / folder, "identity", protocol, tmp_path)
    assert len(cell.scores) == count
    names = [path.stem for path in (real / folder / "input").iterdir()]
    same(cell, {name: scorer(*pair(real / folder, name)) for name in names})


def restored_by_hand(network: torch.nn.Module, degraded: plain.Array) -> plain.Array:
    """One forward pass, rounded to bytes."""
    image = torch.from_numpy(degraded / 255).float().permute(2, 0, 1)[None]
    with torch.no_grad():
        output = network.eval()(image)[0].clamp(0, 1).mul(255).round()
    result: plain.Array = output.permute(1, 2, 0).double().numpy()
    return result


def test_prenet_on_rain100l(real: Path, tmp_path: Path) -> None:
    from baselines.networks.prenet import from_authors
    from benchmark.methods.networks import build

    weights = real / "weights" / "prenet" / "rain100l.pth"
    slkd("weights", "import", "prenet", weights, cwd=tmp_path)
    cell = run(real / "rain100l", "prenet", "rain13k-y", tmp_path, "--task", "deraining")
    saved = tmp_path / "images" / "rain100l-folder" / "prenet"
    clean = {score.name: pair(real / "rain100l", score.name)[1] for score in cell.scores}
    same(cell, {name: plain.rain13k_y(plain.read(saved / f"{name}.png"), clean[name]) for name in sorted(clean)})
    assert 37.5 < cell.psnr < 38.5

    network = build("prenet", "paper", "deraining")
    network.load_state_dict(from_authors(torch.load(weights, map_location="cpu", weights_only=True)))
    for score in cell.scores[:3]:
        by_hand = plain.rain13k_y(restored_by_hand(network, pair(real / "rain100l", score.name)[0]), clean[score.name])
        assert score.psnr == pytest.approx(by_hand[0], abs=0.01)
        assert score.ssim == pytest.approx(by_hand[1], abs=0.0005)

    slkd(
        "score",
        saved,
        "-d",
        real / "rain100l",
        "--protocol",
        "rain13k-y",
        "--name",
        "again",
        "--out",
        "r",
        cwd=tmp_path,
    )
    again = read_cell(cell_path(tmp_path / "r", "again", "rain100l-folder@rain13k-y", FOLDERS))
    assert [s.psnr for s in again.scores] == pytest.approx([s.psnr for s in cell.scores], abs=1e-9)
    assert [s.ssim for s in again.scores] == pytest.approx([s.ssim for s in cell.scores], abs=1e-9)


def test_dmphn_on_gopro(real: Path, tmp_path: Path) -> None:
    slkd("weights", "import", "dmphn", *sorted((real / "weights" / "dmphn_1_2_4").glob("*.pkl")), cwd=tmp_path)
    cell = run(real / "gopro", "dmphn", "rgb-uint8-volumetric", tmp_path, "--task", "deblurring")
    saved = tmp_path / "images" / "gopro-folder" / "dmphn"
    degraded, clean = pair(real / "gopro", cell.scores[0].name)
    image = plain.read(saved / f"{cell.scores[0].name}.png")
    same(cell, {cell.scores[0].name: plain.rgb_volumetric(image, clean)})
    assert cell.psnr > plain.psnr(degraded, clean) + 5
    assert np.abs(image - degraded).mean() > 1
