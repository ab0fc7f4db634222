"""Mean-subtracted contrast-normalised coefficients, Equation 1, and the two kinds of tensor preparation around them."""

from __future__ import annotations

import torch
from torch import Tensor

from slkd.grids import blur

VARIANCE_FLOOR = 1e-5


def mscn(x: Tensor, constant: float = 0.01, size: int = 7, sigma: float = 7 / 6) -> Tensor:
    """The MSCN coefficients of every channel of `x` (N, C, H, W): (x - mean) / (deviation + constant), Equation 1.

    Paper: "local mean and variance", window and constant not given. / Here: the local standard deviation (with the
    variance the quotient would have a unit), a 7x7 Gaussian of sigma 7/6 with reflected borders as in BRISQUE, and a
    constant of .01 for features of RMS 1 (BRISQUE's 1 belongs to grey levels up to 255). The floor of the variance
    stands inside the root: the gradient is finite on flat areas. Half-precision input is computed in float32.
    """
    x = full_precision(x)
    mean = blur(x, size, sigma)
    variance = (blur(x * x, size, sigma) - mean * mean).clamp_min(0)
    return (x - mean) / ((variance + VARIANCE_FLOOR).sqrt() + constant)


def full_precision(x: Tensor) -> Tensor:
    """A tensor of any shape in float32 if it is of half precision, else as it is."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def rms_normalised(x: Tensor, floor: float = 1e-6) -> Tensor:
    """Every sample of `x` (N, C, H, W) divided by its root mean square over channels and positions; zeros stay zeros.

    `floor` stands inside the root. Half-precision input is computed in float32.
    """
    x = full_precision(x)
    return x * torch.rsqrt(x.square().mean(dim=(1, 2, 3), keepdim=True) + floor)
