from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from benchmark.images.torchvision_operators import importable
from slkd import brisque, piqe
from slkd.brisque import NEIGHBOURS, Fit, moments, natural_map
from slkd.gaussians import fit_aggd, fit_ggd
from slkd.grids import blur, row_step, window_counts, window_sums
from slkd.mscn import VARIANCE_FLOOR, mscn, rms_normalised
from slkd.piqe import (
    block_criteria,
    hard_mask,
    measure,
    own_thresholds,
    piqe_score,
    quantile_map,
    sigmoid_mask,
    texture_map,
)
from tests.slkd import plain


def photographs() -> dict[str, np.ndarray]:
    data = pytest.importorskip("skimage.data")
    return {
        "camera": data.camera()[:256, 128:384],
        "coins": data.coins()[:256, :256],
        "cat": data.chelsea()[20:276, 100:356],
    }


@pytest.fixture(scope="module", params=["camera", "coins", "cat"])
def photograph(request: pytest.FixtureRequest) -> torch.Tensor:
    image = photographs()[request.param].astype(np.float64) / 255
    return torch.from_numpy(image if image.ndim == 3 else image[..., None]).movedim(-1, 0)[None].contiguous()


@pytest.mark.parametrize("size", [(64, 80), (50, 90), (20, 33), (8, 8), (5, 4), (3, 2), (1, 9)])
def test_the_blur_is_scipys(size: tuple[int, int]) -> None:
    image = torch.randn(2, 3, *size, dtype=torch.float64)
    found = blur(image)
    for n in range(2):
        for c in range(3):
            mode = ["mirror" if side > 3 else "nearest" for side in size]
            expected = correlate1d(image[n, c].numpy(), plain.gaussian(), 0, mode=mode[0])
            expected = correlate1d(expected, plain.gaussian(), 1, mode=mode[1])
            assert np.allclose(found[n, c].numpy(), expected, atol=1e-12)


def test_the_long_blur_has_the_gradient_of_its_matrix_form() -> None:
    x = torch.randn(2, 3, 49, 60, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 3, 49, 60, dtype=torch.float64)
    (found,) = torch.autograd.grad((blur(x) * weight).sum(), x)
    probe = torch.zeros(2, 3, 49, 60, dtype=torch.float64)
    for place in [(0, 0), (0, 59), (48, 30), (1, 2), (46, 57), (24, 31), (3, 3)]:
        unit = probe.clone()
        unit[1, 2][place] = 1
        assert found[1, 2][place].item() == pytest.approx((blur(unit) * weight).sum().item(), abs=1e-12)


def test_mscn_is_plain_on_photographs(photograph: torch.Tensor) -> None:
    found = mscn(photograph, 1 / 255)
    for channel, expected in zip(found[0], photograph[0], strict=True):
        assert np.allclose(channel.numpy(), plain.mscn(expected.numpy(), 1 / 255, VARIANCE_FLOOR), atol=1e-9)


def test_global_statistics_are_brisques_on_photographs(photograph: torch.Tensor) -> None:
    coefficients = mscn(photograph, 1 / 255)
    found = natural_map(coefficients, Fit("table", window=0, logarithms=False))[0, :, :, 0, 0]
    for channel, map_ in zip(found, coefficients[0], strict=True):
        expected = list(plain.ggd(map_.numpy()))
        for product in plain.products(map_.numpy()):
            expected += plain.aggd(product)
        assert np.allclose(channel.numpy(), expected, rtol=2e-3, atol=1e-3)


def test_mscn_and_both_fits_are_pyiqas_on_photographs(photograph: torch.Tensor) -> None:
    importable()
    theirs = pytest.importorskip("pyiqa.archs.func_util")
    levels = 255 * photograph.mean(1, keepdim=True)
    expected = theirs.normalize_img_with_gauss(levels)
    found = mscn(levels, 1.0)
    inside = (..., slice(3, -3), slice(3, -3))  # it pads otherwise
    assert (found - expected)[inside].abs().max() < 3e-3  # our variance has a floor of 1e-5
    shape, deviation = fit_ggd(expected.flatten())
    for ours, value in zip((shape, deviation), theirs.estimate_ggd_param(expected), strict=True):
        assert ours.item() == pytest.approx(value.item(), abs=1e-3)
    for product in plain.products(expected[0, 0].numpy()):
        signal = torch.from_numpy(product)
        alpha, _, left, right = fit_aggd(signal.flatten())
        values = theirs.estimate_aggd_param(signal[None, None], return_sigma=True)
        for ours, value in zip((alpha, left, right), values, strict=True):
            assert ours.item() == pytest.approx(value.item(), abs=1e-3)


