import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from slkd import losses
from slkd.brisque import INVERSIONS, Fit
from slkd.grids import blur
from slkd.piqe import MASKS, texture_map
from slkd.readings import CHOICES, READINGS, RECOMMENDED, Reading, get_reading, reading_names
from slkd.scale import ScaleConversion
from slkd.terms import edge_texture_loss, natural_colour_loss

SOUND = [r for r in READINGS.values() if not r.name.startswith("literal")]
TERMS = {"nc": natural_colour_loss, "et": edge_texture_loss}


def features(dtype: torch.dtype = torch.float64, size: int = 16, seed: int = 0, channels: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, channels, size, size, dtype=torch.float64, generator=generator).to(dtype)


def normalised_pair(
    student: torch.Tensor, teacher: torch.Tensor, reading: Reading
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    result: list[tuple[torch.Tensor, torch.Tensor]] = ScaleConversion((2,), (2,), reading.scale, reading.normalise).to(
        student.dtype
    )([student], [teacher])
    return result


@pytest.mark.parametrize("reading", [r for r in SOUND if r.masks == "sigmoid"], ids=lambda r: r.name)
@pytest.mark.parametrize("term", TERMS)
def test_every_feature_term_passes_gradcheck(term: str, reading: Reading) -> None:
    teacher = features(seed=1)
    student = features(seed=2).requires_grad_()
    scale = ScaleConversion((2,), (2,), reading.scale, reading.normalise).double()

    def loss(x: torch.Tensor) -> torch.Tensor:
        return TERMS[term](scale([x], [teacher]), reading)

    assert torch.autograd.gradcheck(loss, student, eps=1e-7, atol=1e-4, fast_mode=True)


@pytest.mark.parametrize("term", TERMS)
def test_every_recommended_term_passes_gradcheck_entry_by_entry(term: str) -> None:
    teacher, student = features(seed=1, size=8, channels=1), features(seed=2, size=8, channels=1).requires_grad_()
    scale, reading = ScaleConversion((1,), (1,)).double(), dataclasses.replace(RECOMMENDED, smallest=8)
    assert torch.autograd.gradcheck(lambda x: TERMS[term](scale([x], [teacher]), reading), student, eps=1e-7, atol=1e-4)


@pytest.mark.parametrize("size", [49, 64])
@pytest.mark.parametrize("term", TERMS)
def test_the_gradient_on_large_maps_is_that_of_differences(term: str, size: int) -> None:
    teacher, student = features(seed=1, size=size), features(seed=2, size=size).requires_grad_()
    direction = features(seed=3, size=size)

    def loss(x: torch.Tensor) -> torch.Tensor:
        return TERMS[term](normalised_pair(x, teacher, RECOMMENDED), RECOMMENDED)

    (gradient,) = torch.autograd.grad(loss(student), student)
    with torch.no_grad():
        expected = (loss(student + 1e-6 * direction) - loss(student - 1e-6 * direction)) / 2e-6
    assert (gradient * direction).sum().item() == pytest.approx(expected.item(), rel=1e-3)


@pytest.mark.parametrize("name", ["generalised", "softmax", "clamped"])
def test_every_image_term_passes_gradcheck(name: str) -> None:
    student = (0.1 + 0.8 * torch.rand(2, 3, 5, 4, dtype=torch.float64)).requires_grad_()
    teacher = 0.1 + 0.8 * torch.rand(2, 3, 5, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: losses.IMAGE_DIVERGENCES[name](x, teacher, "mean"), student)


def test_the_pixel_term_passes_gradcheck() -> None:
    target = torch.rand(2, 3, 5, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: losses.pixel_loss(x, target), (target + 0.1).requires_grad_())


@pytest.mark.parametrize("reading", SOUND, ids=lambda r: r.name)
@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("kind", ["noise", "flat", "zero"])
def test_equal_features_give_zero_and_zero_gradient(kind: str, term: str, reading: Reading) -> None:
    teacher = {
        "noise": features(torch.float32, 32),
        "flat": torch.ones(1, 2, 32, 32),
        "zero": torch.zeros(1, 2, 32, 32),
    }[kind]
    student = teacher.clone().requires_grad_()
    loss = TERMS[term](normalised_pair(student, teacher, reading), reading)
    loss.backward()
    scale = 1 if reading.reduction == "mean" else 36
    assert loss.abs() < 1e-6 * scale
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-6 * scale


@pytest.mark.parametrize("name", ["generalised", "softmax"])
def test_equal_images_give_zero_and_zero_gradient(name: str) -> None:
    teacher = torch.rand(2, 3, 16, 16) * 1.4 - 0.2
    student = teacher.clone().requires_grad_()
    loss = losses.IMAGE_DIVERGENCES[name](student, teacher, "mean")
    loss.backward()
    assert loss.abs() < 1e-6
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-6


@pytest.mark.parametrize("reading", SOUND, ids=lambda r: r.name)
@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("kind", ["noise", "flat", "zero", "huge", "half-flat"])
def test_every_sound_term_is_finite_with_a_finite_gradient(kind: str, term: str, reading: Reading) -> None:
    half = features(torch.float32, 32)
    half[..., 16:] = 0.3
    student = {
        "noise": features(torch.float32, 32),
        "flat": torch.full((1, 2, 32, 32), 0.7),
        "zero": torch.zeros(1, 2, 32, 32),
        "huge": 1e4 * features(torch.float32, 32),
        "half-flat": half,
    }[kind].requires_grad_()
    loss = TERMS[term](normalised_pair(student, features(torch.float32, 32, 5), reading), reading)
    loss.backward()
    assert torch.isfinite(loss)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("reading", SOUND, ids=lambda r: r.name)
@pytest.mark.parametrize("term", TERMS)
def test_terms_of_different_features_are_positive(term: str, reading: Reading) -> None:
    assert TERMS[term](normalised_pair(features(), features(seed=1), reading), reading) > 1e-7


def test_the_recommended_terms_fall_when_followed() -> None:
    torch.manual_seed(0)
    teacher = features(torch.float32, 32)
    for term in TERMS:
        student = (teacher + features(torch.float32, 32, 1)).requires_grad_()
        optimiser, values = torch.optim.Adam([student], 0.02), []
        for _ in range(60):
            loss = TERMS[term](normalised_pair(student, teacher, RECOMMENDED), RECOMMENDED)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(loss.item())
        assert values[-1] < 0.5 * values[0]


def minimum(loss: Callable[..., torch.Tensor], target: torch.Tensor) -> float:
    shares = torch.linspace(0.05, 1.6, 3101, dtype=torch.float64)
    values = torch.stack([loss(share * target, target) for share in shares])
    return shares[values.argmin()].item()


def test_printed_equation_4_has_its_minimum_at_t_over_e_and_ours_at_t() -> None:
    target = 0.2 + 0.4 * torch.rand(1, 3, 8, 8, dtype=torch.float64)
    assert minimum(losses.image_literal, target) == pytest.approx(1 / math.e, abs=1e-3)
    assert minimum(losses.image_literal_clamped, target) == pytest.approx(1 / math.e, abs=1e-3)
    assert minimum(losses.image_divergence, target) == pytest.approx(1, abs=1e-3)


def test_descent_on_printed_equation_4_ends_at_37_percent_brightness() -> None:
    target = 0.2 + 0.6 * torch.rand(1, 3, 8, 8, dtype=torch.float64)
    ends = {}
    for name in ("clamped", "generalised"):
        image = target.clone().requires_grad_()
        optimiser = torch.optim.Adam([image], 0.01)
        for _ in range(400):
            loss = losses.IMAGE_DIVERGENCES[name](image, target, "mean")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        ends[name] = (image.detach() / target).mean().item()
    assert ends["clamped"] == pytest.approx(1 / math.e, abs=0.01)
    assert ends["generalised"] == pytest.approx(1, abs=0.01)


def test_literal_equations_2_and_3_are_not_numbers_where_ours_are() -> None:
    student, teacher = blur(features(torch.float32, 64)), features(torch.float32, 64, 1)
    for term in TERMS.values():
        literal = get_reading("literal")
        assert torch.isnan(term(normalised_pair(student, teacher, literal), literal))
        assert torch.isfinite(term(normalised_pair(student, teacher, RECOMMENDED), RECOMMENDED))


def test_a_dark_pixel_is_still_drawn_towards_the_teacher() -> None:
    student = torch.tensor([-0.2, 1.3], requires_grad=True)
    losses.image_divergence(student, torch.tensor([0.5, 0.5])).backward()
    assert student.grad is not None
    assert student.grad[0] < 0 < student.grad[1]


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_features_give_finite_float32_terms(dtype: torch.dtype, term: str) -> None:
    student = (30 * features(torch.float32, 64)).to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype):
        pairs = ScaleConversion((2,), (3,))([student], [features(dtype, 64, 3, channels=3)])
        loss = TERMS[term](pairs, RECOMMENDED)
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


