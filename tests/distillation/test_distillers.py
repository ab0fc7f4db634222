import copy
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.optim import SGD

from baselines.distillation.catalogue import distillers
from baselines.distillation.dfkd import DFKD, DFKDProgressive
from baselines.distillation.fakd import affinity
from baselines.objective import Objective
from benchmark.methods.networks import build
from tests.distillation.toy import Toy

NAMES = sorted(distillers())
FAMILIES = {"restormer": "res-sl", "uformer": "ufor-sl", "drsformer": "drs-sl"}


def made(name: str, teacher: nn.Module, student: nn.Module) -> Objective:
    row = distillers()[name]
    return row.load()(teacher, student) if row.needs_teacher else row.load()(student)


def pair(size: int = 32, count: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    clean = torch.rand(count, 3, size, size)
    return (clean + 0.1 * torch.randn_like(clean)).clamp(0, 1), clean


def step(
    objective: Objective, degraded: torch.Tensor, clean: torch.Tensor, index: int = 0, total: int = 10
) -> dict[str, torch.Tensor]:
    if hasattr(objective, "before_step"):
        objective.before_step(index, total, degraded, clean)
    result: dict[str, torch.Tensor] = objective(degraded, clean)
    return result


@pytest.fixture(scope="module")
def families() -> dict[str, tuple[nn.Module, nn.Module]]:
    torch.manual_seed(0)
    return {t: (build(t, "mini"), build(s, "mini")) for t, s in FAMILIES.items()} | {"toy": (Toy(8), Toy(4))}


@pytest.mark.parametrize("family", [*FAMILIES, "toy"])
@pytest.mark.parametrize("name", NAMES)
def test_gives_finite_scalar_terms_and_trains_only_its_student_and_adapters(
    name: str, family: str, families: dict[str, tuple[nn.Module, nn.Module]]
) -> None:
    teacher, student = (copy.deepcopy(network) for network in families[family])
    objective = made(name, teacher, student).train()
    terms = step(objective, *pair(), index=9)
    assert terms
    assert all(term.shape == () and torch.isfinite(term) for term in terms.values())
    objective.total(terms).backward()
    reached = [p for p in objective.parameters() if p.grad is not None]
    assert all(p.requires_grad and p.grad is not None and p.grad.isfinite().all() for p in reached)
    assert any(p.grad is not None and p.grad.any() for p in student.parameters())
    assert {id(p) for p in reached} == {id(p) for p in objective.parameters() if p.requires_grad}
    assert all(p.requires_grad for p in student.parameters())
    assert student.training
    if objective.teacher is not None:
        assert not teacher.training
        assert not any(p.requires_grad for p in teacher.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_learns_from_one_batch_of_an_odd_size(name: str) -> None:
    torch.manual_seed(0)
    objective = made(name, Toy(8), Toy(4))
    optimiser = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], 5e-3)
    degraded, clean = pair(27)
    losses = []
    for index in range(25):
        torch.manual_seed(1)
        loss = objective.total(step(objective, degraded, clean, index + 51, 1000))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.02 * abs(losses[0])


@pytest.mark.parametrize("name", NAMES)
def test_runs_under_bfloat16_autocast(name: str) -> None:
    torch.manual_seed(0)
    objective = made(name, Toy(8), Toy(4))
    with torch.autocast("cpu", torch.bfloat16):
        terms = step(objective, *pair())
    total = objective.total(terms)
    total.backward()
    assert total.dtype == torch.float32
    assert torch.isfinite(total)


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("logits", "teacher"),
        ("dfkd-progressive", "teacher"),
        ("fakd", "affinity"),
        ("at", "attention"),
        ("fitnets", "hint"),
    ],
)
def test_a_students_copy_of_the_teacher_has_nothing_to_learn_from_it(name: str, term: str) -> None:
    torch.manual_seed(0)
    teacher = Toy(8)
    value = step(made(name, teacher, copy.deepcopy(teacher)), *pair(), index=9)[term]
    assert value.abs() < 1e-6


@pytest.mark.parametrize("name", ["logits", "dfkd-progressive", "dckd-cross", "fakd", "at", "fitnets", "pisr"])
def test_only_privileged_information_shows_the_teacher_the_clean_image(name: str) -> None:
    torch.manual_seed(0)
    teacher, seen = Toy(8), []
    teacher.stem.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    degraded, clean = pair()
    step(made(name, teacher, Toy(4)), degraded, clean)
    assert torch.equal(seen[0], clean if name == "pisr" else degraded)


