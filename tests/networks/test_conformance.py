"""What every declared network has to do, whoever wrote it: any size and batch, precision, gradient, checkpoint, compile.

A network that is added is tested here by its declaration alone. What is its own (fixtures, parts, refusals) has its own file.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from baselines.networks.fast import INFERENCE, WITH_GRADIENTS, Forms, fast_inference
from baselines.networks.shape.features import EncoderDecoder
from baselines.networks.spec import NetworkSpec
from benchmark.core.types import Scale, Task
from benchmark.costs.count import canonical, parameters_used
from benchmark.methods.method import Method
from benchmark.methods.networks import networks
from benchmark.training.job import TrainJob
from benchmark.training.recipes import objective_target, recipe_for

SPECS = list(networks().values())
VARIANTS = [(s, t) for s in SPECS for t in dict.fromkeys([s.tasks[0], *s.by_task])]
FORMS: dict[str, Forms] = {"paper": {}, "training": WITH_GRADIENTS, "fast": INFERENCE}
WAITS = {"_local_scalar_dense", "item", "nonzero", "is_nonzero", "equal", "masked_select", "unique2", "_unique2"}

SMALLEST = list({s.network: s for s in SPECS}.values())  # of those that share a class, the student

each = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
each_class = pytest.mark.parametrize("spec", SMALLEST, ids=lambda spec: spec.id)
every_form = pytest.mark.parametrize("form", FORMS)


@pytest.fixture(autouse=True)
def seed() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def built(spec: NetworkSpec, form: str = "paper", task: str | None = None) -> nn.Module:
    """The mini network, in evaluation but where it is for training, its last figures shaken off zero and one."""
    network = spec.build("mini", task or spec.tasks[0])
    for module, kind in fast_forms(network, form).items():
        module.__class__ = kind
    return network.eval() if form != "training" else network


def fast_forms(network: nn.Module, form: str) -> dict[nn.Module, type[nn.Module]]:
    return {module: FORMS[form][type(module)] for module in network.modules() if type(module) in FORMS[form]}


def step(network: nn.Module, image: Tensor) -> dict[str, Tensor]:
    network.zero_grad()
    network(image).square().mean().backward()
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


@each
@torch.no_grad()
def test_any_size_and_batch(spec: NetworkSpec) -> None:
    network = built(spec)
    for height, width in ((37, 45), (3, 2), (1, 1)):
        image = torch.rand(2, 3, height, width)
        both = network(image)
        assert both.shape == image.shape
        assert both.isfinite().all()
        torch.testing.assert_close(both[1:], network(image[1:]), rtol=1e-4, atol=1e-4)


@each_class
@pytest.mark.parametrize("form", ["training", "fast"])
def test_the_fast_forms_are_the_papers(spec: NetworkSpec, form: str) -> None:
    network = built(spec).double()
    image = torch.rand(2, 3, 20, 26, dtype=torch.float64)
    expected, gradients = network(image), step(network, image)
    with fast_inference(network, FORMS[form]):
        torch.testing.assert_close(network(image), expected, rtol=1e-6, atol=1e-8)
        for name, gradient in step(network, image).items():
            torch.testing.assert_close(gradient, gradients[name], rtol=1e-5, atol=1e-9, msg=name)
    assert torch.equal(network(image), expected)


@each
def test_features_end_in_the_restored_image(spec: NetworkSpec) -> None:
    network = built(spec)
    if not isinstance(network, EncoderDecoder):
        assert spec.kind == "lightweight"  # teachers and students have to give their features
        return
    image = torch.rand(1, 3, 19, 30)
    features = network.features(image)
    assert torch.equal(features.restored, network(image))
    assert tuple(x.shape[1] for x in features.encoder) == tuple(network.encoder_widths)
    assert tuple(x.shape[1] for x in features.decoder) == tuple(network.decoder_widths)
    for a, b in zip(features.encoder, features.decoder, strict=False):
        assert a.shape[-2:] == b.shape[-2:]


@each_class
@every_form
def test_gradients_are_finite_and_in_bf16_near_those_of_fp32(spec: NetworkSpec, form: str) -> None:
    network, image = built(spec, form), torch.rand(2, 3, 32, 40)
    exact = step(network, image)
    with torch.autocast("cpu", torch.bfloat16):
        rough = step(network, image)
    assert exact.keys() == rough.keys()
    total = sum(float(g.square().sum()) for g in exact.values()) ** 0.5
    wrong = sum(float((rough[name] - g).square().sum()) for name, g in exact.items()) ** 0.5
    assert all(g.isfinite().all() for g in [*exact.values(), *rough.values()])
    assert 0 < total < float("inf")
    assert wrong < 0.5 * total, f"{wrong / total:.2f} of the gradient is lost"  # DRSformer's choices flip: .2


@each
@torch.no_grad()
def test_bf16_restores_nearly_what_fp32_does(spec: NetworkSpec) -> None:
    network, image = built(spec, "fast"), torch.rand(1, 3, 32, 40)
    expected = network(image)
    with torch.autocast("cpu", torch.bfloat16):
        restored = network(image)
    assert restored.isfinite().all()
    assert (restored - expected).abs().max() <= 5e-2 * expected.abs().max()


@each
def test_its_cost_is_counted(spec: NetworkSpec) -> None:
    """The cost is found and grows with the area, within what padding adds; so are the parameters that are at work."""
    network = built(spec)
    small, large = (canonical(network, spec.id, size, spec.arguments_for("mini", spec.tasks[0])) for size in (64, 128))
    assert 0 < small < large
    assert large == pytest.approx(4 * small, rel=0.35)
    assert 0 < parameters_used(network) <= sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("spec", "task"), VARIANTS, ids=[f"{s.id}-{t}" for s, t in VARIANTS])
def test_a_checkpoint_goes_round(spec: NetworkSpec, task: str) -> None:
    for scale in spec.arguments:
        with torch.device("meta"):
            first, second = (spec.build(scale, task) for _ in range(2))
        assert [(k, v.shape, v.dtype) for k, v in first.state_dict().items()] == [
            (k, v.shape, v.dtype) for k, v in second.state_dict().items()
        ]
    network, other = spec.build("mini", task).eval(), spec.build("mini", task).eval()
    image = torch.rand(1, 3, 9, 14)
    with torch.no_grad():
        expected = network(image)
        assert not torch.equal(other(image), expected)
        other.load_state_dict(copy.deepcopy(network.state_dict()), strict=True)
        assert torch.equal(other(image), expected)


class Watched(TorchDispatchMode):
    """Notes what operators take or make on another device than meta, and operators that wait for the device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.strange: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func._overloadpacket.__name__
        if name in WAITS:
            self.strange.append(f"{name} waits")
        touched = [x for x in torch.utils._pytree.tree_leaves((out, args, kwargs)) if isinstance(x, Tensor)]
        self.strange += [f"{name} of a tensor on the {x.device}" for x in touched if x.device.type != "meta"]
        return out


