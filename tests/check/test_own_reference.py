"""A reference of somebody's own network on somebody's own folder: made, held, broken, taken over."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.check.command import Request, check_command
from benchmark.check.findings import Case, Finding, Severity
from benchmark.check.github import write_summary
from benchmark.check.initial import make_reference
from benchmark.check.scores import Cause, Tolerance, compare_scores, compare_scoring
from benchmark.check.tolerance import change
from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Task
from benchmark.runs.cells import FOLDERS, Cell, ImageScore, cell_path, read_stored
from benchmark.runs.options import RunOptions, RunRequest

NET = "tests.methods.nets:Smooth"


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A reference of the network with its checkpoint on a folder of six pairs, all in one place that may move."""
    for side in ("input", "target"):
        (tmp_path / "data" / side).mkdir(parents=True)
    for i in range(6):
        rng = np.random.default_rng(i)
        clean = np.kron(rng.integers(40, 210, (4, 5, 3)), np.ones((6, 6, 1)))
        noisy = np.clip(clean + rng.normal(0, 20, clean.shape), 0, 255)
        for side, pixels in (("input", noisy), ("target", clean)):
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "data" / side / f"{i}.png")
    save(tmp_path, 0.3)
    method = f"mine={NET}@weights={tmp_path / 'net.pth'}"
    options = RunOptions("cpu")
    request = RunRequest(
        (method,),
        (f"private={tmp_path / 'data'}",),
        out=tmp_path / "reference",
        protocol="rgb",
        task=Task.DENOISING,
        options=options,
    )
    assert make_reference(request).computed == 2
    return tmp_path / "reference"


def save(base: Path, weight: float) -> None:
    torch.save({"state_dict": {"module.weight": torch.tensor(weight)}}, base / "net.pth")


def cell(reference: Path) -> Cell:
    return read_stored(cell_path(reference, "mine", "private@rgb", FOLDERS))


def test_a_reference_holds_itself_alone_and_passes(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(Request(reference)) == 0
    assert "3 checked" in (said := capsys.readouterr().out)  # the input, the network, its cost
    assert "3 as in the reference" in said
    assert json.loads((reference / "costs/own.json").read_text())["methods"]["mine"]["parameters"] == 1


def test_a_worse_network_fails_and_its_remedy_runs(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = cell(reference).psnr
    save(reference.parent, 0.05)
    assert check_command(Request(reference)) == 1
    said = capsys.readouterr().out
    assert f"--reference {reference} --accept mine" in said
    assert f"slkd-bench run --method mine={NET}@weights={reference.parent / 'net.pth'}" in said
    assert f"--dataset private={reference.parent / 'data'} --protocol rgb --task denoising --out {reference}" in said
    assert cell(reference).psnr == before
    assert check_command(Request(reference, accept=("mine",))) == 0
    assert "Taken over" in capsys.readouterr().out
    assert cell(reference).psnr < before - 0.5
    assert check_command(Request(reference)) == 0


def test_a_better_network_is_told_and_accepted(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(reference.parent, 0.5)
    assert check_command(Request(reference)) == 0
    assert "PSNR rose by" in capsys.readouterr().out
    assert check_command(Request(reference, update=True)) == 0
    assert check_command(Request(reference)) == 0
    assert "0 better" in capsys.readouterr().out


def test_other_data_fails_even_where_the_method_is_accepted(reference: Path) -> None:
    picture = reference.parent / "data/target/3.png"
    pixels = np.asarray(Image.open(picture)).copy()
    pixels[3, 3] ^= 1
    Image.fromarray(pixels).save(picture)
    assert check_command(Request(reference, accept=("mine",))) == 1


def test_a_cut_or_edited_reference_fails(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cell_path(reference, "mine", "private@rgb", FOLDERS)
    said = json.loads(path.read_text())
    said["scores"] = [{**said["scores"][0], "psnr": 10.0}]
    path.write_text(json.dumps(said))
    assert check_command(Request(reference)) == 1
    assert "digest" in capsys.readouterr().out


def test_nothing_to_make_a_reference_of(tmp_path: Path) -> None:
    with pytest.raises(SlkdBenchError, match="check init"):
        make_reference(RunRequest(out=tmp_path))


@pytest.mark.parametrize("spoilt", [(30.0, math.nan), (math.nan, 0.5)])
def test_a_score_that_is_no_number_is_never_an_improvement(spoilt: tuple[float, float]) -> None:
    scores = tuple(ImageScore(f"i{k}", f"s{k}", 30.0, 0.5) for k in range(4))
    reference = Cell("m", "d", "mini", 0, {}, {}, scores)
    for some in (1, 4):
        fresh = [ImageScore(s.name, s.scene, *spoilt) if k < some else s for k, s in enumerate(scores)]
        for compare in (compare_scores, compare_scoring):
            found = compare(reference, fresh, Tolerance(), Cause())
            assert [f.severity for f in found] == [Severity.FAILURE]


def test_a_difference_that_is_no_number_is_an_infinite_loss() -> None:
    found = change([0.1, math.nan, math.inf], ["a", "b", "c"])
    assert found.loss == math.inf
    assert found.gain == -math.inf


def test_the_page_of_a_workflow_takes_any_text(tmp_path: Path) -> None:
    case = Case("set", "a|b", (Finding(Severity.FAILURE, "PSNR fell", "by <b>1</b> | dB\nworse"),))
    write_summary([case], "")
    write_summary([case], str(tmp_path / "page.md"))
    write_summary([], str(tmp_path / "page.md"))
    said = (tmp_path / "page.md").read_text()
    assert "| failed | a&#124;b on set | by &lt;b>1&lt;/b> &#124; dB worse |" in said
    assert said.count("## slkd-bench check") == 2
