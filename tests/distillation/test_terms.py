"""Every term of every distiller, SLKD's and its rivals': its gradient, its zeros, and half precision."""

import copy

import pytest
import torch
from torch.func import functional_call

from baselines.distillation.catalogue import distillers
from baselines.objective import Objective
from slkd import SLKD
from tests.distillation.toy import Toy

NAMES = ["slkd", *distillers()]

# The terms that are zero, with zero gradient, for a student that is the teacher's copy. The others are measured against
# the ground truth, or are a likelihood (information) or a cross-entropy (categories), whose minimum is not at zero.
ZERO = {
    "slkd": {"pixel", "kl", "nc", "et"},
    "logits": {"teacher"},
    "dfkd": {"teacher"},
    "dfkd-progressive": {"teacher"},
    "dckd-cross": {"encoder-teacher", "decoder-teacher"},
    "dckd-dynamic": {"teacher", "contrast"},
    "fakd": {"teacher", "affinity"},
    "at": {"attention"},
    "fitnets": {"hint"},
}
CASES = [(name, term) for name, terms in ZERO.items() for term in sorted(terms)]
IMAGES = {"noise": None, "black": 0.0, "gray": 0.5, "white": 1.0}


def made(name: str, teacher: Toy, student: Toy) -> Objective:
    if name == "slkd":
        return SLKD(teacher, student)
    row = distillers()[name]
    return row.load()(teacher, student) if row.needs_teacher else row.load()(student)


def terms_of(objective: Objective, degraded: torch.Tensor, clean: torch.Tensor) -> dict[str, torch.Tensor]:
    """The terms at the last step, when growing students are whole; always with the same random numbers."""
    torch.manual_seed(5)
    if hasattr(objective, "before_step"):
        objective.before_step(9, 10, degraded, clean)
    torch.manual_seed(6)
    result: dict[str, torch.Tensor] = objective(degraded, clean)
    return result


def images(
    kind: str = "noise", size: int = 16, count: int = 2, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    level = IMAGES[kind]
    if level is not None:
        return (torch.full((count, 3, size, size), level, dtype=dtype),) * 2
    clean = torch.rand(count, 3, size, size, dtype=dtype)
    return (clean + 0.1 * torch.randn_like(clean)).clamp(0, 1), clean


@pytest.mark.parametrize("name", NAMES)
def test_every_term_passes_gradcheck(name: str) -> None:
    torch.manual_seed(0)
    objective = made(name, Toy(6, 2), Toy(3, 2)).double()
    batch = tuple(0.3 + 0.4 * image for image in images(dtype=torch.float64, count=1))  # within L_KL's clamp
    names = list(terms_of(objective, *batch))
    objective.student.requires_grad_(False)
    weights = {f"student.{key}": p for key, p in objective.student.named_parameters() if "stem" in key or "up" in key}

    def losses(*values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        torch.manual_seed(6)
        found = functional_call(objective, dict(zip(weights, values, strict=True)), batch)
        return tuple(found[term] for term in names)

    values = [p.detach().clone().requires_grad_() for p in weights.values()]
    assert torch.autograd.gradcheck(losses, values, eps=1e-7, atol=1e-5, rtol=1e-3, fast_mode=True)


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize(("name", "term"), CASES)
def test_a_copy_of_the_teacher_has_nothing_to_learn(name: str, term: str, kind: str) -> None:
    torch.manual_seed(0)
    teacher = Toy(6, 2)
    objective = made(name, teacher, copy.deepcopy(teacher))
    degraded, clean = images(kind)
    value = terms_of(objective, clean if name == "slkd" else degraded, clean)[term]
    weights = list(objective.student.parameters())
    gradients = torch.autograd.grad(value, weights, allow_unused=True)
    assert value.abs() < 1e-6
    assert all(g is None or g.abs().max() < 1e-6 for g in gradients)


@pytest.mark.parametrize(("name", "term"), CASES)
def test_a_stranger_has(name: str, term: str) -> None:
    torch.manual_seed(0)
    objective = made(name, Toy(6, 2), Toy(3, 2))
    value = terms_of(objective, *images())[term]
    gradients = torch.autograd.grad(value, list(objective.student.parameters()), allow_unused=True)
    assert value > 1e-4
    assert max(float(g.abs().max()) for g in gradients if g is not None) > 1e-5


@pytest.mark.parametrize(
    ("precision", "zero"),
    [(None, ""), (None, "student"), (None, "teacher"), (None, "both")]
    + [(dtype, zero) for dtype in (torch.bfloat16, torch.float16) for zero in ("", "both")],
)
@pytest.mark.parametrize("name", NAMES)
def test_terms_are_finite_on_flat_images_and_on_features_that_are_all_zero(
    name: str, precision: torch.dtype | None, zero: str
) -> None:
    noise, clean = images(count=1)
    mixed = torch.cat([torch.full_like(clean, 0.5), torch.ones_like(clean), clean.round(), clean])
    for degraded, target in (images("black"), (torch.cat([mixed[:3], noise]), mixed)):
        torch.manual_seed(0)
        teacher, student = Toy(6, 2), Toy(3, 2)
        for network, which in ((teacher, "teacher"), (student, "student")):
            if zero in (which, "both"):
                for p in network.parameters():
                    p.data.zero_()
        objective = made(name, teacher, student)
        with torch.autocast("cpu", precision, enabled=precision is not None):
            terms = terms_of(objective, degraded, target)
        objective.total(terms).backward()
        assert all(term.dtype == torch.float32 and torch.isfinite(term) for term in terms.values())
        gradients = [p.grad for p in objective.parameters() if p.requires_grad and p.grad is not None]
        assert gradients
        assert all(torch.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize("name", ["slkd", "scratch", "logits", "dfkd-progressive", "dckd-cross", "fakd", "at"])
def test_a_batchs_terms_are_the_means_of_its_parts(name: str) -> None:
    """What lets processes that share a batch train as one does."""
    torch.manual_seed(0)
    objective = made(name, Toy(6, 2), Toy(3, 2)).double()
    degraded, clean = images(count=4, dtype=torch.float64)
    terms_of(objective, degraded, clean)
    objective.eval()  # SLKD's running statistics of the teacher, which processes average, stand still
    whole = terms_of(objective, degraded, clean)
    parts = [terms_of(objective, degraded[half], clean[half]) for half in (slice(0, 2), slice(2, 4))]
    for term, value in whole.items():
        assert value.item() == pytest.approx((parts[0][term] + parts[1][term]).item() / 2, rel=1e-9, abs=1e-12)


def test_the_two_likelihoods_are_least_at_the_teacher() -> None:
    """A cross-entropy's gradient is zero there, though its value is the entropy of the teacher's categories."""
    torch.manual_seed(0)
    teacher = Toy(6, 2)
    objective = made("dckd-dynamic", teacher, copy.deepcopy(teacher))
    value = terms_of(objective, *images())["categories"]
    gradients = torch.autograd.grad(value, list(objective.student.parameters()))
    assert value > 0.01
    assert max(float(g.abs().max()) for g in gradients) < 1e-6