@pytest.mark.parametrize("size", [(128, 96), (70, 37), (16, 8), (5, 3)])
def test_local_statistics_are_the_plain_fits_of_every_window(size: tuple[int, int]) -> None:
    coefficients = torch.randn(1, 2, *size, dtype=torch.float64)
    found = natural_map(coefficients, Fit("table", shrink=True, logarithms=False))
    step = [16 if side >= 64 else max(side // 4, 1) for side in size]
    for i in range(found.shape[-2]):
        for j in range(found.shape[-1]):
            top, left = i * step[0], j * step[1]
            rows, columns = slice(top, top + 2 * step[0]), slice(left, left + 2 * step[1])
            map_ = coefficients[0, 1].numpy()
            expected = list(plain.ggd(map_[rows, columns]))
            for product, shift in zip(plain.products(map_), [0, 0, 0, 1], strict=True):
                # the fourth product's first factor is the right one: its column is one further than its slice's
                window = product[rows, max(left - shift, 0) : max(left + 2 * step[1] - shift, 0)]
                if (window < 0).any() and (window > 0).any():
                    expected += plain.aggd(window)
                else:
                    expected += [np.nan] * 4
            valid = ~np.isnan(expected)
            values = found[0, 1, :, i, j].numpy()[valid]
            inside = np.asarray(expected)[valid]
            assert np.allclose(values, inside, rtol=5e-3, atol=2e-3)


def test_a_ratio_descriptor_is_the_inverse_of_its_alpha() -> None:
    coefficients = torch.randn(1, 1, 64, 64, dtype=torch.float64)
    found = moments(coefficients, Fit(window=0))
    expected = coefficients.abs().mean() ** 2 / coefficients.square().mean()
    assert natural_map(coefficients, Fit(window=0))[0, 0, 0].item() == pytest.approx(expected.item(), rel=1e-6)
    assert found.mean[3].item() == pytest.approx(plain.products(coefficients[0, 0].numpy())[2].mean(), rel=1e-9)


@pytest.mark.parametrize("size", [(128, 96), (70, 37), (33, 64), (16, 8), (40, 48)])
@pytest.mark.parametrize("window", [0, 16, 32])
def test_windows_reach_from_border_to_border_with_enough_samples(size: tuple[int, int], window: int) -> None:
    ones = torch.ones(size, dtype=torch.float64)
    counts = window_counts(ones, ((0, 0), *NEIGHBOURS), window)
    assert torch.equal(window_sums(ones, window), counts[0])
    sides = [min(window or side, side) for side in size]
    assert (counts[0] == sides[0] * sides[1]).all()
    place = torch.arange(size[0] * size[1], dtype=torch.float64).view(size)
    first, last = window_sums(place, window)[0, 0], window_sums(place, window)[-1, -1]
    assert first == place[: sides[0], : sides[1]].sum()
    assert last == place[-sides[0] :, -sides[1] :].sum()
    for count, (down, right) in zip(counts, ((0, 0), *NEIGHBOURS), strict=True):
        valid = torch.zeros(size, dtype=torch.float64)
        valid[: size[0] - down, max(-right, 0) : size[1] - max(right, 0)] = 1
        assert torch.equal(window_sums(valid, window), count)


@pytest.mark.parametrize("fit", [Fit(), Fit("table"), Fit(window=0), Fit(shrink=True)], ids=str)
def test_descriptors_have_the_gradient_of_numbers(fit: Fit) -> None:
    x = torch.randn(1, 2, 20, 18, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: natural_map(v, fit), x, fast_mode=True)
    thresholds = own_thresholds(x)
    assert torch.autograd.gradcheck(lambda v: quantile_map(v, thresholds, 16), x, fast_mode=True)


@pytest.mark.parametrize("size", [(64, 64), (70, 37), (16, 8), (3, 2), (96, 50)])
@pytest.mark.parametrize("fit", [Fit(), Fit(window=0), Fit(shrink=True), Fit(window=16)], ids=str)
def test_signals_one_by_one_are_all_at_once(size: tuple[int, int], fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    x[0, 0, :2] = 0  # signals without a sign
    found = []
    for one_by_one in (True, False):
        monkeypatch.setattr(brisque, "_one_by_one", lambda x, answer=one_by_one: answer)
        y = x.clone().requires_grad_()
        sums = brisque._WindowSums.apply(y, fit.window, fit.shrink)  # type: ignore[no-untyped-call]
        (gradient,) = torch.autograd.grad(
            (sums[:4] * torch.linspace(-1, 1, sums[:4].numel()).view_as(sums[:4])).sum(), y
        )
        found.append((sums.detach(), gradient))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", [(64, 64), (40, 33), (100, 120), (3, 2)])
def test_mscn_has_the_gradient_of_its_formula(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    x[0, 0] = 0.25  # flat: the variance rounds below zero
    weights = torch.randn_like(x)
    found = []
    for formula in (mscn, plain_mscn):
        y = x.clone().requires_grad_()
        coefficients = formula(y)
        (gradient,) = torch.autograd.grad((weights * coefficients).sum(), y)
        found.append((coefficients.detach(), gradient))
    torch.testing.assert_close(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1][:, 1:], found[1][1][:, 1:])
    assert torch.isfinite(found[0][1]).all()


def plain_mscn(x: torch.Tensor) -> torch.Tensor:
    """Equation 1 for autograd."""
    mean = blur(x)
    variance = (blur(x * x) - mean * mean).clamp_min(0)
    return (x - mean) / ((variance + VARIANCE_FLOOR).sqrt() + 0.01)


def test_bands_of_rows_are_whole_in_every_window() -> None:
    assert [row_step(length, 32) for length in (64, 32, 16, 96, 50, 33)] == [16, 32, 16, 16, 1, 1]
    assert row_step(48, 0) == 48
    assert row_step(64, 32, shrink=True) == 16


def test_measures_are_what_they_say() -> None:
    x = torch.randn(1, 1, 32, 48, dtype=torch.float64)
    found = measure(x, 16)
    block = x[0, 0, 16:32, 32:48]
    assert found.variance[0, 0, 1, 2].item() == pytest.approx(block.var().item())
    edges = (block[0], block[-1], block[:, 0], block[:, -1])
    segments = [edge[k : k + 6].var().item() for edge in edges for k in range(11)]
    assert found.segments[0, 0, 1, 2].tolist() == pytest.approx(segments)


def test_a_quarter_of_the_teachers_own_blocks_is_flat_impaired_or_noisy() -> None:
    """Where [20]'s thresholds, made for grey levels, call nearly every block active and noisy."""
    x = mscn(rms_normalised(blur(torch.randn(2, 4, 128, 128))))
    found, thresholds = measure(x, 8), own_thresholds(x)
    assert (torch.log(found.variance + 1e-4) < thresholds[0]).double().mean().item() == pytest.approx(0.25, abs=0.01)
    assert (found.noise > thresholds[2]).double().mean().item() == pytest.approx(0.25, abs=0.01)
    segments = 0.5 * torch.log(found.segments + 1e-4)
    assert (segments < thresholds[1]).double().mean().item() == pytest.approx(0.25, abs=0.02)
    assert (found.variance > 0.1).double().mean() > 0.9


def by_hand() -> np.ndarray:
    """64x64 with a flat quarter, a fine chequer, coarse stripes and noise: 16 blocks whose masks can be read off."""
    rng = np.random.default_rng(3)
    image = np.full((64, 64), 128.0)
    image[:32, 32:] = 128 + 60 * (np.indices((32, 32)).sum(0) % 2)
    image[32:, :32] = 60 + 120 * (np.arange(32) // 8 % 2)[None, :]
    image[32:, 32:] = rng.integers(0, 256, (32, 32))
    image[63, 63] = 255
    return image


def test_piqe_is_the_published_algorithm_on_a_hand_worked_case() -> None:
    image = by_hand()
    expected, blocks = plain.piqe(image)
    found = piqe_score(torch.from_numpy(image)[None, None] / 255)
    assert found.item() == pytest.approx(expected, abs=1e-6)
    variance, distorted, noisy = (np.reshape(values, (4, 4)) for values in zip(*blocks, strict=True))
    assert variance[0, 0] == 0
    assert (variance[2:, 2:] > 0.1).all()
    assert distorted[0, 0]
    assert distorted[2:, :2].all()
    assert not distorted[2:, 2:].any()
    coefficients = torch.from_numpy(plain.mscn(image, 1.0, mode="nearest"))[None, None]
    ours = block_criteria(coefficients, 16, lambda margin: (margin > 0).double())
    assert np.allclose(ours[0][0, 0].numpy(), variance, atol=1e-12)
    active = variance > 0.1
    assert (ours[1][0, 0].numpy()[active] == distorted[active]).all()
    assert (ours[2][0, 0].numpy()[active] == noisy[active]).all()


def test_piqe_of_a_flat_image_is_a_hundred() -> None:
    assert piqe_score(torch.full((2, 3, 40, 50), 0.5)).tolist() == [100, 100]


def test_piqe_refuses_what_has_no_block() -> None:
    with pytest.raises(ValueError, match="at least 16x16"):
        piqe_score(torch.rand(1, 3, 12, 40))


def test_piqe_is_plain_on_photographs_and_pyiqas_up_to_its_column(photograph: torch.Tensor) -> None:
    grey = photograph.mean(1, keepdim=True)
    levels = (255 * grey / grey.max()).round()[0, 0].numpy()
    exact, _ = plain.piqe(levels)
    shifted, _ = plain.piqe(levels, exact=False)
    assert piqe_score(grey).item() == pytest.approx(exact, abs=1e-6)
    theirs = pyiqas_piqe()(grey)[0].item()
    assert theirs == pytest.approx(shifted, abs=2e-3)
    assert piqe_score(grey).item() == pytest.approx(theirs, abs=1)


def pyiqas_piqe() -> Callable[[torch.Tensor], torch.Tensor]:
    """pyiqa's function."""
    importable()
    result: Callable[[torch.Tensor], torch.Tensor] = pytest.importorskip("pyiqa.archs.piqe_arch").piqe
    return result


def test_masks_agree_away_from_their_thresholds() -> None:
    margin = torch.tensor([-0.3, -0.11, 0.11, 0.3], dtype=torch.float64, requires_grad=True)
    assert torch.allclose(sigmoid_mask(margin), hard_mask(margin), atol=5e-3)
    (hard,) = torch.autograd.grad(hard_mask(margin).sum(), margin)
    (soft,) = torch.autograd.grad(sigmoid_mask(margin).sum(), margin)
    assert torch.equal(hard, soft)


def by_own_thresholds(coefficients: torch.Tensor) -> torch.Tensor:
    return quantile_map(coefficients, own_thresholds(coefficients))


@pytest.mark.parametrize("extract", [natural_map, texture_map, by_own_thresholds])
@pytest.mark.parametrize("make", [torch.zeros, torch.ones])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_flat_and_zero_features_give_finite_maps_and_gradients(
    extract: Callable[..., torch.Tensor], make: Callable[..., torch.Tensor], dtype: torch.dtype
) -> None:
    x = make(1, 2, 64, 64, dtype=dtype).requires_grad_()
    result = extract(mscn(rms_normalised(x)))
    result.square().sum().backward()
    assert torch.isfinite(result).all()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_mscn_does_not_depend_on_a_features_scale() -> None:
    x = torch.randn(2, 3, 32, 32)
    assert torch.allclose(mscn(rms_normalised(x)), mscn(rms_normalised(50 * x)), atol=1e-4)


@pytest.mark.parametrize("share", [0.25, 0.75])
@pytest.mark.parametrize("count", [1, 2, 7, 1000, 4097])
def test_the_quantile_is_torchs(count: int, share: float) -> None:
    values = torch.randn(2, count, generator=torch.Generator().manual_seed(count))
    assert torch.equal(piqe._quantile(values, share), torch.quantile(values, share))
    values[1, -1] = torch.nan
    assert piqe._quantile(values, share).isnan()
