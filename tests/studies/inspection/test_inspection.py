"""`inspect`: its numbers against direct computation, where literal losses fail, and the pictures."""

from __future__ import annotations

import dataclasses
import math
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from baselines.objective import Objective
from benchmark.core import paths
from benchmark.core.errors import BadWeights, SlkdBenchError, UnknownName
from benchmark.core.types import Pair, Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.weights import files, loading, store
from benchmark.studies.inspection import command, pictures
from benchmark.studies.inspection.measure import (
    Networks,
    Subject,
    build,
    measure,
    require_teacher,
    teacher_b,
    terms_at_start,
    with_reading,
)
from slkd import SLKD
from slkd.failures import count_failures, failures
from tests.distillation.toy import Toy
from tests.training.blobs import Blobs
from tests.training.jobs import use_blobs

RAIN, MINI = Task.DERAINING, Scale.MINI
TAUGHT = [m for m in methods() if m.teacher and m.distiller != "scratch" and RAIN in m.tasks]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny stream, and no weights but those a test writes."""

    use_blobs(monkeypatch, fixed=(2, 32))
    monkeypatch.setattr("benchmark.core.paths.packaged_weights", lambda: Path("/nowhere"))


def untrained_teacher(name: str) -> None:
    """Weights of a teacher in the home of this test."""
    torch.manual_seed(7)
    network = loading.build_network(get_method(name), RAIN, MINI)
    files.write_weights(paths.user_weights() / store.relative_path(name, RAIN, MINI), network.state_dict(), {})


@pytest.fixture
def teacher() -> None:
    untrained_teacher("restormer")


def gradient(objective: Objective, term: torch.Tensor) -> float:
    """The norm by autograd's plain way, parameter by parameter."""
    objective.zero_grad()
    term.backward(retain_graph=True)
    return math.sqrt(
        sum(p.grad.double().pow(2).sum().item() for p in objective.student.parameters() if p.grad is not None)
    )


def test_numbers_are_those_of_direct_computation(teacher: None) -> None:
    method = get_method("res-sl-slkd")
    subject = Subject(method, RAIN, MINI, 3)
    found = measure(Networks(build(subject), None, {"gradient_norms": {"0": {"kl": 0.5}}}), subject)
    objective = build(subject)
    degraded, clean = Blobs(2, 32, 3).batch(0)
    terms = objective(degraded, clean)
    assert [t.name for t in found.terms] == ["pixel", "kl", "nc", "et"]
    assert [t.weight for t in found.terms] == [1.0, 0.5, 0.1, 0.1]
    for term in found.terms:
        assert term.value == pytest.approx(terms[term.name].item(), rel=1e-5)
        assert term.gradient == pytest.approx(gradient(objective, terms[term.name]), rel=1e-4)
        assert term.weighted == pytest.approx(term.weight * term.gradient)
    assert sum(t.share for t in found.terms) == pytest.approx(1)
    network = objective.teacher
    assert network is not None
    inputs, targets = Blobs(3, 32, 77).batch(0)
    with torch.no_grad():
        for given, value in ((inputs, found.teacher_on_degraded), (targets, found.teacher_on_clean)):
            each = -10 * ((network(given).clamp(0, 1) - targets) ** 2).mean((1, 2, 3)).log10()
            assert value == pytest.approx(each.mean().item(), abs=1e-4)
        assert found.teacher_on_clean_least == pytest.approx(each.min().item(), abs=1e-4)
        each = -10 * ((inputs.clamp(0, 1) - targets) ** 2).mean((1, 2, 3)).log10()
        assert found.degraded == pytest.approx(each.mean().item(), abs=1e-4)
    assert found.along_training == {0: {"kl": 0.5}}
    assert found.student is None


def test_step_0_is_the_engines_step_0(teacher: None, tmp_path: Path) -> None:
    from benchmark.training import engine
    from benchmark.training.recipe import Recipe

    for name in ("res-sl-slkd", "res-sl-dfkd"):
        method = get_method(name)
        subject = Subject(method, RAIN, MINI)
        found = measure(Networks(build(subject)), subject)
        recipe, quiet = Recipe(1, 2, 32, seed=0), engine.Settings(quiet=True)
        member = engine.Member(build(subject), tmp_path / name)
        trained = engine.train(member, engine.TrainingData(Blobs(2, 32, 0)), recipe, quiet)
        assert {t.name: t.gradient for t in found.terms} == pytest.approx(trained.gradient_norms["0"], rel=1e-4)


@pytest.mark.parametrize(
    "method", [m for m in TAUGHT if m.network == "res-sl" or m.distiller == "slkd"], ids=lambda m: m.id
)
def test_every_distiller_can_be_inspected(method: Method, tmp_path: Path) -> None:
    untrained_teacher(method.teacher)
    objective = build(Subject(method, RAIN, MINI))
    terms = terms_at_start(objective, *Blobs(2, 32, 0).batch(0), 100)
    assert terms
    assert all(term.finite for term in terms)
    assert teacher_b(objective) is objective.teacher
    degraded, clean = Blobs(1, 32, 5).batch(0)
    views = pictures.look(objective, objective.student, degraded, clean)
    assert {name.split()[0] for name in views.features} == {"encoder", "decoder"}
    assert views.source == (
        "clean" if method.distiller == "slkd" and method.id != "res-sl-ablation-rainy" else "degraded"
    )


