import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import gamma

from slkd.gaussians import (
    aggd_divergence,
    fit_aggd,
    fit_ggd,
    ratio_of,
    scale_of,
    shape_from_ratio,
    shape_from_ratio_cubic,
)


def draw(alpha: float, left: float, right: float, count: int = 100000, seed: int = 0) -> torch.Tensor:
    """Samples of an AGGD with side deviations `left` and `right`."""
    rng = np.random.default_rng(seed)
    size = rng.gamma(1 / alpha, size=count) ** (1 / alpha) * np.sqrt(gamma(1 / alpha) / gamma(3 / alpha))
    side = rng.random(count) < left / (left + right)
    return torch.from_numpy(np.where(side, -left * size, right * size))


@pytest.mark.parametrize("alpha", [0.5, 0.8, 1.0, 1.5, 2.0, 3.0])
def test_the_ggd_fit_recovers_its_parameters(alpha: float) -> None:
    shape, deviation = fit_ggd(draw(alpha, 0.7, 0.7))
    assert shape.item() == pytest.approx(alpha, rel=0.03)
    assert deviation.item() == pytest.approx(0.7, rel=0.03)


@pytest.mark.parametrize(
    ("alpha", "left", "right"), [(0.6, 0.5, 1.5), (1.0, 1.0, 1.0), (1.4, 2.0, 0.5), (2.5, 0.3, 0.4)]
)
def test_the_aggd_fit_recovers_its_parameters(alpha: float, left: float, right: float) -> None:
    samples = draw(alpha, left, right)
    shape, mean, first, second = fit_aggd(samples)
    assert shape.item() == pytest.approx(alpha, rel=0.03)
    assert first.item() == pytest.approx(left, rel=0.03)
    assert second.item() == pytest.approx(right, rel=0.03)
    assert mean.item() == pytest.approx(samples.mean().item(), abs=0.02)


def test_the_ratio_has_its_closed_forms() -> None:
    found = ratio_of(torch.tensor([1.0, 2.0, 200.0], dtype=torch.float64))
    assert torch.allclose(found, torch.tensor([0.5, 2 / torch.pi, 0.75], dtype=torch.float64), atol=1e-4)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-6), (torch.float32, 3e-4)])
def test_the_table_inverts_the_ratio(dtype: torch.dtype, error: float) -> None:
    alpha = torch.linspace(0.25, 6, 977, dtype=torch.float64)
    found = shape_from_ratio(ratio_of(alpha).to(dtype)).double()
    assert ((found - alpha) / alpha).abs().max() < error


def test_the_cubic_inverts_the_ratio_to_one_and_a_half_percent() -> None:
    alpha = torch.linspace(0.3, 6, 977, dtype=torch.float64)
    assert ((shape_from_ratio_cubic(ratio_of(alpha)) - alpha) / alpha).abs().max() < 0.015


def test_the_shape_has_the_gradient_of_the_inverse() -> None:
    alpha = torch.tensor([1.00005, 2.00005, 4.00005, 8.00005], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(ratio_of(alpha).sum(), alpha)
    ratio = ratio_of(alpha).detach().requires_grad_()
    (inverse,) = torch.autograd.grad(shape_from_ratio(ratio).sum(), ratio)
    assert torch.allclose(inverse, 1 / slope, rtol=1e-3)
    assert inverse[0] == pytest.approx(4, rel=0.15)
    assert inverse[3] == pytest.approx(335, rel=0.15)


def log_density(x: float, alpha: float, left: float, right: float) -> float:
    scale = left if x < 0 else right
    result: float = np.log(alpha / ((left + right) * gamma(1 / alpha))) - (abs(x) / scale) ** alpha
    return result


@pytest.mark.parametrize("first", [(1.0, 0.8, 0.8), (0.7, 0.5, 1.2)])
@pytest.mark.parametrize("second", [(2.0, 1.5, 1.5), (1.3, 0.9, 0.4)])
def test_the_closed_form_is_the_integral(first: tuple[float, float, float], second: tuple[float, float, float]) -> None:
    def integrand(x: float) -> float:
        p, q = log_density(x, *first), log_density(x, *second)
        result: float = np.exp(p) * (p - q)
        return result

    expected = sum(quad(integrand, a, b, limit=400)[0] for a, b in [(-400, -20), (-20, 0), (0, 20), (20, 400)])
    tensors = [torch.tensor(v, dtype=torch.float64) for v in (*first, *second)]
    assert aggd_divergence(*tensors).item() == pytest.approx(expected, rel=1e-5)


def test_the_published_ggd_form_agrees() -> None:
    (b1, s1), (b2, s2) = (1.2, 0.8), (1.9, 1.1)
    g = gamma
    printed = (
        np.log(b1 * s2 / (b2 * s1))
        + np.log(g(1 / b2))
        - np.log(g(1 / b1))
        + (s1 / s2) ** b2 * g((b2 + 1) / b1) / g(1 / b1)
        - 1 / b1
    )
    tensors = [torch.tensor(v, dtype=torch.float64) for v in (b1, s1, s1, b2, s2, s2)]
    assert aggd_divergence(*tensors).item() == pytest.approx(printed, abs=1e-9)


def test_the_scale_gives_back_the_deviation() -> None:
    alpha = torch.tensor(1.3, dtype=torch.float64)
    beta = scale_of(alpha, torch.tensor(0.6, dtype=torch.float64)).item()
    square = quad(lambda x: x * x * np.exp(log_density(x, 1.3, beta, beta)), -40, 40, points=[0])[0]
    assert np.sqrt(square) == pytest.approx(0.6, rel=1e-6)
