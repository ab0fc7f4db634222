"""The gradients of SLKD's terms: measured over the first batches, weights set by share, resumed exactly, told."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from baselines.objective import Objective
from benchmark.training import balance
from benchmark.training.balance import Balance
from benchmark.training.engine import Member, Settings, TrainingData, TrainingResult, train
from benchmark.training.log import read_log
from benchmark.training.recipe import Recipe
from tests.training.blobs import Blobs, Small

QUIET = Settings(quiet=True, threads=1, log_every=5, norms_every=10)
RECIPE = Recipe(14, 2, 16, lr=1e-3)


@pytest.fixture(autouse=True)
def few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "BALANCE_BATCHES", 6)


class Three(Objective):
    """A pixel term, one along its gradient and one of constant gradients along the bias of the last layer."""

    balance_reference = "pixel"

    def __init__(self) -> None:
        torch.manual_seed(1)
        super().__init__(Small(), weights={"pixel": 2.0, "same": 0.5, "other": 3.0})

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        pixel = (self.student(degraded) - clean).abs().mean()
        bias = self.student.get_parameter("body.3.bias")
        return {"pixel": pixel, "same": -8 * pixel, "other": bias.sum()}


def run(folder: Path, recipe: Recipe = RECIPE, last: int = 99) -> TrainingResult:
    class Ends(Blobs):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
            if step > last:
                raise OSError("cut off")
            return super().batch(step, rank, world)

    settings = replace(QUIET, checkpoint_seconds=0.0)
    return train(Member(Three(), folder, title="three"), TrainingData(Ends(2, 16)), recipe, settings)


def test_ratios_are_of_weighted_gradients_and_cosines_of_directions() -> None:
    first, second = torch.tensor([3.0, 4.0]), torch.tensor([0.0])
    gradients = {"a": [first, second], "b": [torch.tensor([4.0, 3.0]), torch.tensor([12.0])], "c": [0 * first, second]}
    measured = Balance("a")
    measured.rows = [measured.row(gradients, {"a": 2.0, "b": 0.5}), measured.row(gradients, {"b": 1.0})]
    measured.rows.append(measured.row(gradients, {"b": 100.0}))
    measured.settle(1)
    assert measured.ratios == pytest.approx({"b": 13 / 5, "c": 0})  # the median of .65, 2.6 and 260
    assert measured.cosines == pytest.approx({"b": 24 / 65, "c": 0})
    assert set(measured.outside()) == {"b", "c"}


def test_a_run_measures_its_first_batches_and_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        result = run(tmp_path)
    assert result.ratios["same"] == pytest.approx(2.0, rel=1e-5)  # .5 times 8 over 2
    assert result.cosines["same"] == pytest.approx(-1)
    assert "three: the gradient of term 'same' is 2 of that of 'pixel', outside [0.02, 1]" in caplog.text
    assert result.weights == {"pixel": 2.0, "same": 0.5, "other": 3.0}
    rows = read_log(tmp_path / "metrics.jsonl")
    (told,) = [row for row in rows if row["kind"] == "balance"]
    assert (told["step"], told["ratios"]) == (6, result.ratios)
    along = [row for row in rows if row["kind"] == "gradients"]
    assert [row["step"] for row in along] == [0, 10]
    assert all(row["ratios"]["same"] == pytest.approx(2, rel=1e-5) for row in along)
    assert all(row["cosines"]["same"] == pytest.approx(-1, rel=1e-5) for row in along)


def test_weights_by_share_and_a_resume_in_either_half(tmp_path: Path) -> None:
    recipe = replace(RECIPE, balance=0.2)
    whole = run(tmp_path / "whole", recipe)
    printed = run(tmp_path / "printed")
    for name in ("same", "other"):
        expected = printed.weights[name] * 0.2 / printed.ratios[name]
        assert whole.weights[name] == pytest.approx(expected, rel=1e-5)
    assert whole.weights["pixel"] == 2.0
    along = [row for row in read_log(tmp_path / "whole/metrics.jsonl") if row["kind"] == "gradients"]
    assert along[1]["ratios"]["same"] == pytest.approx(0.2, rel=1e-4)
    for last in (3, 9):
        with pytest.raises(OSError, match="cut off"):
            run(tmp_path / "parts", recipe, last)
    again = run(tmp_path / "parts", recipe)
    assert again.weights == whole.weights
    assert again.ratios == whole.ratios
    assert all(torch.equal(again.state[name], value) for name, value in whole.state.items())


def test_an_objective_without_a_reference_is_left_alone(tmp_path: Path) -> None:
    class Plain(Three):
        balance_reference = ""

    member = Member(Plain(), tmp_path)
    result = train(member, TrainingData(Blobs(2, 16)), replace(RECIPE, balance=0.2), QUIET)
    assert result.weights == {"pixel": 2.0, "same": 0.5, "other": 3.0}
    assert not result.ratios
