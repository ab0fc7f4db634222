import pytest
import torch
import torch.nn.functional as F

from baselines.networks.shape.padding import pad_to_multiple
from baselines.networks.vdn import VDN, from_authors
from benchmark.methods.networks import arguments
from speed.plain import vdn as plain
from tests.networks.fixtures import fixture


@pytest.fixture(scope="module")
def network() -> VDN:
    network = VDN(**arguments("vdn", "paper")).eval()
    network.load_state_dict(from_authors(fixture("vdn").state()), strict=True)
    return network


@torch.no_grad()
@pytest.mark.parametrize("size", [(61, 50), (5, 9)])
def test_any_size_is_padded_and_cropped(network: VDN, size: tuple[int, int]) -> None:
    image = fixture("vdn").image[..., : size[0], : size[1]]
    whole = network(pad_to_multiple(image, 8))
    assert network(image).shape == image.shape
    torch.testing.assert_close(network(image), whole[..., : size[0], : size[1]], rtol=0, atol=1e-6)


@torch.no_grad()
def test_the_variational_outputs(network: VDN) -> None:
    image = fixture("vdn").image[..., :30, :21]
    noise, sigma = network.variational(image)
    assert noise.shape == sigma.shape == (1, 6, 30, 21)
    torch.testing.assert_close(image - noise[:, :3], network(image))
    state, expected = fixture("vdn").state(), image
    for key in ("conv1", "mid_layer.0", "mid_layer.2", "mid_layer.4", "conv_last"):
        expected = F.conv2d(expected, state[f"net.SNet.{key}.weight"], state[f"net.SNet.{key}.bias"], padding=1)
        expected = expected if key == "conv_last" else F.leaky_relu(expected, 0.2)
    torch.testing.assert_close(sigma, expected, rtol=1e-4, atol=1e-4)


def test_gradients_are_those_of_the_plain_form() -> None:
    torch.manual_seed(0)
    ours = VDN(**arguments("vdn", "mini")).double()
    theirs = plain.build(**arguments("vdn", "mini")).double()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    image, target = torch.rand(2, 2, 3, 32, 24, dtype=torch.float64)
    for network in (ours, theirs):
        F.mse_loss(network(image), target).backward()
    other = dict(theirs.named_parameters())
    for name, parameter in ours.denoiser.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, other[f"denoiser.{name}"].grad, msg=name)
    assert all(parameter.grad is None for parameter in ours.sigma.parameters())


def test_strange_states_are_refused() -> None:
    with pytest.raises(ValueError, match="another network"):
        from_authors({"patch_embed.proj.weight": torch.zeros(1)})
