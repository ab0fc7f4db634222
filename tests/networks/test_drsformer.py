import pytest
import torch

from baselines.networks.drsformer import DRSformer, SparseAttention, from_authors
from baselines.networks.fast import transformers
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
    values = torch.randn(2, 2, 15, 6, dtype=torch.float64)
    torch.testing.assert_close(attention.attend(similarity, values), expected @ values)
    attention.__class__ = transformers.SparseAttention
    torch.testing.assert_close(attention.map(similarity), expected)  # type: ignore[operator]


def test_strange_states_are_refused() -> None:
    with pytest.raises(ValueError, match="DRSformer"):
        from_authors({"conv0.0.weight": torch.zeros(1)})
