"""What every registered protocol must do, whatever its numbers are; a new one is tested by being registered."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.core.errors import BadImage, UnknownName
from benchmark.core.types import Score
from benchmark.protocols import get_protocol, protocol_ids
from tests.protocols.pairs import pair

every = pytest.mark.parametrize("key", protocol_ids())
few = settings(max_examples=10, deadline=None)
sizes = st.tuples(st.integers(11, 40), st.integers(11, 60))


def noisy(size: tuple[int, int], seed: int, count: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Restored (some of it outside [0, 1]) and clean, (count, 3, *size)."""
    generator = torch.Generator().manual_seed(seed)
    clean = torch.rand(count, 3, *size, generator=generator)
    return clean + 0.2 * torch.randn(clean.shape, generator=generator), clean


def assert_same(one: Score, two: Score, ssim: float = 1e-6) -> None:
    assert one.psnr == pytest.approx(two.psnr, abs=1e-5)
    assert one.ssim == pytest.approx(two.ssim, abs=ssim)


@every
@few
@given(size=sizes, seed=st.integers(0, 2**31))
def test_numpy_and_torch_agree(key: str, size: tuple[int, int], seed: int) -> None:
    restored, clean = (image[0] for image in noisy(size, seed))
    protocol = get_protocol(key)
    assert_same(protocol.score(restored, clean), protocol.score(restored.numpy(), clean.numpy()))
    large = [image.repeat(1, 12, 12) for image in (restored, clean)]  # enough pixels for single precision on a CPU
    assert_same(protocol.score(*large), protocol.score(*(image.numpy() for image in large)))
    restored, clean = restored.double(), clean.double()
    assert_same(protocol.score(restored, clean), protocol.score(restored.numpy(), clean.numpy()), ssim=1e-9)


@every
@few
@given(size=sizes, seed=st.integers(0, 2**31), count=st.integers(1, 4))
def test_a_batch_is_its_images(key: str, size: tuple[int, int], seed: int, count: int) -> None:
    restored, clean = noisy(size, seed, count)
    protocol = get_protocol(key)
    batch = protocol.score_batch(restored, clean)
    assert len(batch) == count
    for score, one, two in zip(batch, restored, clean, strict=True):
        assert_same(score, protocol.score(one, two))


@every
@few
@given(size=sizes, seed=st.integers(0, 2**31))
def test_symmetric(key: str, size: tuple[int, int], seed: int) -> None:
    restored, clean = (image[0] for image in noisy(size, seed))
    protocol = get_protocol(key)
    assert_same(protocol.score(restored, clean), protocol.score(clean, restored))
    assert_same(protocol.score(restored.numpy(), clean.numpy()), protocol.score(clean.numpy(), restored.numpy()))


@every
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_identical_images_give_infinity_not_a_cap(key: str, value: float) -> None:
    image = torch.rand(3, 24, 31)
    image[:, :12] = value
    for form in (image, image.double(), image.numpy()):
        score = get_protocol(key).score(form, form)
        assert score.psnr == math.inf
        assert score.ssim == pytest.approx(1, abs=1e-9)


@every
def test_beyond_eighty_decibels(key: str) -> None:
    """One byte one level off: a PSNR with an epsilon in its logarithm would stop at 80 dB."""
    clean = torch.full((3, 200, 200), 100 / 255, dtype=torch.float64)
    restored = clean.clone()
    restored[:, 100, 100] = 101 / 255
    assert get_protocol(key).score(restored, clean).psnr == pytest.approx(94, abs=1.7)


@every
def test_clamps_what_lies_outside(key: str) -> None:
    restored, clean = (image[0] for image in noisy((30, 40), 3))
    protocol = get_protocol(key)
    for one, two in ((restored, clean), (restored.numpy(), clean.numpy())):
        assert protocol.score(one, two) == protocol.score(one.clip(0, 1), two)
    restored[0, 0, 0] = math.inf
    assert math.isfinite(protocol.score(restored, clean).psnr)


