"""MT-RNN against the authors' output, and its iterations."""

import pytest
import torch
import torch.nn.functional as F

from baselines.networks.mtrnn import MTRNN, from_authors
from tests.networks.fixtures import fixture


@pytest.fixture(scope="module")
def network() -> MTRNN:
    network = MTRNN().eval()
    network.load_state_dict(from_authors(fixture("mtrnn").state()), strict=True)
    return network


@torch.inference_mode()
def test_a_batch_and_an_odd_size(network: MTRNN) -> None:
    image = fixture("mtrnn").image[..., :37, :30]
    restored = network(image)
    padded = F.pad(image, (0, 2, 0, 3), mode="reflect")
    torch.testing.assert_close(restored, network(padded)[..., :37, :30], atol=1e-6, rtol=1e-5)
    pair = network(torch.cat([image, image.flip(3)]))
    torch.testing.assert_close(pair[:1], restored, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(pair[1:], network(image.flip(3)), atol=1e-6, rtol=1e-5)


def test_fresh_mean_shifts_cancel_and_are_not_trained() -> None:
    network = MTRNN(iterations=1, width=4)
    with torch.no_grad():
        for parameter in network.last.parameters():
            parameter.zero_()
        image = torch.rand(1, 3, 8, 8)
        torch.testing.assert_close(network(image), image)
        torch.testing.assert_close(
            network.off_mean(torch.zeros(1, 3, 1, 1)).flatten(), -255 * torch.tensor([0.4488, 0.4371, 0.4040])
        )
    assert [name for name, p in network.named_parameters() if not p.requires_grad] == [
        f"{layer}.{kind}" for layer in ("off_mean", "back_mean") for kind in ("weight", "bias")
    ]


def test_iterations_repeat_end_in_the_restored_image_and_train() -> None:
    torch.manual_seed(0)
    network, image = MTRNN(iterations=3, width=4), torch.rand(2, 3, 12, 10)
    images = network.iterations(image)
    assert [i.shape for i in images] == [image.shape] * 3
    assert torch.equal(images[-1], network(image))
    shorter = MTRNN(iterations=2, width=4)
    shorter.load_state_dict(network.state_dict())
    torch.testing.assert_close(shorter(image), images[1])
    torch.stack([i.square().mean() for i in images]).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters() if p.requires_grad)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="one iteration"):
        MTRNN(iterations=0)
    state = fixture("mtrnn").state()
    state["net.conv7_1.0.weight"] = state.pop("net.conv6_1.0.bias")
    with pytest.raises(ValueError, match=r"conv6_1\.0\.bias.*missing.*conv7_1"):
        from_authors(state)
