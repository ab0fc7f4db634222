"""Generalised Gaussian (GGD) and asymmetric generalised Gaussian (AGGD) distributions fitted from moments.

Source: Mittal, Moorthy and Bovik, No-Reference Image Quality Assessment in the Spatial Domain, 2012, Equations 4 to
16, with the moment matching of Sharifi and Leon-Garcia (GGD) and Lasmar et al. (AGGD).
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

FLOOR = 1e-8
SMALLEST, LARGEST = 0.2, 10.0
STEEPEST = 3.0
CUBIC = (-0.446408773287, 0.620265675132, 0.038740867125, -0.009352160733)  # least squares of log alpha in [-1.2, 1.8]


def ratio_of(alpha: Tensor) -> Tensor:
    """(E|x|)^2 / E[x^2] of a GGD of shape `alpha` > 0, any tensor: 1/2 at 1, 2/pi at 2, always below 3/4.

    It is Gamma(2/a)^2 / (Gamma(1/a) Gamma(3/a)).
    """
    return torch.exp(2 * torch.lgamma(2 / alpha) - torch.lgamma(1 / alpha) - torch.lgamma(3 / alpha))


def shape_from_ratio(ratio: Tensor) -> Tensor:
    """The shape alpha in [.2, 10] whose `ratio_of` is `ratio`, any tensor: differentiable, error below 1e-6.

    Paper (BRISQUE's code): the nearest entry of the table, which has no gradient. / Here: interpolated between two
    entries. Ratios outside the table give its ends, with no gradient.
    """
    ratios, alphas = _table(ratio.dtype, ratio.device)
    inside = ratio.clamp(ratios[0], ratios[-1])
    upper = torch.searchsorted(ratios, inside.detach().contiguous()).clamp(1, len(ratios) - 1)
    low, high = ratios[upper - 1], ratios[upper]
    return alphas[upper - 1] + (inside - low) * (alphas[upper] - alphas[upper - 1]) / (high - low)


def shape_from_ratio_cubic(ratio: Tensor) -> Tensor:
    """`shape_from_ratio` by a cubic in logit(ratio / .75) for log alpha, any tensor of ratios in (0, .75).

    Smooth; within 1.5 % for alpha in [.3, 6]. Ratios below .01 or above .995 of .75 give the ends, with no gradient.
    """
    inside = (ratio / 0.75).clamp(0.01, 0.995)
    logit = torch.log(inside) - torch.log1p(-inside)
    return torch.exp(CUBIC[0] + logit * (CUBIC[1] + logit * (CUBIC[2] + logit * CUBIC[3])))


def ggd_ratio(mean_absolute: Tensor, mean_square: Tensor) -> Tensor:
    """The shape's ratio (E|x|)^2 / E[x^2] from the two moments; 0 where the signal is 0."""
    return mean_absolute.square() / (mean_square + FLOOR)


def aggd_ratio(mean_absolute: Tensor, mean_square: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """The AGGD's ratio R = r (g^3 + 1)(g + 1) / (g^2 + 1)^2, g = left / right, from moments and the sides' deviations.

    All of one shape; the moment matching of Lasmar et al. Written without the quotient g, so that it is finite where
    one side or both are empty.
    """
    skew = (left**3 + right**3) * (left + right) / (left.square() + right.square()).square()
    return ggd_ratio(mean_absolute, mean_square) * skew


def aggd_mean(alpha: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """The AGGD's mean eta from its shape and the sides' deviations, all of one shape.

    eta = (beta_r - beta_l) Gamma(2/a) / Gamma(1/a) with beta = sigma sqrt(Gamma(1/a) / Gamma(3/a)).
    """
    return (right - left) * torch.exp(
        torch.lgamma(2 / alpha) - 0.5 * (torch.lgamma(1 / alpha) + torch.lgamma(3 / alpha))
    )


def scale_of(alpha: Tensor, deviation: Tensor) -> Tensor:
    """The scale beta = sigma sqrt(Gamma(1/a) / Gamma(3/a)) of a side of deviation sigma, of one shape with `alpha`."""
    return deviation * torch.exp(0.5 * (torch.lgamma(1 / alpha) - torch.lgamma(3 / alpha)))


def fit_ggd(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Shape, in [.2, 10], and deviation of the GGD of zero mean fitted to the last axis of `samples` (..., n): two (...)."""
    mean_square = samples.square().mean(-1)
    return shape_from_ratio(ggd_ratio(samples.abs().mean(-1), mean_square)), mean_square.sqrt()


def fit_aggd(samples: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Shape, mean eta, left and right deviation of the AGGD fitted to the last axis of `samples` (..., n): four (...)."""
    left = _side(samples, samples < 0)
    right = _side(samples, samples > 0)
    alpha = shape_from_ratio(aggd_ratio(samples.abs().mean(-1), samples.square().mean(-1), left, right))
    return alpha, aggd_mean(alpha, left, right), left, right


def aggd_divergence(  # noqa: PLR0913
    shape: Tensor, left: Tensor, right: Tensor, other_shape: Tensor, other_left: Tensor, other_right: Tensor
) -> Tensor:
    """KL(first, second) of two AGGDs given by shape and the sides' scales beta, all positive and of one tensor shape.

    In closed form, in nats; a GGD has equal sides. The logarithm of each side's moment is linear beyond 3, where the closed
    form's gradient grows a million times:
    log[a1 (l2 + r2) G(1/a2) / (a2 (l1 + r1) G(1/a1))] + [l1 (l1/l2)^a2 + r1 (r1/r2)^a2] / (l1 + r1) G((a2+1)/a1) /
    G(1/a1) - 1/a1
    """
    width, other_width = left + right, other_left + other_right
    entropies = torch.log(shape * other_width / (other_shape * width))
    entropies = entropies + torch.lgamma(1 / other_shape) - torch.lgamma(1 / shape)
    moment = torch.lgamma((other_shape + 1) / shape) - torch.lgamma(1 / shape)
    sides = left / width * _tame_exp(other_shape * torch.log(left / other_left) + moment)
    sides = sides + right / width * _tame_exp(other_shape * torch.log(right / other_right) + moment)
    return entropies + sides - 1 / shape


def _tame_exp(x: Tensor) -> Tensor:
    """exp(x), continued by its tangent beyond 3."""
    return torch.exp(x.clamp(max=STEEPEST)) * (1 + (x - STEEPEST).clamp_min(0))


def _side(samples: Tensor, mask: Tensor) -> Tensor:
    part = samples * mask
    return (part.square().sum(-1) / mask.sum(-1).clamp_min(1)).sqrt()


@lru_cache(maxsize=8)
def _table(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False), torch.no_grad():
        alphas = torch.linspace(SMALLEST, LARGEST, 9801, dtype=torch.float64, device=device)
        ratios = ratio_of(alphas)
        if dtype != torch.float64:  # every eighth entry: neighbouring ratios stay apart in float32
            alphas, ratios = alphas[::8], ratios[::8]
        return ratios.to(dtype), alphas.to(dtype)
