"""Half precision: every objective and every network makes finite steps, and frozen teachers are held in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.methods.catalogue import methods
from benchmark.training import step
from benchmark.training.recipe import Precision, Recipe
from benchmark.training.run import Run
from benchmark.training.teacher import SharedTeacher
from tests.training.test_waiting import ROWS, begin, objective_of, untrained

__all__ = ["untrained"]  # a fixture
NETWORKS = {m.network: m for m in methods() if m.network and m.distiller in ("", "scratch")}
EVERY = ROWS | {f"{name} alone": method for name, method in NETWORKS.items() if method not in ROWS.values()}
STEEP = {"dckd-dynamic", "dckd-cross", "fakd", "dfkd", "drsformer alone"}  # the scale is halved most often
CPU = torch.device("cpu")


def steps(method_name: str, precision: Precision, folder: Path, count: int) -> Run:
    objective = objective_of(EVERY[method_name], folder)
    run = Run(objective, Recipe(100, 2, 32, "adamw", lr=1e-4, clip=0.1, precision=precision), CPU)
    generator = torch.Generator().manual_seed(3)
    clean = torch.rand(2, 3, 32, 32, generator=generator)
    degraded = (clean + 0.1 * torch.randn(clean.shape, generator=generator)).clamp(0, 1)
    teacher = getattr(objective, "teacher", None)
    if isinstance(teacher, SharedTeacher):
        step.hold(teacher, precision)
    for _ in range(count):
        begin(objective, degraded, clean)
        run.advance(degraded, clean, 1)
        run.check(lambda _: (degraded, clean))
    return run


@pytest.mark.parametrize("name", EVERY)
def test_bf16_steps_are_finite(name: str, untrained: None, tmp_path: Path) -> None:
    run = steps(name, "bf16", tmp_path, 2)
    assert run.step == 2
    assert all(bool(torch.isfinite(p).all()) for p in run.trained)
    assert all(p.dtype == torch.float32 for p in run.trained)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in STEEP else ()) for n in EVERY])
def test_fp16_finds_a_scale_at_which_gradients_are_finite(name: str, untrained: None, tmp_path: Path) -> None:
    """The steepest run with --slow."""
    run = steps(name, "fp16", tmp_path, 1)
    before = [p.detach().clone() for p in run.trained]
    for _ in range(40):  # each halves the scale, until the steepest loss has finite gradients
        begin(run.objective, *BATCH)
        run.advance(*BATCH, 1)
        run.check(lambda _: BATCH)
        if any(not torch.equal(p, q) for p, q in zip(run.trained, before, strict=True)):
            break
    assert any(not torch.equal(p, q) for p, q in zip(run.trained, before, strict=True))
    assert all(bool(torch.isfinite(p).all()) for p in run.trained)


BATCH = (
    torch.linspace(0.1, 0.8, 2 * 3 * 32 * 32).view(2, 3, 32, 32),
    torch.linspace(0.2, 0.7, 6144).view(2, 3, 32, 32),
)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_a_teacher_held_in_half_precision_gives_what_autocast_gives(kind: torch.dtype) -> None:
    precision: Precision = "bf16" if kind is torch.bfloat16 else "fp16"
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GELU(), nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), nn.Conv2d(8, 3, 3)
    ).eval()
    image = torch.rand(1, 3, 16, 16)
    with torch.no_grad(), step.autocast(precision, CPU):
        expected = network(image)
        step.hold(network, precision)
        assert torch.equal(network(image), expected)
    assert network[0].weight.dtype == kind
    assert network[3].weight.dtype == torch.float32
    step.hold(plain := nn.Conv2d(3, 3, 1), "fp32")
    assert plain.weight.dtype == torch.float32
