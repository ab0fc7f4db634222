import pytest
import torch

from baselines.networks.restormer import Restormer, from_authors
from baselines.networks.shape.padding import pad_to_multiple
from benchmark.methods.networks import arguments
from tests.networks.fixtures import fixture

CASES = {
    "restormer_withbias": arguments("restormer", "paper"),
    "restormer_biasfree": arguments("restormer", "paper", "denoising"),
    "res_sl_withbias": arguments("res-sl", "paper"),
}


def loaded(name: str) -> Restormer:
    network = Restormer(**CASES[name]).eval()
    network.load_state_dict(from_authors(fixture(name).state()), strict=True)
    return network


@pytest.mark.parametrize("name", CASES)
def test_the_authors_output(name: str) -> None:
    authors, network = fixture(name), loaded(name)
    assert sum(p.numel() for p in network.parameters()) == authors.parameters
    with torch.no_grad():
        assert authors.relative_error(network(authors.image)) <= 1e-5
    if name == "res_sl_withbias":  # the form that gives gradients
        assert authors.relative_error(network(authors.image).detach()) <= 1e-5


@pytest.fixture(scope="module")
def student() -> Restormer:
    return loaded("res_sl_withbias")


@torch.no_grad()
def test_a_batch_is_its_images(student: Restormer) -> None:
    image = fixture("res_sl_withbias").image
    pair = torch.cat((image, image.flip(-1) * 0.5))
    singles = torch.cat([student(one[None]) for one in pair])
    torch.testing.assert_close(student(pair), singles, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("size", [(61, 50), (5, 9)])
def test_any_size_is_padded_and_cropped(student: Restormer, size: tuple[int, int]) -> None:
    image = fixture("res_sl_withbias").image[..., : size[0], : size[1]]
    whole = student(pad_to_multiple(image, 8))
    assert student(image).shape == image.shape
    torch.testing.assert_close(student(image), whole[..., : size[0], : size[1]], rtol=0, atol=1e-6)


@torch.no_grad()
def test_features_level_by_level(student: Restormer) -> None:
    image = fixture("res_sl_withbias").image[..., :30, :40]
    features = student.features(image)
    assert torch.equal(features.restored, student(image))
    sides = [(32 // 2**k, 40 // 2**k) for k in range(4)]
    shapes = [tuple(x.shape[1:]) for x in features.encoder + features.decoder]
    assert shapes == [(c, *side) for c, side in zip((24, 48, 96, 192, 48, 48, 96), sides + sides, strict=False)]
    assert student.encoder_widths == (24, 48, 96, 192)
    assert student.decoder_widths == (48, 48, 96)
    other = student.decode(tuple(torch.zeros_like(x) for x in features.encoder), image)
    assert not torch.allclose(other.restored, features.restored)


@pytest.mark.parametrize("name", ["restormer", "res-sl"])
def test_mini_networks_learn_in_double_precision_too(name: str) -> None:
    network = Restormer(**arguments(name, "mini")).double()
    network(torch.rand(2, 3, 19, 16).double()).square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize("norm_bias", [True, False])
def test_training_follows_the_published_form(norm_bias: bool) -> None:
    torch.manual_seed(0)
    network = Restormer(6, (1, 1, 1, 1), 1, norm_bias=norm_bias).double()
    image = torch.rand(2, 3, 24, 16).double()
    gradients = []
    for training in (True, False):  # in evaluation with gradients the operations of the paper run one by one
        network.train(training).zero_grad()
        network(image).square().mean().backward()
        gradients.append([p.grad.clone() for p in network.parameters()])
    for fast, published in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, published, rtol=1e-7, atol=1e-10)


def test_strange_states_are_refused() -> None:
    with pytest.raises(ValueError, match="Restormer"):
        from_authors({"conv0.0.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="four levels"):
        Restormer(blocks=(1, 2))
