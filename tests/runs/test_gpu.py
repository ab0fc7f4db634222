"""Exact on a GPU: every network within 1e-5 of its authors' code, and the scores of a run those of a CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from baselines.networks.fast import fast_inference
from benchmark.core.precision import exact
from benchmark.core.types import Scale
from benchmark.datasets import get_dataset
from benchmark.methods.find import get_method
from benchmark.protocols import get_protocol
from benchmark.runs import batches, scoring
from benchmark.runs.cells import read_cell
from benchmark.runs.execute import execute
from benchmark.runs.options import RunOptions
from benchmark.runs.plan import make_plan
from benchmark.runs.restore import restore_and_score
from tests.networks.fixtures import fixture
from tests.networks.test_authors import CASES, LOOSE, error, loaded
from tests.runs.toys import ToySet


@pytest.mark.gpu
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_network_on_a_gpu_is_the_authors(name: str) -> None:
    network, image = loaded(name).cuda(), fixture(name).image.cuda()
    with exact("cuda"), torch.inference_mode():
        assert error(name, network(image).cpu()) < LOOSE.get(name, 1e-5)
        with fast_inference(network):
            assert error(name, network(image).cpu()) < LOOSE.get(name, 1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("method", ["identity", "prenet", "res-sl-slkd", "uformer"])
def test_scores_on_a_gpu_are_those_of_a_cpu(method: str, tmp_path: Path) -> None:
    found = {}
    for device in ("cpu", "cuda"):
        options = RunOptions(device, limit=6)
        plan = make_plan(
            [get_method(method)], [get_dataset("mini-rain1400")], Scale.MINI, tmp_path / device, options=options
        )
        assert execute(plan, options).failed == {}
        found[device] = read_cell(plan.cells[0].path)
    for one, other in zip(found["cpu"].scores, found["cuda"].scores, strict=True):
        assert one.psnr == pytest.approx(other.psnr, abs=1e-3)
        assert one.ssim == pytest.approx(other.ssim, abs=1e-5)


def test_the_path_of_an_accelerator_gives_the_scores_of_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several decoding threads, larger batches: the same scores in the same order, on a CPU that passes for one."""
    plain = restore_and_score(lambda x: x * 0.9, ToySet(), get_protocol("rgb"))
    monkeypatch.setattr(batches, "kind", lambda device: "xpu")
    monkeypatch.setattr(scoring, "kind", lambda device: "xpu")
    seen: list[int] = []

    def network(batch: torch.Tensor) -> torch.Tensor:
        seen.append(len(batch))
        return batch * 0.9

    other = restore_and_score(network, ToySet(), get_protocol("rgb"))
    assert seen == [7, 5]
    assert [score.name for score in other.scores] == [score.name for score in plain.scores]
    assert [score.psnr for score in other.scores] == pytest.approx([score.psnr for score in plain.scores], abs=1e-9)
