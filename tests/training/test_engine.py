"""The engine on a toy: it learns, stops on NaN, averages weights, validates, logs, and ships no chosen weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmark.core.errors import BadOutput, TrainingStopped
from benchmark.training import engine, optimisation
from benchmark.training.engine import Member, Settings, TrainingData, train
from benchmark.training.log import read_log
from benchmark.training.recipe import Recipe
from tests.training.blobs import Blobs, Busy, Plain, Small

QUIET = Settings(quiet=True, threads=1, validate_every=10, log_every=5, norms_every=10)


def test_it_learns_and_logs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pairs = [Blobs(seed=5).batch(0)]
    result = train(Member(Plain(Small()), tmp_path), TrainingData(Blobs(), pairs), Recipe(40, 4, 16, lr=5e-3), QUIET)
    assert [step for step, _ in result.curve] == [10, 20, 30, 40]
    assert result.curve[-1][1] > result.curve[0][1] + 1
    rows = read_log(tmp_path / "metrics.jsonl")
    assert [r["step"] for r in rows if r["kind"] == "train"] == [1, 5, 10, 15, 20, 25, 30, 35, 40]
    assert [r["step"] for r in rows if r["kind"] == "gradients"] == [0, 10, 20, 30]
    assert set(result.gradient_norms) == {"0", "10", "20", "30"}
    assert result.images == 160
    assert result.parameters == sum(p.numel() for p in Small().parameters())


def test_the_last_weights_are_shipped_not_the_best(tmp_path: Path) -> None:
    torch.manual_seed(0)
    objective = Plain(Small())
    result = train(
        Member(objective, tmp_path), TrainingData(Blobs(), [Blobs(seed=5).batch(0)]), Recipe(12, 4, 16, lr=1e-3), QUIET
    )
    assert all(torch.equal(result.state[k], v) for k, v in objective.student.state_dict().items())


class Breaks(Plain):
    """One of its two terms becomes NaN at a step, or has an infinite gradient there."""

    def __init__(self, student: torch.nn.Module, at: int, only_gradient: bool) -> None:
        super().__init__(student)
        self.at, self.only_gradient, self.calls = at, only_gradient, 0

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        restored = self.student(degraded)
        broken = (restored - restored.detach()).abs().sum()
        if self.calls >= self.at:
            broken = broken.sqrt() if self.only_gradient else broken / broken.detach()
        self.calls += 1
        return {"pixel": (restored - clean).abs().mean(), "texture": broken}


@pytest.mark.parametrize("only_gradient", [False, True])
def test_nan_stops_with_the_term_and_keeps_the_last_good_checkpoint(tmp_path: Path, only_gradient: bool) -> None:
    torch.manual_seed(0)
    objective = Breaks(Small(), 7, only_gradient)
    settings = replace(QUIET, checkpoint_seconds=0.0)
    with pytest.raises(TrainingStopped, match=r"'texture'.*step 7") as stopped:
        train(Member(objective, tmp_path), TrainingData(Blobs()), Recipe(20, 4, 16), settings)
    assert "checkpoint" in stopped.value.remedy
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 7
    assert all(torch.isfinite(v).all() for v in saved["objective"].values())
    assert all(torch.isfinite(p).all() for p in objective.student.parameters())


def test_an_error_in_the_stream_reaches_the_caller(tmp_path: Path) -> None:
    class Ends(Blobs):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
            if step == 5:
                raise OSError("the disk is gone")
            return super().batch(step, rank, world)

    with pytest.raises(OSError, match="the disk is gone"):
        train(Member(Plain(Small()), tmp_path), TrainingData(Ends()), Recipe(20, 4, 16), QUIET)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadOutput, match="--out"):
        train(Member(Plain(Small()), tmp_path / "file" / "below"), TrainingData(Blobs()), Recipe(2, 4, 16), QUIET)


def test_the_running_mean_is_what_is_shipped(tmp_path: Path) -> None:
    torch.manual_seed(0)
    student = Small()
    start = student.state_dict()["body.0.weight"].clone()
    trail: list[Tensor] = []

    class Watched(Plain):
        def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
            trail.append(student.state_dict()["body.0.weight"].clone())
            return super().forward(degraded, clean)

    recipe = Recipe(6, 4, 16, lr=1e-2, ema=0.3)
    result = train(Member(Watched(student), tmp_path), TrainingData(Blobs()), recipe, replace(QUIET, norms_every=0))
    expected = start
    for step, weight in enumerate([*trail[1:], student.state_dict()["body.0.weight"]]):
        decay = min(0.3, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight
    torch.testing.assert_close(result.state["body.0.weight"], expected)


def test_gradients_are_clipped_to_the_bound() -> None:
    weight = torch.nn.Parameter(torch.zeros(4))
    weight.grad = torch.tensor([3.0, 4.0, 0.0, 0.0])
    assert float(optimisation.clip([weight], 0.0)) == 5
    torch.testing.assert_close(weight.grad, torch.tensor([3.0, 4.0, 0.0, 0.0]))
    assert float(optimisation.clip([weight], 1.0)) == 5
    torch.testing.assert_close(weight.grad, torch.tensor([0.6, 0.8, 0.0, 0.0]), rtol=1e-5, atol=0)
    optimisation.clip([weight], 2.0)
    assert float(weight.grad.norm()) == pytest.approx(1, rel=1e-5)


def test_gradient_norm_by_term_is_the_norm_of_its_own_gradient() -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    terms = {"a": 3 * weight.sum(), "b": weight.square().sum(), "constant": torch.ones(())}
    norms = optimisation.norms_by_term(terms, [weight])
    assert norms == pytest.approx({"a": 18**0.5, "b": 20**0.5, "constant": 0.0})


def test_weights_of_terms_are_used(tmp_path: Path) -> None:
    torch.manual_seed(0)
    train(Member(Busy(Small()), tmp_path), TrainingData(Blobs()), Recipe(3, 4, 16), replace(QUIET, log_every=1))
    for row in read_log(tmp_path / "metrics.jsonl"):
        if row["kind"] == "train":
            assert row["loss"] == pytest.approx(row["terms"]["truth"] + 0.5 * row["terms"]["teacher"], rel=1e-5)


def test_bf16_trains_and_keeps_float32_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = Recipe(20, 4, 16, lr=5e-3, precision="bf16")
    settings = replace(QUIET, channels_last=True)
    result = train(Member(Plain(Small()), tmp_path), TrainingData(Blobs(), [Blobs(seed=5).batch(0)]), recipe, settings)
    assert result.state["body.0.weight"].dtype == torch.float32
    assert result.curve[-1][1] > result.curve[0][1]


def test_fp16_skips_overflow_and_goes_on(tmp_path: Path) -> None:
    torch.manual_seed(0)
    result = train(Member(Plain(Small()), tmp_path), TrainingData(Blobs()), Recipe(10, 4, 16, precision="fp16"), QUIET)
    assert all(torch.isfinite(v).all() for v in result.state.values())


def test_plain_lines_where_there_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = replace(QUIET, quiet=False, title="toy")
    train(Member(Busy(Small()), tmp_path), TrainingData(Blobs(), [Blobs(seed=5).batch(0)]), Recipe(10, 4, 16), settings)
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("toy  10/10")
    assert all(word in last for word in ("truth", "teacher", "PSNR", "images/s", "left"))


def test_the_panel_of_the_live_view_shows_it_all() -> None:
    from io import StringIO

    from rich.console import Console

    from benchmark.training.live import _panel

    said = StringIO()
    console = Console(file=said, width=80, no_color=True, highlight=False)
    console.print(_panel("res-sl", 5, 10, {"loss": "0.1", "PSNR": "30.00 dB"}))
    text = said.getvalue()
    assert "5 of 10 steps" in text
    assert "30.00 dB" in text


def test_tensorboard_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    train(Member(Plain(Small()), tmp_path), TrainingData(Blobs()), Recipe(5, 4, 16), replace(QUIET, tensorboard=True))
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_a_log_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps({"step": 1}) + "\n" + '{"step": 2, "los')
    assert read_log(path) == [{"step": 1}]


def test_settings_do_not_reach_the_identity_of_a_run(tmp_path: Path) -> None:
    torch.manual_seed(0)
    train(Member(Plain(Small()), tmp_path), TrainingData(Blobs()), Recipe(4, 4, 16), QUIET)
    again = train(
        Member(Plain(Small()), tmp_path),
        TrainingData(Blobs()),
        Recipe(4, 4, 16),
        replace(QUIET, log_every=1, title="other"),
    )
    assert isinstance(again, engine.TrainingResult)


@pytest.mark.slow
def test_a_compiled_run_learns_what_an_eager_one_does(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    curves, norms = [], []
    for compiled in (False, True):
        torch.manual_seed(0)
        member = Member(Plain(Small()), tmp_path / str(compiled))
        settings = replace(QUIET, compile=compiled, norms_every=3, log_every=1)
        with caplog.at_level("INFO", logger="benchmark"):
            result = train(member, TrainingData(Blobs()), Recipe(8, 4, 16, lr=1e-3), settings)
        rows = read_log(tmp_path / str(compiled) / "metrics.jsonl")
        curves.append([row["loss"] for row in rows if row["kind"] == "train"])
        norms.append([result.gradient_norms[step]["pixel"] for step in ("0", "3", "6")])
    assert "compiled, with the first step, in" in caplog.text
    assert curves[1] == pytest.approx(curves[0], rel=1e-4)
    assert norms[1] == pytest.approx(norms[0], rel=1e-3)
