"""Every protocol against its definition written out literally, and against scikit-image where that defines it."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from benchmark.protocols import batched, get_protocol, reference
from benchmark.protocols.choices import Channel, Ssim
from tests.protocols import literal
from tests.protocols.pairs import PAIRS, oracle, pair


def images(height: int = 37, width: int = 50, noise: float = 0.08, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Restored and clean (H, W, 3) in [0, 1]: smooth and noisy, with a saturated and a black corner; not bytes."""
    random = np.random.default_rng(seed)
    clean = correlate1d(correlate1d(random.random((height, width, 3)), np.ones(7) / 3, axis=0), np.ones(7) / 3, axis=1)
    clean = np.clip(clean - clean.mean() + 0.5, 0, 1)
    clean[:12, :12], clean[-12:, -12:] = 1.0, 0.0
    return np.clip(clean + noise * random.standard_normal(clean.shape), 0, 1), clean


def scores(key: str, restored: np.ndarray, clean: np.ndarray) -> dict[str, tuple[float, float]]:
    """The protocol's PSNR and SSIM by each implementation and precision."""
    protocol = get_protocol(key)
    tensors = [torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))) for image in (restored, clean)]
    results = {
        "numpy": protocol.score(restored, clean),
        "torch64": protocol.score(*tensors),
        "torch32": protocol.score(*(t.float() for t in tensors)),
    }
    return {name: (score.psnr, score.ssim) for name, score in results.items()}


def check(protocol: str, restored: np.ndarray, clean: np.ndarray, psnr: float, ssim: float) -> None:
    for name, (found_psnr, found_ssim) in scores(protocol, restored, clean).items():
        assert found_psnr == pytest.approx(psnr, abs=1e-5), name
        assert found_ssim == pytest.approx(ssim, abs=5e-7), name


def as_bytes(*both: np.ndarray) -> list[np.ndarray]:
    return [np.floor(255 * image + 0.5) for image in both]


def test_volumetric_of_floats() -> None:
    x, y = images()
    check("rgb-float-volumetric", x, y, literal.psnr(x, y, 1), literal.volumetric(x, y, 1))


def test_volumetric_of_bytes() -> None:
    both = images()
    x, y = as_bytes(*both)
    check("rgb-uint8-volumetric", *both, literal.psnr(x, y, 255), literal.volumetric(x, y, 255))


def test_rain13k_rounds_image_and_luma() -> None:
    both = images()
    x, y = (np.floor(literal.matlab_luma(v / 255) * 255 + 0.5) for v in as_bytes(*both))
    check("rain13k-y", *both, literal.psnr(x, y, 255), literal.valid(x, y, 255))


def test_ddn_rounds_the_image_only() -> None:
    both = images()
    x, y = (literal.matlab_luma(v / 255) for v in as_bytes(*both))
    check("ddn-y", *both, literal.psnr(x, y, 1), literal.valid(x, y, 1))


@pytest.mark.parametrize(("height", "width"), [(384, 390), (700, 641), (640, 900)])
def test_ddn_shrinks_first(height: int, width: int) -> None:
    """By 2 (1.5 rounds up), 3 and 3 (2.5 rounds up too, which Python's round would not)."""
    both = images(height, width)
    x, y = (literal.matlab_luma(v / 255) for v in as_bytes(*both))
    factor = {384: 2, 700: 3, 640: 3}[height]
    before = (factor - 1) // 2  # one output pixel for every `factor`, from the first; even boxes reach down and right

    def shrink(plane: np.ndarray) -> np.ndarray:
        pad = np.pad(plane, (before, factor), mode="symmetric")
        rows, columns = math.ceil(plane.shape[0] / factor), math.ceil(plane.shape[1] / factor)
        boxes = [
            [pad[factor * i :, factor * j :][:factor, :factor].mean() for j in range(columns)] for i in range(rows)
        ]
        return np.array(boxes)

    check("ddn-y", *both, literal.psnr(x, y, 1), literal.valid(shrink(x), shrink(y), 1))


def test_rgb_and_its_matlab_form() -> None:
    both = images()
    x, y = as_bytes(*both)
    psnr = literal.psnr(x, y, 255)
    check("rgb", *both, psnr, float(np.mean([literal.valid(x[..., c], y[..., c], 255) for c in range(3)])))
    check("rgb-ssim2d", *both, psnr, float(np.mean([literal.same(x[..., c], y[..., c], 255) for c in range(3)])))


def test_uformer_is_scikit_image_with_the_wrong_range() -> None:
    x, y = images()
    ssim = structural_similarity(x, y, channel_axis=-1, data_range=2.0)
    check("uformer-float", x, y, peak_signal_noise_ratio(y, x, data_range=1.0), ssim)
    assert ssim - structural_similarity(x, y, channel_axis=-1, data_range=1.0) > 0.01


def test_rgb_ssim2d_and_scikit_image_differ_only_at_the_border() -> None:
    """scikit-image leaves the border out, as `rgb` does."""
    both = images()
    x, y = as_bytes(*both)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    ssim = structural_similarity(x, y, data_range=255, **options)
    assert get_protocol("rgb").score(*both).ssim == pytest.approx(ssim, abs=1e-9)


def test_the_window_along_colour_is_a_channel_mix() -> None:
    """The matrix given with the published scripts' scores."""
    expected = [
        [0.63300586, 0.21300554, 0.1539886],
        [0.36699414, 0.26601172, 0.36699414],
        [0.1539886, 0.21300554, 0.63300586],
    ]
    np.testing.assert_allclose(Ssim(data_range=1).channel_mix(), expected, atol=5e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_the_single_precision_column_is_a_sum_in_single_precision(name: str) -> None:
    """The oracle's PSNR of singles differs from the true one by up to 0.01 dB: Octave adds one by one."""
    x, y = (image.astype(np.float32) / np.float32(255) for image in pair(name))
    squares = np.square(x - y)
    one_after_another = np.cumsum(squares.ravel(order="F"), dtype=np.float32)[-1] / np.float32(squares.size)
    assert -10 * np.log10(one_after_another) == pytest.approx(oracle()[name]["rgb_psnr_single"], abs=1e-5)
    assert -10 * np.log10(squares.mean(dtype=np.float64)) == pytest.approx(oracle()[name]["rgb_psnr_uint8"], abs=1e-5)


def test_rounded_luma_is_exact_for_every_colour() -> None:
    """All 2^24 colours would take long; these are all greens and blues for some reds, ties among them."""
    green, blue = np.meshgrid(np.arange(256), np.arange(256))
    ties = 0
    for red in (0, 1, 76, 127, 200, 254, 255):
        parts = 65481 * red + 128553 * green + 24966 * blue  # whole numbers, in 255000ths of a level
        exact = 16 + (2 * parts + 255000) // 510000
        ties += int((2 * parts % 510000 == 255000).sum())
        image = torch.from_numpy(np.stack([np.full_like(green, red), green, blue])[None])
        for dtype in (torch.float32, torch.float64):
            total, _ = batched._CHANNEL[Channel.Y_ROUNDED](image.to(dtype), image.to(dtype), 1.0)
            np.testing.assert_array_equal(total[0, 0].numpy(), 2 * exact)
        luma = reference._CHANNEL[Channel.Y_ROUNDED](image[0].numpy().astype(np.float64))
        np.testing.assert_array_equal(luma[0], exact)
    assert ties > 0