class Indexed(TorchFunctionMode):
    """Notes indexing by a list, which makes a tensor on the CPU below what a dispatch mode sees."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") == "__getitem__":
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            self.strange += [f"an index {part}" for part in index if isinstance(part, list)]
        return func(*args, **(kwargs or {}))


@each
@every_form
def test_no_tensor_is_made_elsewhere_and_nothing_waits(spec: NetworkSpec, form: str) -> None:
    """On the meta device, which refuses what needs values and mixes with no other: an index list or a `.item()` is found."""
    network = built(spec, form).to("meta")
    with Watched() as watched, Indexed() as indexed:
        network(torch.empty(2, 3, 40, 24, device="meta")).square().mean().backward()
    assert watched.strange + indexed.strange == []


def test_the_watch_finds_an_index_list_and_a_value_asked_for() -> None:
    x = torch.empty(3, 8, device="meta")
    with Indexed() as indexed:
        x[..., [1, 2]]
    assert indexed.strange == ["an index [1, 2]"]
    with Watched() as watched:
        x + torch.arange(8, device="meta") + torch.zeros(())
    assert any("cpu" in strange for strange in watched.strange)
    with Watched() as watched, torch.no_grad():
        torch.ones(1).item()
    assert any("_local_scalar_dense waits" in strange for strange in watched.strange)


@each
def test_one_step_of_its_objective_trains_it(spec: NetworkSpec) -> None:
    from benchmark.training.build import build_objective

    task = Task(spec.tasks[0])
    distiller = "scratch" if spec.kind == "student" else ""
    method = Method(spec.id, spec.title, spec.id, (task,), spec.kind, spec.paper, distiller)
    recipe = recipe_for(method, Scale.MINI, task)
    assert objective_target(method)
    objective, _ = build_objective(method, TrainJob((method,), task, Scale.MINI, recipe))
    objective.train()
    clean = torch.rand(2, 3, 32, 32)
    terms = objective((clean + 0.1 * torch.randn_like(clean)).clamp(0, 1), clean)
    objective.total(terms).backward()
    gradients = [p.grad for p in objective.student.parameters() if p.grad is not None]
    assert all(g.isfinite().all() for g in gradients)
    assert any(g.abs().sum() > 0 for g in gradients)


@each
@pytest.mark.slow
@every_form
def test_it_compiles_to_one_graph_equal_to_eager(spec: NetworkSpec, form: str) -> None:
    network, image = built(spec, form), torch.rand(2, 3, 24, 40)
    other = copy.deepcopy(network)
    torch._dynamo.reset()
    compiled: Any = torch.compile(other, fullgraph=True, backend="aot_eager", dynamic=False)
    torch.testing.assert_close(compiled(image), network(image), rtol=1e-5, atol=1e-6)
    if form != "fast":
        found = step(compiled, image)
        for name, gradient in step(network, image).items():
            torch.testing.assert_close(found[f"_orig_mod.{name}"], gradient, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.slow
@torch.no_grad()
def test_inductors_code_is_equal_to_eager() -> None:
    network, image = built(networks()["res-sl"], "fast"), torch.rand(1, 3, 32, 40)
    compiled = torch.compile(network, fullgraph=True)
    torch.testing.assert_close(compiled(image), network(image), rtol=1e-4, atol=1e-5)
