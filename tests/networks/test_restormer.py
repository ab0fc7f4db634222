from pathlib import Path

import pytest
import torch

from baselines.networks import restormer
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


@pytest.fixture(scope="module")
def student() -> Restormer:
    return loaded("res_sl_withbias")


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


def test_strange_states_are_refused() -> None:
    with pytest.raises(ValueError, match="Restormer"):
        from_authors({"conv0.0.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="four levels"):
        Restormer(blocks=(1, 2))


def test_the_papers_form_is_short() -> None:
    """What reads like the paper's figure, its declaration apart."""
    text = Path(restormer.__file__).read_text(encoding="utf-8")
    assert text[: text.index("SPEC = ")].count("\n") < 120
