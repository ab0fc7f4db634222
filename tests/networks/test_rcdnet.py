"""RCDNet against the authors' output, its estimates and its quicker filters."""

import pytest
import torch

from baselines.networks.rcdnet import RCDNet, correlate, from_authors, streaks
from tests.networks.fixtures import fixture

MINI = {"stages": 3, "rain_maps": 4, "channels": 5, "blocks": 1}


@pytest.fixture(scope="module")
def network() -> RCDNet:
    network = RCDNet().eval()
    network.load_state_dict(from_authors(fixture("rcdnet").state()), strict=True)
    return network


@torch.inference_mode()
def test_a_batch_and_an_odd_size(network: RCDNet) -> None:
    image = fixture("rcdnet").image[..., :21, :30]
    double = RCDNet().eval().double()
    double.load_state_dict(network.state_dict())
    restored = network(image)
    torch.testing.assert_close(restored, double(image.double()).float(), atol=2e-4, rtol=1e-3)
    pair = network(torch.cat([image, image.flip(3)]))
    torch.testing.assert_close(pair[:1], restored, atol=2e-4, rtol=1e-3)
    torch.testing.assert_close(pair[1:], network(image.flip(3)), atol=2e-4, rtol=1e-3)
    assert network(image[..., :1, :2]).shape == (1, 3, 1, 2)


def test_estimates_end_in_the_restored_image_and_train_what_is_used() -> None:
    torch.manual_seed(0)
    network, image = RCDNet(**MINI), torch.rand(2, 3, 12, 10)
    found = network.estimates(image)
    assert len(found.backgrounds) == MINI["stages"] + 2
    assert len(found.rain_layers) == MINI["stages"]
    assert all(i.shape == image.shape for i in found.backgrounds + found.rain_layers)
    assert torch.equal(network.backgrounds(image)[-1], network(image))
    torch.stack([i.square().mean() for i in found.backgrounds + found.rain_layers]).sum().backward()
    assert {name.split(".")[0] for name, p in network.named_parameters() if p.grad is None} == {
        "unused_rain_step",
        "unused_rain_net",
    }
    assert network.kernels.grad is not None
    assert network.kernels.grad[1].abs().sum() > 0 == network.kernels.grad[0].abs().sum()


def test_correlation_is_the_adjoint_of_the_rain() -> None:
    maps, kernels = torch.rand(2, 4, 11, 7, dtype=torch.float64), torch.randn(3, 4, 9, 9, dtype=torch.float64)
    rain = RCDNet(**MINI).rain_layer(maps, kernels)
    other = torch.rand_like(rain)
    torch.testing.assert_close((rain * other).sum(), (maps * correlate(other, kernels)).sum())


def test_first_kernels_are_streaks_of_norm_one() -> None:
    kernels = streaks(5)
    assert kernels.shape == (3, 5, 9, 9)
    torch.testing.assert_close(kernels.square().sum((0, 2, 3)), torch.ones(5))
    torch.testing.assert_close(kernels[0, 0], kernels[0, 4].flip(1))  # left and right of the vertical
    assert kernels[0, 2, :, 4].sum() > 2 * kernels[0, 2, 4].sum()


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="three stages"):
        RCDNet(stages=2)
    state = fixture("rcdnet").state()
    with pytest.raises(ValueError, match=r"resx1\.2\.weight"):
        from_authors(state | {"xnet.resx1.2.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="w_z_f missing"):
        from_authors({})


def test_expanded_views_are_copied() -> None:
    state = fixture("rcdnet").state()
    state["conv"] = state["conv"][:1].expand(16, -1, -1, -1, -1)
    converted = from_authors(state)["kernels"]
    assert converted.is_contiguous()
    converted[0] += 1
    assert torch.equal(converted[1], state["conv"][0])
