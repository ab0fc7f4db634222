"""Any pair of encoder-decoders can be distilled: with features of their own, or by the names of their modules."""

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import slkd
from baselines.networks.shape.features import Features
from slkd import SLKD, with_features
from slkd.features import WithFeatures
from tests.distillation.toy import Toy


class UNet(nn.Module):
    """A U-Net that gives its features: what the contract asks for and nothing else."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.encoder_widths, self.decoder_widths = tuple(widths), tuple(widths[:-1])
        before = (3, *widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(before, widths, strict=True))
        pairs = list(pairwise(widths))
        self.up = nn.ModuleList(nn.Conv2d(a + b, a, 3, padding=1) for a, b in pairs)
        self.last = nn.Conv2d(widths[0], 3, 1)

    def features(self, image: torch.Tensor) -> Features:
        encoder, x = [], image
        for level, layer in enumerate(self.down):
            x = F.silu(layer(x if level == 0 else F.max_pool2d(x, 2)))
            encoder.append(x)
        decoder: list[torch.Tensor] = []
        for level in reversed(range(len(self.up))):
            x = F.interpolate(x, encoder[level].shape[-2:])
            x = F.silu(self.up[level](torch.cat([x, encoder[level]], 1)))
            decoder.insert(0, x)
        return Features(image + self.last(x), tuple(encoder), tuple(decoder))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor] | torch.Tensor:
        return self.features(image).restored


class Silent(nn.Module):
    """A network that nobody wrote for distillation: batch norm, in-place activations, several outputs."""

    def __init__(self, width: int = 4, several: bool = False) -> None:
        super().__init__()
        self.several = several
        self.enter = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width))
        self.sink = nn.Conv2d(width, 2 * width, 2, stride=2)
        self.body = nn.ModuleDict({"tokens": nn.Flatten(2), "inner": nn.Conv2d(2 * width, 2 * width, 1)})
        self.rise = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.unused = nn.Conv2d(3, 3, 1)
        self.last = nn.Conv2d(width, 3, 1)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor] | torch.Tensor:
        first = self.enter(image).relu_()
        deep = self.body["inner"](self.sink(first).relu_())
        self.body["tokens"](deep)
        restored = image + self.last(self.rise(deep) + first)
        return [restored, deep] if self.several else restored


def silent(width: int = 4, **options: Any) -> WithFeatures:
    return with_features(Silent(width), ["enter", "body.inner"], ["rise"], **options)


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    clean = F.interpolate(torch.rand(2, 3, 6, 6), size=(48, 48), mode="bilinear")
    return (clean + 0.1 * torch.randn_like(clean)).clamp(0, 1), clean


@pytest.mark.parametrize(
    ("teacher", "student"),
    [
        (lambda: UNet([12, 20, 28]), lambda: UNet([6, 10, 14])),
        (lambda: UNet([12, 20, 28, 36]), lambda: UNet([5, 9])),
        (lambda: UNet([8, 12]), lambda: UNet([6, 7, 9, 11])),
        (lambda: UNet([8, 12]), lambda: silent(4)),
        (lambda: silent(8), lambda: silent(4)),
        (lambda: silent(8), lambda: Toy(4)),
    ],
    ids=["widths", "fewer levels", "more levels", "a wrapped student", "both wrapped", "a wrapped teacher"],
)
def test_any_pair_learns_in_a_plain_loop(
    teacher: Callable[[], torch.nn.Module],
    student: Callable[[], torch.nn.Module],
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    torch.manual_seed(0)
    objective = SLKD(teacher(), student()).train()
    student_weights = list(objective.student.parameters())
    for term in objective(*batch).values():
        reached = torch.autograd.grad(term, student_weights, allow_unused=True, retain_graph=True)
        assert any(g is not None and g.any() for g in reached)
    optimiser = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], 5e-3)
    history = []
    for _ in range(12):
        terms = objective(*batch)
        loss = sum(objective.weights.get(name, 1.0) * term for name, term in terms.items())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(loss.item())
    assert set(terms) == {"pixel", "kl", "nc", "et"}
    assert history[-1] < 0.9 * history[0]


def test_listening_gives_what_the_modules_gave_and_changes_nothing(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.manual_seed(0)
    network = Silent().eval()
    before = copy.deepcopy(network.state_dict())
    wrapped = with_features(network, ["enter", "body.inner"], ["rise"])
    found = wrapped.features(batch[0])
    assert torch.equal(found.restored, network(batch[0]))
    assert torch.equal(wrapped(batch[0]), found.restored)
    first = network.enter(batch[0]).relu()
    deep = network.body["inner"](network.sink(first).relu())
    assert torch.equal(found.encoder[0], first)  # the activation is in place: the map is what the network goes on with
    assert torch.equal(found.encoder[1], deep)
    assert torch.equal(found.decoder[0], network.rise(deep))
    assert (wrapped.encoder_widths, wrapped.decoder_widths) == ((4, 8), (4,))
    assert all(not module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert isinstance(wrapped, slkd.distiller.EncoderDecoder)


def test_the_dry_run_leaves_modes_and_statistics_alone() -> None:
    network = Silent().train()
    network.sink.eval()
    with_features(network, ["enter"], ["rise"], size=20)
    assert network.training
    assert network.enter[1].training
    assert not network.sink.training
    assert network.enter[1].num_batches_tracked == 0
    assert with_features(Silent().double(), ["enter"], ["rise"]).encoder_widths == (4,)


def test_gradients_reach_the_network_through_what_was_heard(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    wrapped = silent()
    wrapped.features(batch[0]).encoder[1].square().mean().backward()
    reached = {name for name, p in wrapped.network.named_parameters() if p.grad is not None}
    assert {"enter.0.weight", "sink.weight", "body.inner.weight"} <= reached
    assert "rise.weight" not in reached


def test_a_copy_of_a_wrapped_teacher_has_nothing_to_learn(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.manual_seed(0)
    teacher = with_features(Toy(6), ["stem", "down.0", "down.1"], ["merge.0", "merge.1"]).eval()
    objective = SLKD(teacher, copy.deepcopy(teacher))
    terms = objective(batch[1], batch[1])
    assert all(term.abs() < 1e-6 for term in terms.values())
    assert terms["pixel"] == 0


def test_the_image_is_picked_out_of_several_outputs(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    network = Silent(several=True)
    wrapped = with_features(network, ["enter"], ["rise"], restored=lambda outputs: outputs[0])
    assert torch.equal(wrapped(batch[0]), network(batch[0])[0])
    with pytest.raises(ValueError, match=r"found list.*outputs\[0\]"):
        with_features(network, ["enter"], ["rise"])
    with pytest.raises(ValueError, match=r"an image \(1, 3, 64, 64\).*found \(1, 8, 32, 32\)"):
        with_features(network, ["enter"], ["rise"], restored=lambda outputs: outputs[1])


@pytest.mark.parametrize(
    ("encoder", "decoder", "message"),
    [
        (["entr"], ["rise"], "found 'entr'.*enter"),
        (["enter"], ["risen"], "found 'risen'.*rise"),
        (["enter", "unused"], ["rise"], "'unused' to run"),
        (["enter", "body.tokens"], ["rise"], r"feature map.*'body.tokens'.*\(1, 8, 1024\)"),
        (["body.inner", "enter"], ["rise"], "fine to coarse.*body.inner 32, enter 64"),
    ],
)
def test_names_that_do_not_fit_are_told(encoder: list[str], decoder: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_features(Silent(), encoder, decoder)


def test_a_failing_pass_takes_its_hooks_away() -> None:
    network = Silent()
    wrapped = with_features(network, ["enter"], ["rise"])
    with pytest.raises(RuntimeError):
        wrapped.features(torch.rand(1, 5, 8, 8))
    assert all(not module._forward_hooks for module in network.modules())


def test_levels_of_other_strides_are_refused_and_not_cut(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    coarse = with_features(Silent(8), ["body.inner"], ["rise"])
    with pytest.raises(ValueError, match="one stride at level 1; found 48x48 in the student and 24x24"):
        SLKD(coarse, silent(4), reading="bottleneck")(*batch)


def test_networks_without_widths_are_told_of_the_wrapper() -> None:
    with pytest.raises(ValueError, match=r"encoder_widths.*with_features"):
        SLKD(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1))
    with pytest.raises(ValueError, match="decoder_widths"):
        SLKD(silent(8), with_features(Silent(), ["enter"], []), reading="bottleneck")


def test_two_wrappers_of_one_network_are_one_module() -> None:
    network = Silent()
    with pytest.raises(ValueError, match="one module"):
        SLKD(with_features(network, ["enter"], ["rise"]), with_features(network, ["enter"], ["rise"]))
