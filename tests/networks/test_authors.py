"""Every network against what its authors' own code computes: as the paper writes it, in its fast form, compiled, in bf16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from packaging.version import Version
from torch import Tensor, nn

from baselines.networks import drsformer
from baselines.networks.fast import fast_inference
from baselines.networks.fast.transformers import ExactSparseAttention
from benchmark.methods.networks import network as declared
from tests.networks.fixtures import fixture, names

# fixture -> network, task, changed arguments
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "restormer_withbias": ("restormer", "deraining", {}),
    "restormer_biasfree": ("restormer", "denoising", {}),
    "res_sl_withbias": ("res-sl", "deraining", {}),
    "uformer_b_window128": ("uformer", "deraining", {"built_for": 128}),
    "uformer_b_window256": ("uformer", "deraining", {}),
    "ufor_sl": ("ufor-sl", "deraining", {}),
    "drsformer_mefc": ("drsformer", "deraining", {}),
    "drs_sl": ("drs-sl", "deraining", {}),
    "mprnet_deraining": ("mprnet", "deraining", {}),
    "mprnet_deblurring": ("mprnet", "deblurring", {}),
    "mprnet_denoising": ("mprnet", "denoising", {}),
    "prenet": ("prenet", "deraining", {}),
    "rcdnet": ("rcdnet", "deraining", {}),
    "dmphn_1_2_4": ("dmphn", "deblurring", {}),
    "dmphn_1_2_4_8": ("dmphn", "deblurring", {"patches": (1, 2, 4, 8)}),
    "mtrnn": ("mt-rnn", "deblurring", {}),
    "vdn": ("vdn", "denoising", {}),
    "deamnet": ("deamnet", "denoising", {}),
}
LOOSE = {"rcdnet": 1e-4}  # it works on [0, 255] and amplifies; all others hold 1e-5
if Version(torch.__version__) < Version("2.5"):
    LOOSE["drsformer_mefc"] = 0.03  # torch 2.4 rounds otherwise: other channels are kept, which comes to .0157
# Teachers of hundreds of billions of operations: the quick suite runs their fast form, `--slow` the paper's too.
LARGE = {"uformer_b_window128", "uformer_b_window256", "drsformer_mefc", "restormer_biasfree"}
# The largest error in bf16 over the largest value, about twice what was measured; all others hold 2e-2. The two with top-k
# rows choose other channels in bf16 than in fp32, in the plain form as in the fast one: .082 and .089, .073 and .078.
ROUGH = {
    "drsformer_mefc": 0.18,
    "drs_sl": 0.16,
    "mprnet_deraining": 3e-2,
    "mprnet_deblurring": 3e-2,
    "mprnet_denoising": 5e-2,
    "rcdnet": 5e-2,
    "dmphn_1_2_4": 5e-2,
    "dmphn_1_2_4_8": 5e-2,
}


def loaded(name: str, state: dict[str, Tensor] | None = None) -> nn.Module:
    """The full-size network of a fixture with its weights, through the converter of the authors' checkpoints."""
    network_id, task, changed = CASES[name]
    spec = declared(network_id)
    network = spec.build("paper", task, **changed).eval()
    network.load_state_dict(spec.module().from_authors(state or fixture(name).state()), strict=True)
    return network


def error(name: str, restored: Tensor) -> float:
    """The largest relative error of a restored image in [0, 1]."""
    published = fixture(name)
    scale, shift = {"unit": (1, 0.0), "byte": (255, 0.0), "centred": (1, 0.5)}[published.range]
    return published.relative_error(restored.float() * scale - shift)


def test_every_fixture_has_its_network() -> None:
    assert set(CASES) == set(names())