def test_softmax_divergence_is_torchs_own() -> None:
    student, teacher = torch.randn(2, 3, 4, 5, 6), torch.randn(2, 3, 4, 5, 6)
    expected = F.kl_div(
        teacher.flatten(-2).log_softmax(-1), student.flatten(-2).log_softmax(-1), reduction="none", log_target=True
    )
    assert torch.allclose(losses.spatial_softmax(student, teacher), expected.sum(-1).mean(), atol=1e-6)
    assert torch.allclose(losses.spatial_softmax(student, teacher, "sum"), expected.sum() / 2, atol=1e-4)


def test_the_overall_loss_is_equation_6() -> None:
    terms = {name: torch.tensor(value) for name, value in {"pixel": 1.0, "kl": 2.0, "nc": 3.0, "et": 4.0}.items()}
    assert losses.total(terms, {"kl": 0.5, "nc": 0.1, "et": 0.1}).item() == pytest.approx(2.7)


def test_readings_have_names_summaries_and_a_helpful_error() -> None:
    assert reading_names()[0] == "recommended"
    assert all(name == reading.name and reading.summary for name, reading in READINGS.items())
    distinct = {dataclasses.replace(reading, name="", summary="") for reading in READINGS.values()}
    assert len(distinct) == len(READINGS)
    with pytest.raises(ValueError, match="literal"):
        get_reading("litteral")


def changed_reading(field: str, value: Any) -> Reading:
    return dataclasses.replace(RECOMMENDED, **{field: value})


@pytest.mark.parametrize("field", CHOICES)
def test_a_reading_takes_only_names_it_knows(field: str) -> None:
    for value in CHOICES[field]:
        changed_reading(field, value)
    with pytest.raises(ValueError, match=f"expected {field} to be {CHOICES[field][0]}"):
        changed_reading(field, "another")


def test_every_choice_has_its_function() -> None:
    assert set(CHOICES["shape"]) == set(INVERSIONS)
    assert set(CHOICES["masks"]) == set(MASKS)
    assert set(CHOICES["texture"]) == {*losses.DIVERGENCES, *losses.STANDARDISED}
    assert set(CHOICES["natural"]) == {*losses.DIVERGENCES, *losses.STANDARDISED, "fitted"}
    assert set(CHOICES["image"]) == set(losses.IMAGE_DIVERGENCES)
    with pytest.raises(ValueError, match="found 'tabel'"):
        Fit("tabel")
    with pytest.raises(ValueError, match="found 'soft'"):
        texture_map(features(), masks="soft")
