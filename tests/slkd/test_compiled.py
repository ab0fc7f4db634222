"""SLKD as one graph, forward and backward, and without a tensor or a value on the host."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from slkd import SLKD
from slkd.readings import READINGS
from slkd.terms import EdgeTexture, FeatureLoss, NaturalColour
from tests.distillation.toy import Toy

FIT = [name for name, reading in READINGS.items() if not reading.unfit]


def batch(size: int = 48, device: str = "cpu") -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    clean = torch.rand(2, 3, size, size)
    return (clean + 0.1 * torch.randn_like(clean)).clamp(0, 1).to(device), clean.to(device)


@pytest.mark.parametrize("reading", ["recommended", pytest.param("softmax", marks=pytest.mark.slow)])
def test_forward_and_backward_are_one_graph_equal_to_eager(reading: str) -> None:
    results = []
    for compiled in (False, True):
        torch.manual_seed(0)
        torch._dynamo.reset()
        objective = SLKD(Toy(8, 2), Toy(4, 2), reading=reading).train()
        call: Any = torch.compile(objective, fullgraph=True, backend="aot_eager") if compiled else objective
        for _ in range(2):
            terms = call(*batch())
        objective.total(terms).backward()
        gradients = [p.grad for p in objective.parameters() if p.requires_grad]
        buffers = [b for name, b in objective.named_buffers() if "teacher" not in name]
        results.append(([terms[name] for name in sorted(terms)], gradients, buffers))
    for eager, graph in zip(*results, strict=True):
        for ours, theirs in zip(eager, graph, strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


class OnlyMeta(TorchDispatchMode):
    """Fails where an operator gives a tensor with values, or asks for one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            assert not isinstance(leaf, Tensor) or leaf.device.type == "meta", f"{func} made a tensor on the CPU"
        return made


@pytest.mark.parametrize("reading", FIT)
def test_a_pass_makes_nothing_on_the_host_and_asks_for_no_value(reading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tensor on the device "meta" has a shape and no values: whoever reads one fails."""
    objective = SLKD(Toy(8), Toy(4), reading=reading).train().to("meta")
    images = [image.to("meta") for image in batch(64)]
    monkeypatch.setattr(torch, "autocast", lambda *args, **options: nullcontext())  # which knows no such device
    with OnlyMeta():  # type: ignore[no-untyped-call]
        objective.total(objective(*images)).backward()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [NaturalColour, EdgeTexture])
def test_large_maps_which_are_convolved_are_one_graph_too(kind: type[FeatureLoss]) -> None:
    torch._dynamo.reset()
    loss = kind(READINGS["recommended"], [2])
    student, teacher = torch.randn(1, 2, 100, 104, requires_grad=True), torch.randn(1, 2, 100, 104)
    graph: Any = torch.compile(loss, fullgraph=True, backend="aot_eager")
    compiled = torch.autograd.grad(graph([(student, teacher)]), student)[0]
    eager = torch.autograd.grad(loss([(student, teacher)]), student)[0]
    assert torch.allclose(eager, compiled, rtol=1e-3, atol=1e-6)
