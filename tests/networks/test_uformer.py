import pytest
import torch
import torch.nn.functional as F

from baselines.networks.uformer import LeWinBlock, Uformer, from_authors
from benchmark.methods.networks import arguments
from speed.plain import uformer as plain
from tests.networks.fixtures import fixture

CASES = {
    "uformer_b_window128": arguments("uformer", "paper") | {"built_for": 128},
    "uformer_b_window256": arguments("uformer", "paper"),
    "ufor_sl": arguments("ufor-sl", "paper"),
}


def loaded(name: str) -> Uformer:
    network = Uformer(**CASES[name]).eval()
    network.load_state_dict(from_authors(fixture(name).state()), strict=True)
    return network


@pytest.fixture(scope="module")
def student() -> Uformer:
    return loaded("ufor_sl")


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(61, 101), (128, 7)])
def test_any_size_lies_in_the_centre_of_a_square_canvas(student: Uformer, height: int, width: int) -> None:
    image = fixture("ufor_sl").image[..., :height, :width]
    top, left = (128 - height) // 2, (128 - width) // 2
    canvas = torch.zeros(1, 3, 128, 128)
    canvas[..., top : top + height, left : left + width] = image
    expected = student(canvas)[..., top : top + height, left : left + width]
    torch.testing.assert_close(student(image), expected, rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_long_image_needs_a_square_unless_told_otherwise() -> None:
    image = torch.rand(1, 3, 20, 70)
    chosen = arguments("ufor-sl", "mini")
    network, width = Uformer(**chosen), chosen["width"]
    assert network(image).shape == image.shape
    assert network.encode(image)[0].shape == (1, width, 64, 128)
    network.square = True
    assert network.encode(image)[0].shape == (1, width, 128, 128)


@torch.no_grad()
def test_features_level_by_level(student: Uformer) -> None:
    image = fixture("ufor_sl").image[..., :100, :120]
    features = student.features(image)
    assert torch.equal(features.restored, student(image))
    shapes = [(1, 16 << k, 128 >> k, 128 >> k) for k in range(5)]
    assert [tuple(x.shape) for x in features.encoder] == shapes
    assert [tuple(x.shape) for x in features.decoder] == [(1, 32 << k, 128 >> k, 128 >> k) for k in range(4)]
    assert student.encoder_widths == (16, 32, 64, 128, 256)
    assert student.decoder_widths == (32, 64, 128, 256)
    other = student.decode(tuple(torch.zeros_like(x) for x in features.encoder), image)
    assert not torch.allclose(other.restored, features.restored)


@torch.no_grad()
def test_shifted_windows_do_not_join_opposite_borders() -> None:
    block = LeWinBlock(width=4, heads=2, window=4, shift=2, modulated=False).eval()
    block.feed_forward.project.weight.zero_()  # leaves the attention alone
    image = torch.rand(1, 12, 8, 4)
    changed = image.clone()
    changed[:, :2, 2:6] += torch.rand(1, 2, 4, 4)
    moved = (block(changed) != block(image)).any(-1)[0]
    assert moved[:2, 2:6].all()
    assert moved.sum() == 8
    inside = image.clone()
    inside[:, 2, 2] += torch.rand(4)
    moved = (block(inside) != block(image)).any(-1)[0]
    assert moved[2:6, 2:6].all()
    assert moved.sum() == 16


def test_gradients_are_those_of_the_plain_form() -> None:
    torch.manual_seed(0)
    configuration = arguments("uformer", "mini") | {"width": 4, "heads": (1, 2, 4, 4, 4, 4, 4, 2, 2)}
    ours = Uformer(**configuration).double()
    theirs = plain.build(**configuration).double()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    image, target = torch.rand(2, 2, 3, 64, 64, dtype=torch.float64)
    for network in (ours, theirs):
        F.mse_loss(network(image), target).backward()
    other = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, other[name].grad, msg=name)


def test_strange_states_and_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="another network"):
        from_authors({"patch_embed.proj.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="to_q and to_kv"):
        from_authors({"conv.blocks.0.attn.qkv.to_q.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="same odd length"):
        Uformer(depths=(1, 2))
    with pytest.raises(ValueError, match="3 heads"):
        Uformer(heads=(3, 2, 4, 8, 16, 16, 8, 4, 2))
