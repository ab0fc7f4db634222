"""A step of every objective asks the device for nothing, and makes no tensor on the CPU for one that lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from baselines.objective import Objective
from benchmark.core.types import Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.method import Method
from benchmark.methods.weights import loading
from benchmark.training import build
from benchmark.training.recipe import Recipe
from benchmark.training.run import Run
from benchmark.training.teacher import SharedTeacher
from tests.training.jobs import job

# One row of each objective, each on its family's smallest network.
ROWS = {
    (m.distiller or m.network): m for m in reversed(methods()) if m.network and m.network in ("res-sl", "restormer")
}
ROWS |= {m.network: m for m in methods() if m.kind == "lightweight"}
WAITING = ("_local_scalar_dense", "is_nonzero", "aten.equal", "aten.nonzero", "masked_select", "_unique")


class Waits(TorchDispatchMode):
    """Collects the operators that need a value on the host; `allowed` are tensors that lie there anyway."""

    def __init__(self, allowed: Sequence[Tensor] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[str] = []
        self.allowed, self.on_host = allowed, list[object]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if args and any(args[0] is one for one in self.allowed):
            self.on_host.append(made)
        elif (_by_mask(func, args) or any(name in str(func) for name in WAITING)) and not self._is_on_host(args[0]):
            self.found.append(str(func))
        return made

    def _is_on_host(self, value: object) -> bool:
        return any(value is one for one in self.on_host)


def _by_mask(func: Any, args: Any) -> bool:
    """Whether an index is a mask, whose true places have to be counted."""
    indexed = "aten.index" in str(func) and len(args) > 1 and isinstance(args[1], list | tuple)
    return indexed and any(isinstance(index, Tensor) and index.dtype == torch.bool for index in args[1])


@contextmanager
def no_reading(monkeypatch: pytest.MonkeyPatch, allowed: Sequence[Tensor] = ()) -> Iterator[None]:
    """Nothing is read from a tensor within, neither by an operator nor by tolist and numpy, which call none."""

    def refuse(self: Tensor, *args: object, **kwargs: object) -> Any:
        raise AssertionError("a tensor was read on the host")

    with monkeypatch.context() as patched, Waits(allowed) as waits:
        for name in ("tolist", "numpy", "__array__"):
            patched.setattr(Tensor, name, refuse)
        yield
    assert not waits.found


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Teachers with weights as they are built."""

    def load_teacher(method: Method, job: Any) -> tuple[SharedTeacher, None]:
        torch.manual_seed(5)
        teacher = next(m for m in methods() if m.id == method.teacher)
        return SharedTeacher(loading.build_network(teacher, job.task, job.scale)), None

    monkeypatch.setattr(build, "load_teacher", load_teacher)


def objective_of(method: Method, folder: Path) -> Objective:
    task = Task.DERAINING if Task.DERAINING in method.tasks else method.tasks[0]
    objective, _ = build.build_objective(method, replace(job(folder, method.id, task=task), scale=Scale.MINI))
    return objective.train()


def begin(objective: Objective, degraded: Tensor, clean: Tensor) -> None:
    teacher = getattr(objective, "teacher", None)
    if isinstance(teacher, SharedTeacher):
        teacher.begin(degraded, clean)


def counters(objective: Objective) -> list[Tensor]:
    """The steps that an optimiser of the objective's own counts: torch keeps them on the host, beside any device."""
    optimiser = getattr(objective, "optimiser", None)
    return [state["step"] for state in optimiser.state.values()] if optimiser is not None else []


@pytest.mark.parametrize("name", ROWS)
def test_a_step_waits_for_nothing(name: str, untrained: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objective = objective_of(ROWS[name], tmp_path)
    run = Run(objective, Recipe(100, 1, 32, "adamw", ema=0.9, clip=0.1), torch.device("cpu"))
    degraded, clean = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    begin(objective, degraded, clean)
    run.advance(degraded, clean, 1)  # the first may set things up
    assert run.mean is not None
    for _ in range(2):
        with no_reading(monkeypatch, [run.mean.n_averaged, *counters(objective)]):
            begin(objective, degraded, clean)
            run.advance(degraded, clean, 1)
    run.check(lambda step: (degraded, clean))
    assert run.step == 3


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_step_in_half_precision_waits_for_nothing(
    precision: Any, untrained: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objective = objective_of(ROWS["slkd"], tmp_path)
    run = Run(objective, Recipe(100, 1, 32, precision=precision), torch.device("cpu"))
    degraded, clean = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    begin(objective, degraded, clean)
    run.advance(degraded, clean, 1)
    with no_reading(monkeypatch):
        begin(objective, degraded, clean)
        run.advance(degraded, clean, 1)


def test_the_test_sees_each_way_of_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    value = torch.ones(3)
    for wait in (
        lambda: value.sum().item(),
        lambda: bool(value.sum() > 1),
        lambda: value.tolist(),
        lambda: value.numpy(),
        lambda: torch.equal(value, value),
        lambda: value[value > 0],
        lambda: int(value[0]),
    ):
        with pytest.raises(AssertionError), no_reading(monkeypatch):
            wait()
    with no_reading(monkeypatch):
        value.add_(1).sum()


class OnCpu(TorchDispatchMode):
    """Collects the operators that make a tensor on the CPU."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else (made,):
            if isinstance(one, Tensor) and one.device.type == "cpu":
                self.found.append(str(func))
        return made


@pytest.mark.parametrize("name", ROWS)
def test_a_step_elsewhere_makes_no_tensor_on_the_cpu(
    name: str, untrained: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On torch's meta device, which has no values, nor autocast: whatever is read there raises, too."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    objective = objective_of(ROWS[name], tmp_path).to("meta")
    degraded, clean = torch.rand(1, 3, 32, 32, device="meta"), torch.rand(1, 3, 32, 32, device="meta")
    begin(objective, degraded, clean)
    with OnCpu() as on_cpu:
        objective.before_step(1, 100, degraded, clean)
        torch.stack(list(objective(degraded, clean).values())).sum().backward()
    assert not on_cpu.found
