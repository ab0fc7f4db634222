import copy
import math
import subprocess
import sys
from typing import Any

import pytest
import torch

import slkd
from baselines.networks.shape.features import Features
from slkd import SLKD
from slkd.brisque import NAMES as NATURAL
from slkd.diagnostics import clean_psnr, extractor_maps, feature_maps, gradient_norms, report
from slkd.readings import READINGS
from slkd.scale import ScaleConversion
from tests.distillation.toy import Toy

TABLE_IV: dict[str, tuple[dict[str, Any], set[str]]] = {
    "degraded": ({"decoder_source": "degraded", "natural_colour": False, "edge_texture": False}, {"pixel", "kl"}),
    "clean": ({"natural_colour": False, "edge_texture": False}, {"pixel", "kl"}),
    "natural": ({"edge_texture": False}, {"pixel", "kl", "nc"}),
    "texture": ({"natural_colour": False}, {"pixel", "kl", "et"}),
    "whole": ({}, {"pixel", "kl", "nc", "et"}),
}


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    clean = torch.rand(2, 3, 48, 48)
    return (clean + 0.1 * torch.randn_like(clean)).clamp(0, 1), clean


@pytest.fixture
def networks() -> tuple[Toy, Toy]:
    torch.manual_seed(0)
    return Toy(8), Toy(4)


@pytest.mark.parametrize("row", TABLE_IV)
def test_table_iv_has_five_rows(row: str, batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]) -> None:
    options, names = TABLE_IV[row]
    objective = SLKD(*networks, **options).train()
    terms = objective(*batch)
    assert set(terms) == names
    assert all(term.shape == () and torch.isfinite(term) for term in terms.values())
    objective.total(terms).backward()
    assert all(p.grad is not None for p in objective.parameters() if p.requires_grad)


def test_rows_one_and_two_differ_in_what_teacher_b_saw(
    batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]
) -> None:
    teacher, student = networks
    degraded, clean = batch
    for source, target in (("degraded", teacher(degraded)), ("clean", teacher(clean))):
        terms = SLKD(teacher, student, decoder_source=source)(degraded, clean)
        expected = (student(degraded) - target).abs().mean()
        assert terms["pixel"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_ground_truth_can_be_the_pixel_target(
    batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]
) -> None:
    terms = SLKD(*networks, pixel_target="clean")(*batch)
    assert terms["pixel"].item() == pytest.approx((networks[1](batch[0]) - batch[1]).abs().mean().item(), rel=1e-5)


def test_guidance_is_a_on_degraded_and_b_on_clean_in_one_pass(
    batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, student = networks
    calls: list[int] = []
    plain = teacher.features

    def counted(image: torch.Tensor) -> Features:
        calls.append(len(image))
        return plain(image)

    monkeypatch.setattr(teacher, "features", counted)
    found = SLKD(teacher, student).guide(*batch)
    assert calls == [4]
    a, b = plain(batch[0]), plain(batch[1])
    assert torch.allclose(found.restored_a, a.restored, atol=1e-6)
    assert torch.allclose(found.restored_b, b.restored, atol=1e-6)
    assert all(torch.allclose(x, y, atol=1e-6) for x, y in zip(found.encoder, a.encoder, strict=True))
    assert all(torch.allclose(x, y, atol=1e-6) for x, y in zip(found.decoder, b.decoder, strict=True))
    assert not found.restored_b.requires_grad


def test_teacher_b_may_have_its_own_weights(
    batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]
) -> None:
    teacher, student = networks
    other = Toy(6)
    objective = SLKD(teacher, student, teacher_b=other)
    terms = objective(*batch)
    assert terms["pixel"].item() == pytest.approx((student(batch[0]) - other(batch[1])).abs().mean().item(), rel=1e-5)
    objective.train()
    assert not other.training
    assert not any(p.requires_grad for p in other.parameters())


def test_a_students_copy_of_the_teacher_has_zero_terms_and_gradients(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.manual_seed(0)
    teacher = Toy(8)
    objective = SLKD(teacher, copy.deepcopy(teacher))
    terms = objective(batch[1], batch[1])
    for name in ("kl", "nc", "et"):
        gradients = torch.autograd.grad(
            terms[name], [p for p in objective.parameters() if p.requires_grad], retain_graph=True, allow_unused=True
        )
        assert terms[name].abs() < 1e-6
        assert all(g is None or g.abs().max() < 1e-6 for g in gradients)
    assert terms["pixel"] == 0


@pytest.mark.parametrize("reading", READINGS)
def test_every_reading_runs_and_only_literal_ones_are_not_numbers(
    reading: str, batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]
) -> None:
    terms = SLKD(*networks, reading=reading)(*batch)
    finite = {name: bool(torch.isfinite(term)) for name, term in terms.items()}
    if reading == "literal":
        assert not finite["nc"]
        assert not finite["et"]
    else:
        assert all(finite.values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_step_under_autocast_is_finite(
    dtype: torch.dtype, batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]
) -> None:
    objective = SLKD(*networks).train()
    for images in (batch, (torch.zeros(1, 3, 32, 32),) * 2, (torch.full((1, 3, 32, 32), 0.5),) * 2):
        objective.zero_grad()
        with torch.autocast("cpu", dtype):
            total = objective.total(objective(*images))
        total.backward()
        assert total.dtype == torch.float32
        assert torch.isfinite(total)
        assert all(p.grad is not None and p.grad.isfinite().all() for p in objective.parameters() if p.requires_grad)


def test_float64_and_odd_sizes_and_other_depths_work() -> None:
    torch.manual_seed(0)
    objective = SLKD(Toy(8, 4), Toy(4, 3)).double()
    images = torch.rand(2, 3, 45, 51, dtype=torch.float64)
    terms = objective(images, images.flip(0))
    assert all(torch.isfinite(term) and term.dtype == torch.float64 for term in terms.values())


