"""The laboratory in four calls: the same numbers as the command line, and nothing heavy before one is made."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import benchmark as lab
from benchmark import facade
from benchmark.core.errors import BadMethod, SlkdBenchError, UnknownName
from benchmark.runs.cells import read_cells
from benchmark.runs.command import run
from benchmark.runs.options import RunOptions, RunRequest
from benchmark.views.tables.command import TableRequest


class Dropping(nn.Module):
    """The image in evaluation mode, noise in training mode."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.rand_like(image) if self.training else image


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The degraded input on six images, by the command's own function."""
    run(RunRequest(("identity",), ("rain1400",), out=tmp_path, options=RunOptions(limit=6)))
    return tmp_path


def test_evaluate_gives_what_a_run_gives(runs: Path) -> None:
    (stored,), _ = read_cells(runs, "mini")
    network = Dropping().train()
    cell = lab.evaluate(network, "rain1400", lab.How(limit=6))
    assert [(s.name, s.psnr, s.ssim) for s in cell.scores] == [(s.name, s.psnr, s.ssim) for s in stored.scores]
    assert network.training  # given back as it was
    assert cell.total == stored.total > 6
    assert cell.key["protocol"] == stored.key["protocol"]


def test_padding_and_range_are_the_laboratorys() -> None:
    def picky(image: Tensor) -> Tensor:
        assert image.shape[-1] % 64 == image.shape[-2] % 64 == 0
        assert image.max() > 2
        return image

    how = lab.How(limit=1, multiple=64, value_range="0..255")
    plain = lab.evaluate(lambda image: image, "rain1400", lab.How(limit=1))
    assert lab.evaluate(picky, "rain1400", how).psnr == pytest.approx(plain.psnr, abs=1e-4)


def test_a_wrong_network_or_set_is_one_message() -> None:
    with pytest.raises(BadMethod, match="restored images of shape"):
        lab.evaluate(lambda image: image[..., 1:], "rain1400", lab.How(limit=1))
    with pytest.raises(UnknownName, match="rain1400"):
        lab.evaluate(lambda image: image, "rain1440")


def test_results_are_a_tidy_frame(runs: Path) -> None:
    frame = lab.results(runs)
    assert list(frame.columns) == ["method", "dataset", "seed", "image", "scene", "psnr", "ssim"]
    assert len(frame) == 6
    assert frame.psnr.mean() == pytest.approx(read_cells(runs, "mini")[0][0].psnr)


def test_score_keeps_a_result(tmp_path: Path) -> None:
    images = tmp_path / "restored"
    run(RunRequest(("identity",), ("rain1400",), out=tmp_path / "a", options=RunOptions(limit=2, save_images=images)))
    (folder,) = images.glob("*/identity")
    with pytest.raises(SlkdBenchError):
        lab.score(folder, "rain1400", tmp_path / "b")  # 22 images are missing
    cell = facade.score(folder, "rain1400", tmp_path / "b", keep_going=True)
    assert len(cell.scores) == 2
    assert len(list((tmp_path / "b").rglob("*.json"))) == 1


@pytest.mark.parametrize(
    ("form", "told"),
    [("markdown", "| PReNet"), ("latex", "\\begin{tab"), ("csv", "PReNet,"), ("html", "<td"), ("json", '"rows"')],
)
def test_a_table_in_every_form(form: facade.Form, told: str) -> None:
    assert told in lab.table("III", form, TableRequest(out=Path(__file__).parents[2] / "results/mini"))


def test_an_unknown_form_is_told() -> None:
    with pytest.raises(SlkdBenchError, match="markdown, latex"):
        lab.table("III", "word", TableRequest(out=Path(__file__).parents[2] / "results/mini"))  # type: ignore[arg-type]


def test_the_examples_are_true() -> None:
    failed, tried = doctest.testmod(facade, raise_on_error=False)
    assert (failed, tried > 3) == (0, True)


def test_importing_the_laboratory_imports_nothing_heavy() -> None:
    code = (
        "import sys, benchmark as lab; dir(lab); print([m for m in ('torch', 'numpy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