@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_the_authors_output(name: str) -> None:
    published, network = fixture(name), loaded(name)
    assert sum(p.numel() for p in network.parameters()) == published.parameters
    bound = LOOSE.get(name, 1e-5)
    if name not in LARGE:
        assert error(name, network(published.image)) <= bound
    with fast_inference(network):
        assert error(name, network(published.image)) <= bound


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_the_authors_output_compiled_in_bf16_and_beside_a_neighbour(name: str) -> None:
    published, network = fixture(name), loaded(name)
    assert error(name, network(published.image)) <= LOOSE.get(name, 1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        plain = error(name, network(published.image))
    with fast_inference(network):
        pair = torch.cat((published.image, published.image.flip(-1)))
        assert error(name, network(pair)[:1]) <= LOOSE.get(name, 1e-5)
        with torch.autocast("cpu", torch.bfloat16):
            rough = error(name, network(published.image))
        assert rough <= ROUGH.get(name, 2e-2)
        assert rough <= 1.5 * plain  # the fast form loses no more than the paper's
        torch._dynamo.reset()
        compiled = torch.compile(network, fullgraph=True, backend="eager", dynamic=False)
        assert error(name, compiled(published.image)) <= LOOSE.get(name, 1e-5)


def filled(name: str, fill: int) -> dict[str, Tensor]:
    """The authors' state dict with other values of the same distribution; fill 0 is the fixture's own."""
    state = fixture(name).state()
    if not fill:
        return state
    generator = torch.Generator().manual_seed(fill)
    made = {}
    for key, value in state.items():
        flat = value.flatten()
        made[key] = flat[torch.randperm(len(flat), generator=generator)].view_as(value) if len(flat) > 1 else value
    return made


class Choices:
    """Which channels each row of every sparse attention keeps, in the order of the calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: list[list[Tensor]] = []
        similarity = drsformer.SparseAttention.similarity

        def recorded(attention: drsformer.SparseAttention, q: Tensor, k: Tensor) -> Tensor:
            found = similarity(attention, q, k)
            order = found.topk(attention.kept[-1], -1).indices
            self.kept.append([order[..., :count].sort(-1).values for count in attention.kept])
            return found

        monkeypatch.setattr(drsformer.SparseAttention, "similarity", recorded)

    def of(self, network: nn.Module, image: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
        """What the network restores, and its choices."""
        self.kept = []
        return network(image), self.kept


def flipped(first: list[list[Tensor]], second: list[list[Tensor]]) -> int:
    """Rows in which the two chose differently."""
    return sum(
        int(torch.stack([(x != y).any(-1) for x, y in zip(a, b, strict=True)]).any(0).sum())
        for a, b in zip(first, second, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["drs_sl", "drsformer_mefc"])
@torch.no_grad()
def test_eight_fills_of_the_sparse_attention(
    name: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """In float32 rows may choose other channels than in float64; then all that follows is another image, by up to 4e-2.

    Measured: with the weights of DRSformer it happens as published in three fills of eight, in the fast form in one of them,
    where two similarities of .47 lie 2e-9 apart, which no float32 features can tell; with those of DRS-SL in none.
    """
    choices, image = Choices(monkeypatch), fixture(name).image
    flips: dict[str, list[int]] = {"fast": [], "as published": []}
    errors: dict[str, list[float]] = {"fast": [], "as published": []}
    rows = 0
    for fill in range(8):
        network = loaded(name, filled(name, fill))
        exact, wanted = choices.of(network.double(), image.double())
        rows = sum(first.shape[1] * first.shape[2] for first, *_ in wanted)
        network.float()
        with fast_inference(network):
            restored, ours = choices.of(network, image)
        with monkeypatch.context() as patched:  # the authors' order of operations and memory
            patched.setattr("baselines.networks.shape.pyramid.fast_layout", lambda x: x)
            plain, theirs = choices.of(network, image)
        for form, out, found in (("fast", restored, ours), ("as published", plain, theirs)):
            flips[form].append(flipped(found, wanted))
            errors[form].append(float((out - exact).abs().max() / exact.abs().max()))
    print(f"{name}: of {rows} rows choose otherwise than in float64, fill by fill: {flips}; largest errors {errors}")
    record_property("flips", str(flips))
    lost, lost_as_published = ([fill for fill in range(8) if found[fill]] for found in flips.values())
    assert set(lost) <= set(lost_as_published)
    assert len(lost) <= 1
    assert max(error for fill, error in enumerate(errors["fast"]) if fill not in lost) <= 1e-5
    assert 0 not in lost  # the authors' own fixture


@torch.no_grad()
def test_similarities_in_float64_keep_more_rows_than_in_float32() -> None:
    """Of channels in twins that are alike to 1e-6, which one stays hangs on the last digits of sums over all pixels."""
    attention = drsformer.SparseAttention(24, 1)
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 24, 4096)
    k[0, 0, 1::2] = k[0, 0, ::2] + 1e-6 * torch.randn(12, 4096)
    exact = attention.double().similarity(q.double(), k.double())
    attention.float()
    plain = attention.similarity(q, k)
    attention.__class__ = ExactSparseAttention
    ours = attention.similarity(q, k)

    def kept(found: Tensor) -> list[list[Tensor]]:
        return [[found.topk(count, -1).indices.sort(-1).values for count in attention.kept]]

    assert flipped(kept(ours), kept(exact)) < flipped(kept(plain), kept(exact))