@pytest.mark.parametrize("student", ["res-sl", "ufor-sl", "drs-sl"])
def test_the_papers_pairs_work_at_mini_scale(student: str, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.manual_seed(0)
    build = {"res-sl": slkd.res_sl, "ufor-sl": slkd.ufor_sl, "drs-sl": slkd.drs_sl}[student]
    objective = SLKD(slkd.teacher_of(student, "mini"), build("mini")).train()
    terms = objective(*batch)
    objective.total(terms).backward()
    assert all(torch.isfinite(term) for term in terms.values())
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in objective.student.parameters())


def test_the_scale_conversion_learns_alone_first(
    batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]
) -> None:
    objective = SLKD(*networks).train()
    own = [p for p in objective.student.parameters() if p.requires_grad]
    assert objective.encoder_scale is not None
    projections = list(objective.encoder_scale.parameters())
    norms = {}
    for step in (0, 4, 9, 15, 99):
        objective.before_step(step, 100, *batch)
        term = objective(*batch)["nc"]
        gradients = torch.autograd.grad(term, own + projections, allow_unused=True)
        sizes = [0.0 if g is None else float(g.double().norm()) for g in gradients]
        norms[step] = (sum(sizes[: len(own)]), sum(sizes[len(own) :]))
    assert [norms[step][0] == 0 for step in norms] == [True, True, False, False, False]
    assert norms[9][0] == pytest.approx(0.4 * norms[99][0], rel=1e-3)
    assert norms[15][0] == pytest.approx(norms[99][0], rel=1e-3)
    assert all(norms[step][1] == pytest.approx(norms[99][1], rel=1e-3) for step in norms)
    assert objective.settled_at(100) == 15
    assert SLKD(*networks, warm_up=0.0).settled_at(100) == 0


def test_it_learns(batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]) -> None:
    objective = SLKD(*networks).train()
    optimiser = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], 3e-3)
    history = []
    for _ in range(15):
        terms = objective(*batch)
        loss = objective.total(terms)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append({name: term.item() for name, term in terms.items()})
    assert all(history[-1][name] < history[0][name] for name in history[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reading": "recomended"}, "recommended"),
        ({"pixel_target": "truth"}, "clean"),
        ({"decoder_source": "b"}, "degraded"),
    ],
)
def test_unknown_options_are_told(options: dict[str, Any], message: str, networks: tuple[Toy, Toy]) -> None:
    with pytest.raises(ValueError, match=message):
        SLKD(*networks, **options)


def test_a_network_without_features_is_refused(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="features"):
        SLKD(torch.nn.Conv2d(3, 3, 1), torch.nn.Conv2d(3, 3, 1), natural_colour=False, edge_texture=False)(*batch)


def test_one_module_cannot_be_teacher_and_student() -> None:
    network = Toy()
    with pytest.raises(ValueError, match="one module"):
        SLKD(network, network)


@pytest.mark.parametrize("kind", ["projection", "pooling"])
def test_scale_conversion_gives_pairs_of_one_shape_and_of_unit_rms(kind: str) -> None:
    torch.manual_seed(0)
    student = [torch.randn(2, 4, 40, 40), torch.randn(2, 8, 20, 20)]
    teacher = [5 * torch.randn(2, 6, 48, 40), torch.randn(2, 12, 24, 20)]
    scale = ScaleConversion((4, 8), (6, 12), kind)
    for ours, theirs in scale(student, teacher):
        assert ours.shape == theirs.shape
        assert torch.allclose(theirs.square().mean(dim=(1, 2, 3)), torch.ones(2), atol=1e-3)
        assert torch.allclose(ours.square().mean(dim=(1, 2, 3)), torch.ones(2), atol=1e-3)
    assert bool(list(scale.parameters())) == (kind == "projection")
    with pytest.raises(ValueError, match="projection or pooling"):
        ScaleConversion((4,), (4,), "mean")


def test_diagnostics(batch: tuple[torch.Tensor, torch.Tensor], networks: tuple[Toy, Toy]) -> None:
    teacher, student = networks
    degraded, clean = batch
    objective = SLKD(teacher, student)
    expected = -10 * math.log10((teacher(clean).clamp(0, 1) - clean).square().mean(dim=(1, 2, 3))[1].item())
    assert clean_psnr(teacher, clean)[1].item() == pytest.approx(expected, rel=1e-5)
    terms = objective(degraded, clean)
    norms = gradient_norms(objective, terms)
    terms["nc"].backward(retain_graph=True)
    norm = math.sqrt(sum(p.grad.square().sum().item() for p in student.parameters() if p.grad is not None))
    assert norms["nc"] == pytest.approx(norm, rel=1e-4)
    assert gradient_norms(objective, terms, weighted=True)["nc"] == pytest.approx(0.1 * norm, rel=1e-4)
    assert all(value > 0 for value in norms.values())
    assert set(feature_maps(student, degraded)) == {
        "restored",
        "encoder 1",
        "encoder 2",
        "encoder 3",
        "decoder 1",
        "decoder 2",
    }
    maps = extractor_maps(student, degraded)
    assert maps["encoder 1"]["MSCN"].shape == (2, 4, 48, 48)
    assert set(maps["encoder 2"]) == {"MSCN", *NATURAL}
    assert maps["decoder 1"]["noise"].shape == (2, 4, 2, 2)
    figures = report(objective, degraded, clean)
    assert {"PSNR of Teacher B on clean", "term et", "gradient et"} <= set(figures)


def test_the_package_and_the_readings_import_without_torch() -> None:
    code = "import sys, slkd, slkd.readings; slkd.READINGS; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="nothing"):
        slkd.nothing  # noqa: B018
