"""The criterion for the default reading, held: it answers to a degradation, and its gradient is of the size of L_pixel's."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from rich.console import Console

from baselines.networks.shape.features import EncoderDecoder
from benchmark.core.errors import BadData, SlkdBenchError, UnknownName
from benchmark.core.terminal import print_whole
from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.methods.find import get_method
from benchmark.methods.weights.loading import load_network
from benchmark.studies.inspection.signal import Case, Signal, inputs, measure_signal, pictures, summary
from benchmark.studies.inspection.signal_command import SignalRequest, _table, case_rows, cases, inspect_signal
from slkd import SLKD
from slkd.readings import READINGS

FAMILIES = {"restormer": "res-sl", "uformer": "ufor-sl", "drsformer": "drs-sl"}
QUICK = ("restormer", Task.DERAINING)
EVERY = [
    pytest.param(teacher, task, marks=() if (teacher, task) == QUICK else pytest.mark.slow)
    for teacher in FAMILIES
    for task in ALL_TASKS
]
LEAST = {Task.DERAINING: 1.5, Task.DEBLURRING: 1.5, Task.DENOISING: 5.0}  # of L_NC, clean over a shift by 8 pixels


@pytest.mark.parametrize(("teacher", "task"), EVERY)
def test_the_default_answers_to_a_degradation_and_the_softmax_does_not(teacher: str, task: Task) -> None:
    found = measure_signal(Case(teacher, task, 64), ["recommended", "softmax"])
    for one in found["recommended"]:
        assert one.over_near > 1
        assert one.over_far > 1
        assert one.noise_over_clean > 1.5
        assert sum(one.levels) == pytest.approx(1, abs=1e-4)
        assert sum(one.descriptors.values()) == pytest.approx(1, abs=1e-4)
    natural, former = found["recommended"][0], found["softmax"][0]
    assert natural.over_far > LEAST[task]
    assert natural.over_far > 1.5 * former.over_far


@pytest.mark.parametrize(("teacher", "task"), EVERY)
def test_the_weighted_gradient_is_of_the_size_of_the_pixels(teacher: str, task: Task) -> None:
    images = inputs(task, 64, pictures(None))
    degraded, clean = images["degraded"][::2], images["clean"][::2]
    network = load_network(get_method(teacher), task, Scale.MINI, 0)
    student = load_network(get_method(f"{FAMILIES[teacher]}-logits"), task, Scale.MINI, 0).requires_grad_(True)
    assert isinstance(student, EncoderDecoder)
    names = list(READINGS) if (teacher, task) != QUICK else ["recommended", "huber"]
    for name in names:
        if READINGS[name].unfit or READINGS[name].unbalanced:
            continue  # refused by name, with the reason
        objective = SLKD(network, student, reading=name).train()
        assert objective.encoder_scale is not None
        assert objective.decoder_scale is not None
        with torch.no_grad():
            guidance, own = objective.guide(degraded, clean), student.features(degraded)
        objective.encoder_scale.fit(own.encoder, guidance.encoder)
        objective.decoder_scale.fit(own.decoder, guidance.decoder)
        sizes = {}
        for term, value in objective(degraded, clean).items():
            gradients = torch.autograd.grad(value, list(student.parameters()), retain_graph=True, allow_unused=True)
            norm = math.sqrt(sum(float(g.detach().square().sum()) for g in gradients if g is not None))
            sizes[term] = objective.weights[term] * norm
        ratios = {term: size / sizes["pixel"] for term, size in sizes.items()}
        print(teacher, task, name, {term: float(f"{ratio:.3g}") for term, ratio in ratios.items()})
        assert all(0.005 <= ratios[term] <= 5 for term in ("nc", "et")), (name, ratios)


def test_inputs_are_one_degradation_moved() -> None:
    images = inputs(Task.DENOISING, 64, pictures(None))
    assert set(images) == {"degraded", "clean", "near right", "near down", "far right", "far down", "other"}
    assert all(image.shape == (10, 3, 64, 64) for image in images.values())
    assert torch.equal(images["far right"][..., :-8], images["degraded"][..., 8:])
    assert torch.equal(images["near down"][..., :-1, :], images["degraded"][..., 1:, :])
    assert not torch.equal(images["other"][:2], images["degraded"][:2])
    with pytest.raises(BadData, match="at least 152"):
        inputs(Task.DERAINING, 144, [picture[:100] for picture in pictures(None)])


def test_a_summary_is_of_geometric_means() -> None:
    rows = [
        Signal("t", "deraining", 64, "nc", 4.0, 2.0, 1.0, 5.0, 4.0),
        Signal("t", "denoising", 64, "nc", 1.0, 2.0, 1.0, 9.0, 4.0),
    ]
    found = summary("mine", rows)
    assert found.over_near == pytest.approx(1)
    assert found.over_far == pytest.approx(2)
    assert found.score == pytest.approx(math.sqrt(2))
    assert (found.least_over_far, found.least_noise, found.below) == (1, 1.25, 1)
    assert case_rows(rows, "nc")[0][3:7] == ("4.00", "2.00", "1.25", "1.00")


def test_cases_are_of_the_teacher_that_is_meant(tmp_path: Path) -> None:
    assert len(cases(SignalRequest())) == 18
    assert {case.teacher for case in cases(SignalRequest("drs-sl-slkd"))} == {"drsformer"}
    with pytest.raises(SlkdBenchError, match="prenet"):
        cases(SignalRequest("prenet"))
    with pytest.raises(UnknownName, match="softmax"):
        inspect_signal(SignalRequest(reading="softmux"), Console(quiet=True))


def test_the_name_of_a_reading_is_whole_in_a_narrow_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    table = _table("t", ["reading", "term"] + ["clean / 8 px"] * 6, [["literal-clamped", "L_NC"] + ["1.00"] * 6])
    print_whole(Console(width=60), table)
    assert "literal-clamped" in capsys.readouterr().out
