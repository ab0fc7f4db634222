import pytest
import torch

from baselines.networks.drsformer import DRSformer, SparseAttention, from_authors
from baselines.networks.shape.padding import pad_to_multiple
from benchmark.methods.networks import arguments
from tests.networks.fixtures import fixture

CASES = {"drsformer_mefc": "drsformer", "drs_sl": "drs-sl"}


def loaded(name: str) -> DRSformer:
    network = DRSformer(**arguments(CASES[name], "paper")).eval()
    network.load_state_dict(from_authors(fixture(name).state()), strict=True)
    return network


@pytest.fixture(scope="module")
def student() -> DRSformer:
    return loaded("drs_sl")


@torch.no_grad()
def test_the_authors_output() -> None:
    authors, network = fixture("drsformer_mefc"), loaded("drsformer_mefc")
    assert sum(p.numel() for p in network.parameters()) == authors.parameters
    assert authors.relative_error(network(authors.image)) <= 1e-5


def test_the_students_output_in_every_form(student: DRSformer) -> None:
    authors = fixture("drs_sl")
    assert sum(p.numel() for p in student.parameters()) == authors.parameters
    with torch.no_grad():
        assert authors.relative_error(student(authors.image)) <= 1e-5
    assert authors.relative_error(student(authors.image).detach()) <= 1e-5
    try:
        assert authors.relative_error(student.train()(authors.image).detach()) <= 1e-5
    finally:
        student.eval()


@torch.no_grad()
def test_a_batch_is_its_images(student: DRSformer) -> None:
    image = fixture("drs_sl").image
    pair = torch.cat((image, image.flip(-1) * 0.5))
    singles = torch.cat([student(one[None]) for one in pair])
    torch.testing.assert_close(student(pair), singles, rtol=0, atol=1e-5)


@torch.no_grad()
def test_any_size_is_padded_and_cropped(student: DRSformer) -> None:
    image = fixture("drs_sl").image[..., :45, :50]
    features = student.features(image)
    whole = student(pad_to_multiple(image, 8))
    torch.testing.assert_close(features.restored, whole[..., :45, :50], rtol=0, atol=1e-6)
    assert torch.equal(features.restored, student(image))
    assert tuple(x.shape[1] for x in features.encoder) == student.encoder_widths == (24, 48, 96, 192)
    assert tuple(x.shape[1] for x in features.decoder) == student.decoder_widths == (48, 48, 96)
    assert features.decoder[2].shape[-2:] == features.encoder[2].shape[-2:] == (12, 14)


def test_the_sparse_maps_by_hand() -> None:
    """Each of the four maps is the softmax of a row's largest entries; their mixture is what one sort gives."""
    torch.manual_seed(0)
    attention = SparseAttention(30, 2)
    assert attention.kept == [7, 10, 11, 12]
    attention.mixture.data = torch.tensor([0.1, 0.2, 0.3, 0.5])
    similarity = torch.randn(2, 2, 15, 15, dtype=torch.float64)
    expected = torch.zeros_like(similarity)
    for share, kept in zip(attention.mixture.data, attention.kept, strict=True):
        smallest = similarity.sort(-1, descending=True).values[..., kept - 1 : kept]
        expected += share * similarity.masked_fill(similarity < smallest, -torch.inf).softmax(-1)
    torch.testing.assert_close(attention.map(similarity), expected)


@pytest.mark.parametrize("name", ["drsformer", "drs-sl"])
def test_mini_networks_learn_in_double_precision_too(name: str) -> None:
    network = DRSformer(**arguments(name, "mini")).double()
    network(torch.rand(2, 3, 19, 16).double()).square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_training_follows_the_published_form() -> None:
    torch.manual_seed(0)
    network = DRSformer(6, (1, 1, 1, 1), mefc_steps=2).double()
    image = torch.rand(2, 3, 24, 16).double()
    gradients = []
    for training in (True, False):  # in evaluation with gradients the operations of the paper run one by one
        network.train(training).zero_grad()
        network(image).square().mean().backward()
        gradients.append([p.grad.clone() for p in network.parameters()])
    for fast, published in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, published, rtol=1e-7, atol=1e-10)


def test_strange_states_are_refused() -> None:
    with pytest.raises(ValueError, match="DRSformer"):
        from_authors({"conv0.0.weight": torch.zeros(1)})


@torch.no_grad()
@pytest.mark.parametrize("name", CASES)
def test_the_authors_output_whatever_the_neighbour(name: str) -> None:
    proof = fixture(name)
    restored = loaded(name)(torch.cat((proof.image, proof.image.flip(-1))))
    assert proof.relative_error(restored[:1]) < 1e-5
