"""Teachers that do not restore are refused, students that do nothing are flagged, the best weights are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.core.errors import TrainingStopped, UnknownName
from benchmark.methods.weights import files
from benchmark.training import health
from benchmark.training.data.opening import TrainingData
from benchmark.training.data.source import DataSource
from benchmark.training.held_out import with_held_out
from benchmark.training.member import BEST, TrainingResult
from benchmark.training.train import train
from tests.training.blobs import Blobs, Small
from tests.training.jobs import QUIET, RECIPE, job, trained, use_blobs

CPU = torch.device("cpu")


class Mixes(nn.Module):
    """Moves an image towards the mean of all: a denoiser of a kind."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.lerp(nn.functional.avg_pool2d(image, 3, 1, 1, count_include_pad=False), self.share)


def test_a_teacher_is_measured_on_degraded_and_clean_images() -> None:
    pairs = [Blobs(4, 32).batch(0)]
    check = health.check_teacher("mixes", Mixes(1.0), pairs, CPU)
    degraded, clean = pairs[0]

    def psnr(image: torch.Tensor) -> float:
        return float((-10 * torch.log10((image.clamp(0, 1) - clean).square().mean((1, 2, 3)))).mean())

    assert check.degraded == pytest.approx(psnr(degraded), abs=1e-4)
    assert check.on_degraded == pytest.approx(psnr(Mixes(1.0)(degraded)), abs=1e-4)
    assert check.on_clean == pytest.approx(psnr(Mixes(1.0)(clean)), abs=1e-4)
    assert check.told() == {
        "psnr": round(check.on_degraded, 4),
        "gain_db": round(check.gain, 4),
        "psnr_on_clean": round(check.on_clean, 4),
    }


@pytest.mark.parametrize("share", [0.0, 0.02, -0.5])
def test_a_teacher_that_hardly_restores_is_refused_unless_forced(
    share: float, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = [Blobs(4, 32).batch(0)]
    with pytest.raises(TrainingStopped, match=r"gains 0.5 dB over its input.*--force"):
        health.check_teacher("bad", Mixes(share), pairs, CPU)
    assert health.check_teacher("bad", Mixes(share), pairs, CPU, force=True).gain < health.MARGIN
    assert "bad gains" in caplog.text


def test_students_refuse_a_teacher_of_one_step_and_the_card_tells_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_blobs(monkeypatch)
    short = replace(RECIPE, iterations=1, batch=1, patch=32)
    trained(tmp_path, "restormer", short)
    student = job(tmp_path, "res-sl-logits", recipe=short)
    with pytest.raises(TrainingStopped, match="restormer deraining gains"):
        train([replace(student, outputs=replace(student.outputs, force=False))], QUIET)
    assert not student.weights_path(student.methods[0]).exists()
    (forced,) = train([student], QUIET)
    told = files.read_card(forced.path)["teacher"]
    assert told["method"] == "restormer"
    assert told["gain_db"] < health.MARGIN
    assert told["psnr_on_clean"] > 0


def result(curve: list[tuple[int, float]], input_psnr: float | None = 20.0) -> TrainingResult:
    return TrainingResult({}, 2.0, 100, 10, curve, input_psnr=input_psnr, waited=0.031)


def test_what_gains_less_than_a_tenth_has_collapsed() -> None:
    assert health.has_collapsed(result([(5, 25.0), (10, 20.09)]))
    assert not health.has_collapsed(result([(10, 20.11)]))
    assert not health.has_collapsed(result([]))
    assert not health.has_collapsed(result([(10, 3.0)], None))
    assert health.best([(5, 25.0), (10, 25.0), (15, 24.0)]) == (5, 25.0)


def test_the_line_says_what_matters() -> None:
    told = health.line(
        replace(result([(5, 25.0), (10, 20.09)]), ratios={"nc": 21.0, "kl": 0.5}, reference="pixel", cosines={})
    )
    assert told == (
        "COLLAPSED: +0.09 dB over the input (20.09 dB), best 25.00 dB at step 5, 50.0 images/s, 3 % of the time waiting"
        " for data, nc 21 (!) of pixel's gradient, kl 0.5 of pixel's gradient"
    )


def test_the_card_flags_a_collapse_and_the_best_weights_lie_beside_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_blobs(monkeypatch)
    one = job(tmp_path, "prenet", recipe=replace(RECIPE, lr=1e-9, weight_decay=0.0))
    (done,) = train([one], QUIET)
    card = files.read_card(done.path)
    assert card["collapsed"] is done.collapsed is (card["gain_db"] < health.COLLAPSE)
    assert card["gain_db"] == pytest.approx(card["validation"][-1][1] - card["input_psnr"], abs=2e-4)
    assert done.health == card["health"]
    best = card["best"]
    assert [best["step"], best["psnr"]] == max(card["validation"], key=lambda point: point[1])
    kept = files.load_weights(one.run_folder(one.methods[0]) / BEST)
    assert kept.keys() == files.load_weights(done.path).keys()
    (again,) = train([one], QUIET)
    assert (again.new, again.gain, again.collapsed) == (False, done.gain, done.collapsed)


def test_the_best_weights_are_those_of_the_best_validation(tmp_path: Path) -> None:
    from benchmark.training.engine import Member, Settings, train
    from benchmark.training.recipe import Recipe
    from tests.training.blobs import Plain

    torch.manual_seed(0)
    objective, seen = Plain(Small()), {}

    class Watched(Blobs):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
            seen[step] = {name: value.clone() for name, value in objective.student.state_dict().items()}
            return super().batch(step, rank, world)

    settings = Settings(quiet=True, threads=1, validate_every=3)
    recipe = Recipe(12, 4, 16, lr=0.3, schedule="steps")  # far too high a rate: it gets worse
    data = TrainingData(Watched(), [Blobs(seed=5).batch(0)])
    result = train(Member(objective, tmp_path), data, recipe, settings)
    step, _ = health.best(result.curve)
    assert step < 12
    kept = files.load_weights(tmp_path / BEST)
    assert all(torch.equal(kept[name], value.to(kept[name].dtype)) for name, value in seen[step].items())


def test_validation_on_a_set_of_ones_own(tmp_path: Path) -> None:
    from tests.training.test_together import pairs_on_disk

    folder = pairs_on_disk(tmp_path / "held-out")
    data = TrainingData(Blobs(), [], {"stream": "blobs"})
    held_out = with_held_out(data, replace(job(tmp_path, "prenet"), data=DataSource(validate_on=str(folder))))
    assert len(held_out.validation) == 3
    assert all(clean.shape == degraded.shape == (3, 48, 56) for degraded, clean in held_out.validation)
    assert "3 images of" in held_out.facts["validation"]
    assert with_held_out(data, job(tmp_path, "prenet")) is data
    with pytest.raises(UnknownName, match="gopro"):
        with_held_out(data, replace(job(tmp_path, "prenet"), data=DataSource(validate_on="gopro")))


def test_all_images_give_their_middle(tmp_path: Path) -> None:
    from benchmark.training.held_out import _middle

    image = torch.arange(3 * 200 * 131.0).view(3, 200, 131)
    assert torch.equal(_middle(image), image[:, 36:164, 1:129])
