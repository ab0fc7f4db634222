"""A network is added by one file in a folder: it is listed, counted, trained, run and conforms like a shipped one."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.methods import networks
from benchmark.methods.declared import NETWORKS as FOLDERS
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from tests.training.jobs import use_blobs

FILE = '''"""A network of one convolution, with a loss of its own."""

from torch import Tensor, nn

from baselines.networks.spec import NetworkSpec
from baselines.objective import Objective


class Tiny(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, image: Tensor) -> Tensor:
        return image + self.body(image)


class Cubic(Objective):
    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        return {"cubic": (self.student(degraded) - clean).abs().pow(3).mean()}


SPEC = NetworkSpec(
    id="tiny",
    title="Tiny-Net",
    network=":Tiny",
    paper="Nobody, 2026",
    year=2026,
    tasks=("denoising",),
    arguments={"paper": {"width": 8}, "mini": {"width": 4}},
    objective=":Cubic",
    mini_recipe={"iterations": 2, "batch": 2, "patch": 16},
)
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDERS, str(tmp_path / "nets"))
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "tiny.py").write_text(FILE)
    return tmp_path


def said(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_is_listed_and_profiled(own: Path) -> None:
    assert "Tiny-Net" in said("list", "methods")
    assert "tiny" in said("profile", "tiny", "--size", "64")


PAPER = {
    "paper.json": """{"id": "mine", "short": "Mine", "title": "A Network of Mine", "source": "Nobody, 2026", "scope": "Table 1",
        "complete": true, "states": {}}""",
    "table-1.json": """{"table": "1", "provenance": "measured by the authors",
        "columns": {"SIDD": {"metrics": ["psnr", "ssim"], "dataset": "sidd", "protocol": "rgb-float-volumetric"}},
        "rows": [{"row": "Tiny", "method": "tiny", "cells": {"SIDD": "36.50/0.970"}}]}""",
    "shown.toml": """[[table]]
        id = "1"
        caption = "One network on SIDD."
        columns = ["sidd"]
        section = [{ rows = ["tiny"] }]""",
}


def test_a_papers_folder_shows_it_and_judges_it(own: Path) -> None:
    folder = own / "home" / "papers" / "mine"
    folder.mkdir(parents=True)
    for name, text in PAPER.items():
        (folder / name).write_text(text)
    scores = tuple(ImageScore(f"{i}", f"{i}", 36.2 + i % 2 / 10, 0.97) for i in range(1280))
    key = {"limit": None, "protocol": "rgb-float-volumetric@1", "data": "d"}
    write_cell(cell_path(Path("runs"), "tiny", "sidd", "paper"), Cell("tiny", "sidd", "paper", 0, key, {}, scores))
    shown = said("table", "1", "--paper", "mine", "--scale", "paper", "--out", "runs")
    assert "Tiny-Net" in shown
    assert "36.25/0.970" in shown
    judged = said("verdict", "--paper", "mine", "--scale", "paper", "--out", "runs")
    assert "36.50" in judged
    assert "36.25" in judged


def test_it_is_trained_by_its_own_loss(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_blobs(monkeypatch, pairs=False)
    said("train", "tiny", "--task", "denoising")
    (card,) = (own / "home" / "weights").rglob("tiny.json")
    assert '"objective": ":Cubic"' in card.read_text()


@pytest.mark.slow
def test_it_is_trained_and_run(own: Path) -> None:
    said("train", "tiny", "--task", "denoising")
    output = said("run", "--method", "tiny", "--dataset", "sidd", "--limit", "1", "--out", "runs")
    assert "tiny on mini-sidd" in output


def test_it_conforms(own: Path) -> None:
    from tests.networks import test_conformance as conformance

    spec = networks.networks()["tiny"]
    torch.manual_seed(0)
    conformance.test_any_size_and_batch(spec)
    conformance.test_features_end_in_the_restored_image(spec)
    conformance.test_a_checkpoint_goes_round(spec, "denoising")
    conformance.test_its_cost_is_counted(spec)
    conformance.test_one_step_of_its_objective_trains_it(spec)
    conformance.test_bf16_restores_nearly_what_fp32_does(spec)
    for form in conformance.FORMS:
        conformance.test_no_tensor_is_made_elsewhere_and_nothing_waits(spec, form)
        conformance.test_gradients_are_finite_and_in_bf16_near_those_of_fp32(spec, form)
