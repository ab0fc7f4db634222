"""DeamNet against the authors' output, its parameters and its quicker upsampling."""

import pytest
import torch
import torch.nn.functional as F

from baselines.networks.deamnet import DeamNet, Up, from_authors
from tests.networks.fixtures import fixture

UNUSED = 352_512
"""Parameters of the four layers of the authors' network that nothing calls."""


@pytest.fixture(scope="module")
def network():
    network = DeamNet().eval()
    network.load_state_dict(from_authors(fixture("deamnet").state()), strict=True)
    return network


def test_agrees_with_the_authors(network):
    published = fixture("deamnet")
    with torch.inference_mode():
        restored = network(published.image)
    assert published.relative_error(restored) <= 1e-5
    assert published.relative_error(network(published.image).detach()) <= 1e-5  # as it trains


@torch.inference_mode()
def test_a_batch_and_an_odd_size(network):
    image = fixture("deamnet").image[..., :41, :53]
    restored = network(image)
    padded = F.pad(image, (0, 64 - 53, 0, 48 - 41), mode="reflect")
    torch.testing.assert_close(restored, network(padded)[..., :41, :53], atol=1e-5, rtol=1e-5)
    pair = network(torch.cat([image, image.flip(3)]))
    torch.testing.assert_close(pair[:1], restored, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(pair[1:], network(image.flip(3)), atol=1e-5, rtol=1e-5)


def test_parameters_are_the_authors_and_the_unused_are_known(network):
    assert sum(p.numel() for p in network.parameters()) == fixture("deamnet").parameters == 2_228_131
    assert sum(p.numel() for p in network.unused.parameters()) == UNUSED
    assert sum(p.numel() for p in DeamNet(channels=1).parameters()) == 2_225_825
    small = DeamNet(width=16, iterations=2)
    small(torch.rand(1, 3, 16, 16)).square().mean().backward()
    idle = {name for name, p in small.named_parameters() if p.grad is None}
    assert idle == {f"unused.{n}.{kind}" for n in range(4) for kind in ("weight", "bias")}


def test_upsampling_for_inference_is_the_same_function():
    up, features = Up(5).double().eval(), torch.rand(2, 5, 3, 4, dtype=torch.float64)
    slow = up(features)
    with torch.no_grad():
        torch.testing.assert_close(up(features), slow)


def test_autocast_and_double_precision():
    network, image = DeamNet(width=16, iterations=1), torch.rand(1, 3, 16, 16)
    expected = network(image)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(network(image), expected, atol=0.2, rtol=0.1, check_dtype=False)
    torch.testing.assert_close(network.double()(image.double()), expected.double(), atol=1e-5, rtol=1e-5)


def test_wrong_keys_are_refused():
    state = fixture("deamnet").state()
    state["net2.extra.weight"] = state.pop("net2.cat1.bias")
    with pytest.raises(ValueError, match=r"net2\.cat1\.bias.*missing.*net2\.extra"):
        from_authors(state)