def test_the_decoder_maps_are_teacher_b_on_the_clean_image() -> None:
    torch.manual_seed(0)
    first, second = Toy(8), Toy(8)
    objective = SLKD(first, Toy(4), teacher_b=second)
    degraded, clean = Blobs(1, 48, 5).batch(0)
    student = objective.student
    assert isinstance(student, Toy)
    views = pictures.look(objective, student, degraded, clean)
    with torch.no_grad():
        assert torch.equal(views.features["decoder 1"][0], second.features(clean).decoder[0])
        assert torch.equal(views.features["encoder 1"][0], first.features(degraded).encoder[0])
        assert torch.equal(views.features["decoder 1"][1], student.features(degraded).decoder[0])


def test_failures_by_hand() -> None:
    student = torch.tensor([1.0, -1.0, 0.0, 0.0, 2.0, -3.0, float("nan"), 0.5])
    teacher = torch.tensor([2.0, 2.0, 0.0, 1.0, 0.0, -1.0, 1.0, 1.0])
    found = count_failures("nc", "encoder 1", "MSCN shape", student, teacher)
    assert (found.total, found.opposite, found.student_zero, found.teacher_zero, found.broken) == (8, 1, 2, 1, 1)
    wrong = ~torch.isfinite(student * torch.log(student / teacher))
    assert found.failing == int(wrong.sum())


def test_the_literal_reading_fails_where_it_is_said_to() -> None:
    torch.manual_seed(0)
    objective = SLKD(Toy(8), Toy(4), reading="literal").train()
    degraded, clean = Blobs(2, 48, 0).batch(0)
    terms = objective(degraded, clean)
    found = failures(objective, degraded, clean)
    broken = {name for name, term in terms.items() if not torch.isfinite(term)}
    assert broken >= {"nc", "et"}
    assert {f.term for f in found} == broken
    assert all(0 < f.failing <= f.total for f in found)
    assert failures(SLKD(Toy(8), Toy(4)), degraded, clean) == []


def inspected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[int, str]:
    degraded, clean = Blobs(1, 48, 5).batch(0)
    monkeypatch.setattr(command, "picture_pair", lambda *_: Pair("blob", degraded[0].clamp(0, 1), clean[0]))
    heard = StringIO()
    said = Console(file=heard, width=80)
    request = command.Request("res-sl-slkd", None, MINI, 0, None, "", "", tmp_path)
    code = command.inspect(dataclasses.replace(request, **changes), said)
    return code, heard.getvalue()


def test_the_command_prints_tables_and_writes_pictures(
    teacher: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = inspected(tmp_path, monkeypatch)
    assert code == 0
    for words in ("Teacher B(clean)", "Teacher A(degraded), restormer", "no weights yet", "gradient norm", "pixel"):
        assert words in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("wrote")) <= 80
    written = sorted(path.name for path in tmp_path.rglob("*.png"))
    assert written == ["features.png", *(f"natural-encoder-{k}.png" for k in range(1, 5)), "texture.png"]


def test_a_trained_student_gives_its_psnr_and_its_gradients(
    teacher: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    network = loading.build_network(get_method("res-sl-slkd"), RAIN, MINI)
    norms = {str(step): {"pixel": 1.0 / (step + 1), "kl": 0.123} for step in range(0, 5000, 500)}
    path = paths.user_weights() / store.relative_path("res-sl-slkd", RAIN, MINI)
    files.write_weights(path, network.state_dict(), {"gradient_norms": norms})
    code, text = inspected(tmp_path, monkeypatch)
    assert code == 0
    assert "no weights yet" not in text
    assert "4500" in text
    assert text.count("0.123") == command.STEPS
    assert list(tmp_path.rglob("gradients.png"))


def test_the_literal_reading_prints_where_and_why(
    teacher: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = inspected(tmp_path, monkeypatch, reading="literal")
    assert code == 1
    assert "nc is nan: S log(S/T) fails at" in text
    assert "different signs" in text
    assert "encoder 1" in text
    assert "recommended" in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("wrote")) <= 80


def test_what_cannot_be_inspected_is_told(tmp_path: Path) -> None:
    for name in ("res-sl-scratch", "restormer", "identity", "prenet"):
        with pytest.raises(SlkdBenchError, match="learns from a teacher"):
            require_teacher(get_method(name), RAIN)
    with pytest.raises(SlkdBenchError, match="--task"):
        require_teacher(get_method("res-sl-ablation-nc"), Task.DENOISING)
    with pytest.raises(SlkdBenchError, match="whose distiller has readings"):
        with_reading(get_method("res-sl-fakd"), "literal")
    with pytest.raises(UnknownName, match="literal"):
        with_reading(get_method("res-sl-slkd"), "litteral")
    assert with_reading(get_method("res-sl-ablation-nc"), "softplus").options == {
        "edge_texture": False,
        "reading": "softplus",
    }
    with pytest.raises(BadWeights, match="slkd-bench train restormer"):
        build(Subject(get_method("res-sl-slkd"), RAIN, MINI))


def test_an_unknown_image_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="flower-1"):
        command.picture_pair(RAIN, MINI, "flowr-1")
    pair = command.picture_pair(RAIN, MINI, "flower-1")
    assert pair is not None
    assert pair.name == "flower-1"
    assert command.picture_pair(RAIN, Scale.PAPER, "") is None