@every
def test_does_not_change_its_arguments(key: str) -> None:
    for restored, clean in (noisy((20, 20), 1), [image.double() for image in noisy((20, 20), 1)]):
        before = restored.clone(), clean.clone()
        get_protocol(key).score_batch(restored, clean)
        get_protocol(key).score(restored[0].numpy(), clean[0].numpy())
        assert torch.equal(restored, before[0])
        assert torch.equal(clean, before[1])


@every
def test_takes_any_strides(key: str) -> None:
    restored, clean = (image[0] for image in noisy((40, 60), 5))
    flipped = [image.transpose(1, 2).contiguous().transpose(1, 2) for image in (restored, clean)]
    assert_same(get_protocol(key).score(*flipped), get_protocol(key).score(restored, clean))


@every
def test_layouts_and_types(key: str) -> None:
    protocol, (restored, clean) = get_protocol(key), pair("p1_noise25_256")
    expected = protocol.score(restored, clean)
    planes = [np.moveaxis(image, 2, 0) for image in (restored, clean)]
    assert protocol.score(*planes) == expected
    tensors = [torch.from_numpy(np.ascontiguousarray(plane)) for plane in planes]
    assert_same(protocol.score(*tensors), expected)
    assert_same(protocol.score(*(t.float() / 255 for t in tensors)), expected)
    assert_same(protocol.score(tensors[0].float() / 255, tensors[1]), expected)


@every
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_takes_half_precision_outputs(key: str, dtype: torch.dtype) -> None:
    restored, clean = (image[0].clamp(0, 1) for image in noisy((40, 60), 5))
    assert_same(
        get_protocol(key).score(restored.to(dtype), clean), get_protocol(key).score(restored.to(dtype).float(), clean)
    )


@every
@pytest.mark.parametrize("which", [0, 1])
def test_nan_is_an_error(key: str, which: int) -> None:
    images = [image[0] for image in noisy((30, 40), 3)]
    images[which][1, 5, 7] = math.nan
    for both in (images, [image.numpy() for image in images]):
        with pytest.raises(BadImage, match="NaN"):
            get_protocol(key).score(*both)


@every
def test_bad_shapes_are_errors(key: str) -> None:
    protocol = get_protocol(key)
    image = torch.rand(3, 20, 20)
    for other in (torch.rand(3, 20, 21), torch.rand(1, 20, 20), torch.rand(4, 20, 20), torch.rand(20, 20)):
        with pytest.raises(BadImage):
            protocol.score(other, image)
        with pytest.raises(BadImage):
            protocol.score(other.numpy(), image.numpy())
    with pytest.raises(BadImage, match="one kind"):
        protocol.score(image, image.numpy())


@every
def test_smaller_than_the_window(key: str) -> None:
    """An error where SSIM is not defined; a number where edges are repeated."""
    protocol = get_protocol(key)
    tiny, other = (image[0] for image in noisy((5, 30), 3))
    if protocol.ssim.border == "replicate":
        assert_same(protocol.score(tiny, other), protocol.score(tiny.numpy(), other.numpy()))
        return
    with pytest.raises(BadImage, match="pixels or more"):
        protocol.score(tiny, other)
    with pytest.raises(BadImage, match="pixels or more"):
        protocol.score(tiny.numpy(), other.numpy())


@every
def test_reduced_product_precision_does_not_reach_the_score(key: str) -> None:
    """A program that allows bfloat16 products for its networks must not change what they score."""
    restored, clean = noisy((40, 50), 9)
    expected = get_protocol(key).score_batch(restored, clean)[0]
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        assert_same(get_protocol(key).score_batch(restored, clean)[0], expected)
    finally:
        torch.set_float32_matmul_precision(before)


@every
def test_described(key: str) -> None:
    protocol = get_protocol(key)
    assert protocol.id == key
    assert protocol.version >= 1
    assert protocol.title
    assert protocol.used_by
    assert math.fsum(protocol.ssim.taps) == pytest.approx(1, abs=1e-15)


def test_the_near_name_is_offered() -> None:
    with pytest.raises(UnknownName, match="rain13k-y"):
        get_protocol("rain13k")


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys, benchmark.protocols as p; p.protocol_ids(); print({'torch', 'numpy', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