def test_cross_hybrids_of_a_copy_are_the_teacher_and_those_of_a_stranger_are_not() -> None:
    torch.manual_seed(0)
    teacher, batch = Toy(8), pair()
    terms = made("dckd-cross", teacher, copy.deepcopy(teacher))(*batch)
    assert max(terms["encoder-teacher"], terms["decoder-teacher"]) < 1e-6
    terms = made("dckd-cross", teacher, Toy(4))(*batch)
    assert min(terms["encoder-teacher"], terms["decoder-teacher"]) > 1e-3


def test_cross_refuses_networks_of_different_depth() -> None:
    with pytest.raises(ValueError, match="found 2 and 3"):
        made("dckd-cross", Toy(4, 3), Toy(4, 2))


def test_one_module_cannot_be_both() -> None:
    network = Toy()
    with pytest.raises(ValueError, match="one module"):
        made("logits", network, network)


def test_the_data_free_student_does_not_see_the_images() -> None:
    torch.manual_seed(0)
    objective = made("dfkd", Toy(8), Toy(4))
    values = []
    for seed in (0, 1):
        degraded, clean = pair(seed=seed)
        torch.manual_seed(7)
        values.append(objective(degraded, clean)["teacher"])
    assert values[0] == values[1]


def test_the_generator_learns_when_it_is_due_and_leaves_the_student_alone() -> None:
    torch.manual_seed(0)
    objective = made("dfkd", Toy(8), Toy(4))
    assert isinstance(objective, DFKD)
    before = copy.deepcopy(objective.state_dict())
    objective.before_step(1, 100, *pair())
    assert all(
        torch.equal(value, before[key]) for key, value in objective.generator.state_dict(prefix="generator.").items()
    )
    objective.before_step(2, 100, *pair())
    after = objective.state_dict()
    changed = {
        key.split(".")[0] for key in after if torch.is_tensor(after[key]) and not torch.equal(after[key], before[key])
    }
    assert changed == {"generator"}
    assert all(p.grad is None for p in objective.parameters())


@pytest.mark.parametrize("name", ["dfkd", "dckd-dynamic"])
def test_what_a_checkpoint_needs_beyond_the_student_resumes_bit_for_bit(name: str) -> None:
    def run(objective: Objective, optimiser: torch.optim.Optimizer, first: int, last: int) -> None:
        for index in range(first, last):
            degraded, clean = pair(seed=index)
            loss = objective.total(step(objective, degraded, clean, index * 25, 200))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def fresh() -> tuple[Objective, SGD]:
        torch.manual_seed(0)
        objective = made(name, Toy(8), Toy(4))
        return objective, torch.optim.SGD([p for p in objective.parameters() if p.requires_grad], 1e-2)

    whole, optimiser = fresh()
    run(whole, optimiser, 0, 6)
    half, optimiser = fresh()
    run(half, optimiser, 0, 3)
    kept = {k: v.detach().clone() for k, v in half.named_parameters() if v.requires_grad} | dict(half.named_buffers())
    extra = copy.deepcopy(half.get_extra_state())
    resumed, optimiser = fresh()
    resumed.load_state_dict(kept, strict=False)
    resumed.set_extra_state(extra)
    run(resumed, optimiser, 3, 6)
    for key, value in whole.state_dict().items():
        if torch.is_tensor(value):
            assert torch.equal(value, resumed.state_dict()[key]), key


def test_a_growing_student_opens_its_levels_in_equal_stages() -> None:
    torch.manual_seed(0)
    student = Toy(4, 3)
    objective = made("dfkd-progressive", Toy(8), student)
    assert isinstance(objective, DFKDProgressive)
    growth = objective.growth
    opened, image = [], pair()[0]
    for index in range(6):
        growth.at(index, 6)
        opened.append(growth.opened)
    assert opened == [1, 1, 2, 2, 3, 3]
    assert torch.equal(growth(student, image), student(image))
    growth.at(0, 6)
    deepest = student.down[0]
    assert isinstance(deepest, nn.Conv2d)
    deepest.weight.data += 1
    shallow = growth(student, image)
    deepest.weight.data += 1
    assert torch.equal(growth(student, image), shallow)


def test_affinities_are_cosines() -> None:
    features = torch.randn(2, 5, 3, 4, dtype=torch.float64)
    flat = features.flatten(2)
    a, b = flat[1, :, 2], flat[1, :, 7]
    assert torch.isclose(affinity(features)[1, 2, 7], a @ b / a.norm() / b.norm())
    assert affinity(torch.randn(1, 3, 128, 128)).shape == (1, 256, 256)


def test_the_catalogue_does_not_import_torch() -> None:
    code = "import sys, baselines.distillation.catalogue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
