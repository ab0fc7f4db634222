"""DeamNet against the authors' output, its parameters and its quicker upsampling."""

import pytest
import torch
import torch.nn.functional as F

from baselines.networks.deamnet import DeamNet, from_authors
from tests.networks.fixtures import fixture

UNUSED = 352_512
"""Parameters of the four layers of the authors' network that nothing calls."""


@pytest.fixture(scope="module")
def network() -> DeamNet:
    network = DeamNet().eval()
    network.load_state_dict(from_authors(fixture("deamnet").state()), strict=True)
    return network


@torch.inference_mode()
def test_a_batch_and_an_odd_size(network: DeamNet) -> None:
    image = fixture("deamnet").image[..., :41, :53]
    restored = network(image)
    padded = F.pad(image, (0, 64 - 53, 0, 48 - 41), mode="reflect")
    torch.testing.assert_close(restored, network(padded)[..., :41, :53], atol=1e-5, rtol=1e-5)
    pair = network(torch.cat([image, image.flip(3)]))
    torch.testing.assert_close(pair[:1], restored, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(pair[1:], network(image.flip(3)), atol=1e-5, rtol=1e-5)


def test_parameters_are_the_authors_and_the_unused_are_known(network: DeamNet) -> None:
    assert sum(p.numel() for p in network.parameters()) == fixture("deamnet").parameters == 2_228_131
    assert sum(p.numel() for p in network.unused.parameters()) == UNUSED
    assert sum(p.numel() for p in DeamNet(channels=1).parameters()) == 2_225_825
    small = DeamNet(width=16, iterations=2)
    small(torch.rand(1, 3, 16, 16)).square().mean().backward()
    idle = {name for name, p in small.named_parameters() if p.grad is None}
    assert idle == {f"unused.{n}.{kind}" for n in range(4) for kind in ("weight", "bias")}


def test_wrong_keys_are_refused() -> None:
    state = fixture("deamnet").state()
    state["net2.extra.weight"] = state.pop("net2.cat1.bias")
    with pytest.raises(ValueError, match=r"net2\.cat1\.bias.*missing.*net2\.extra"):
        from_authors(state)
