"""VDN's loss: the negative variational bound (Yue et al., NeurIPS 2019, Equations 9 to 14)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.networks.vdn import VDN
from benchmark.training.objectives.direct import Direct, gaussian, smooth

LOG_LEAST, LOG_MOST = math.log(1e-8), math.log(1e4)  # the range of all logarithms that the networks give
SIDE = 7  # p, the window of the noise variance's prior


class VariationalBound(Direct):
    """- E_q[log p(y | z, sigma^2)] + KL(q(z) | p(z)) + KL(q(sigma^2) | p(sigma^2)), means over pixels and colours.

    q(z) is normal about the restored image with variance m^2, q(sigma^2) inverse gamma (alpha, beta). The priors are
    N(clean, `variance`) and IG(p^2/2 - 1, p^2 xi/2), xi the squared noise under a Gaussian window of side p = 7.
    Paper: the variance of the clean image's prior is 5e-5, the authors' code has 1e-6. Here: 1e-6.
    """

    student: VDN

    def __init__(self, student: nn.Module, variance: float = 1e-6) -> None:
        super().__init__(student)
        self.variance = variance

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The terms `likelihood`, `image` and `noise` (the two divergences)."""
        image, sigma = self.student.variational(degraded)
        with torch.autocast(degraded.device.type, enabled=False):
            degraded, clean = degraded.float(), clean.float()
            noise, log_m2 = image.float().chunk(2, 1)
            log_m2 = log_m2.clamp(LOG_LEAST, LOG_MOST)
            log_alpha, log_beta = sigma.float().clamp(LOG_LEAST, LOG_MOST).chunk(2, 1)
            return {
                "likelihood": negative_likelihood(noise, log_m2, log_alpha, log_beta).mean(),
                "image": normal_divergence(noise - (degraded - clean), log_m2, self.variance).mean(),
                "noise": inverse_gamma_divergence(log_alpha, log_beta, local_variance(degraded - clean)).mean(),
            }


def local_variance(noise: Tensor) -> Tensor:
    """xi: the squared noise (N, C, H, W) under a Gaussian window of side 7, borders reflected, at least 1e-10."""
    around = F.pad(noise.square(), (SIDE // 2,) * 4, mode="reflect")
    return smooth(around, gaussian(SIDE, SIDE / 6, noise)).clamp_min(1e-10)


def negative_likelihood(noise: Tensor, log_m2: Tensor, log_alpha: Tensor, log_beta: Tensor) -> Tensor:
    """- E_q[log N(y; z, sigma^2)] by pixel (Equation 12), `noise` being y less the mean of z."""
    expected = (noise.square() + log_m2.exp()) * (log_alpha - log_beta).exp()
    return 0.5 * (math.log(2 * math.pi) + log_beta - torch.digamma(log_alpha.exp()) + expected)


def normal_divergence(error: Tensor, log_m2: Tensor, variance: float) -> Tensor:
    """KL(N(mu, m^2) | N(mu + error, `variance`)) by pixel (Equation 13)."""
    ratio = log_m2 - math.log(variance)
    return 0.5 * (error.square() / variance + ratio.exp() - ratio - 1)


def inverse_gamma_divergence(log_alpha: Tensor, log_beta: Tensor, xi: Tensor) -> Tensor:
    """KL(IG(alpha, beta) | IG(p^2/2 - 1, p^2 xi/2)) by pixel (Equation 14)."""
    alpha0 = xi.new_full((), SIDE**2 / 2 - 1)
    beta0, alpha = SIDE**2 / 2 * xi, log_alpha.exp()
    gammas = torch.lgamma(alpha0) - torch.lgamma(alpha)
    rates = alpha0 * (log_beta - beta0.log()) + beta0 * (log_alpha - log_beta).exp() - alpha
    return (alpha - alpha0) * torch.digamma(alpha) + gammas + rates
