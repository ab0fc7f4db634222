import pytest
import torch
import torch.nn.functional as F

from baselines.networks.mprnet import MPRNet, from_authors
from baselines.networks.shape.padding import pad_to_multiple
from benchmark.methods.networks import arguments
from speed.plain import mprnet as plain
from tests.networks.fixtures import fixture


def loaded(task: str) -> MPRNet:
    network = MPRNet(**arguments("mprnet", "paper", task)).eval()
    network.load_state_dict(from_authors(fixture(f"mprnet_{task}").state()), strict=True)
    return network


@pytest.fixture(scope="module")
def deraining() -> MPRNet:
    return loaded("deraining")


@torch.no_grad()
@pytest.mark.parametrize("size", [(61, 50), (5, 9)])
def test_any_size_is_padded_and_cropped(deraining: MPRNet, size: tuple[int, int]) -> None:
    image = fixture("mprnet_deraining").image[..., : size[0], : size[1]]
    whole = deraining(pad_to_multiple(image, 8))
    assert deraining(image).shape == image.shape
    torch.testing.assert_close(deraining(image), whole[..., : size[0], : size[1]], rtol=0, atol=1e-6)


def plain_mini(network: MPRNet) -> torch.nn.Module:
    other = plain.build(**arguments("mprnet", "mini")).to(next(network.parameters()).dtype)
    other.load_state_dict(network.state_dict(), strict=True)
    return other


@torch.no_grad()
def test_three_stages_first_to_last() -> None:
    network = MPRNet(**arguments("mprnet", "mini"))
    image = torch.rand(2, 3, 19, 30)
    stages = network.stages(image)
    assert [tuple(stage.shape) for stage in stages] == 3 * [(2, 3, 19, 30)]
    assert torch.equal(stages[-1], network(image))
    # the first stage sees quarters in its encoder and halves in its decoder, the second the whole only in its decoder
    changed = pad_to_multiple(image, 8).clone()
    changed[..., 12:, :] = 0
    first, second = (
        after[..., :12, :] - before[..., :12, :]
        for after, before in zip(
            network.stages(changed)[:2], network.stages(pad_to_multiple(image, 8))[:2], strict=True
        )
    )
    assert first.abs().max() < 1e-6
    assert second.abs().max() > 1e-6


def test_gradients_are_those_of_the_plain_form() -> None:
    torch.manual_seed(0)
    ours = MPRNet(**arguments("mprnet", "mini")).double()
    theirs = plain_mini(ours)
    image, target = torch.rand(2, 2, 3, 32, 24, dtype=torch.float64)
    for network in (ours, theirs):
        F.mse_loss(network(image), target).backward()
    other = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, other[name].grad, msg=name)


def test_strange_states_are_refused() -> None:
    with pytest.raises(ValueError, match="another network"):
        from_authors({"patch_embed.proj.weight": torch.zeros(1)})
    slopes = {f"shallow_feat{n}.1.body.1.weight": torch.tensor([float(n)]) for n in (1, 2)}
    with pytest.raises(ValueError, match="one slope"):
        from_authors(slopes)
