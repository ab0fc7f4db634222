"""Mean-subtracted contrast-normalised coefficients, Equation 1, and the two kinds of tensor preparation around them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from slkd.grids import blur, blur_adjoint

VARIANCE_FLOOR = 1e-5


def mscn(x: Tensor, constant: float = 0.01, size: int = 7, sigma: float = 7 / 6) -> Tensor:
    """The MSCN coefficients of every channel of `x` (N, C, H, W): (x - mean) / (deviation + constant), Equation 1.

    Paper: "local mean and variance", window and constant not given. / Here: the local standard deviation (with the
    variance the quotient would have a unit), a 7x7 Gaussian of sigma 7/6 with reflected borders as in BRISQUE, and a
    constant of .01 for features of RMS 1 (BRISQUE's 1 belongs to grey levels up to 255). The floor of the variance
    stands inside the root: the gradient is finite on flat areas. Half-precision input is computed in float32.
    """
    coefficients: Tensor = _Mscn.apply(full_precision(x), constant, size, sigma)  # type: ignore[no-untyped-call]
    return coefficients


class _Mscn(torch.autograd.Function):
    """Equation 1 and its gradient by hand: autograd would keep and revisit twice as many maps."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, constant: float, size: int, sigma: float) -> Tensor:
        mean = blur(x, size, sigma)
        variance = torch.addcmul(blur(x * x, size, sigma), mean, mean, value=-1)
        deviation = variance.clamp_min(0).add_(VARIANCE_FLOOR).sqrt_()
        inverse = (deviation + constant).reciprocal_()
        coefficients = (x - mean).mul_(inverse)
        slope = deviation.reciprocal_().mul_(0.5).masked_fill_(variance < 0, 0)  # of the deviation over the variance
        ctx.save_for_backward(x, mean, inverse, slope, coefficients)
        ctx.size, ctx.sigma = size, sigma
        return coefficients

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        x, mean, inverse, slope, coefficients = ctx.saved_tensors
        direct = gradient * inverse
        of_variance = (direct * coefficients).mul_(slope).neg_()
        of_mean = torch.addcmul(direct, mean, of_variance, value=2)
        squares = blur_adjoint(of_variance, ctx.size, ctx.sigma)
        total = direct.sub_(blur_adjoint(of_mean, ctx.size, ctx.sigma)).addcmul_(x, squares, value=2)
        return total, None, None, None


def full_precision(x: Tensor) -> Tensor:
    """A tensor of any shape in float32 if it is of half precision, else as it is."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def rms_normalised(x: Tensor, floor: float = 1e-6) -> Tensor:
    """Every sample of `x` (N, C, H, W) divided by its root mean square over channels and positions; zeros stay zeros.

    `floor` stands inside the root. Half-precision input is computed in float32.
    """
    x = full_precision(x)
    return x * torch.rsqrt(x.square().mean(dim=(1, 2, 3), keepdim=True) + floor)
