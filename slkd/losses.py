"""The losses of Equations 2 to 6, each in its readings: what is printed, and what is sound.

Every function is zero, with zero gradient, where student and teacher are equal, except the `literal` ones.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from slkd.gaussians import aggd_divergence
from slkd.mscn import full_precision

DARKEST = 1 / 255
NARROWEST = 1e-4

Divergence = Callable[[Tensor, Tensor, str], Tensor]


def spatial_softmax(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """KL(softmax S, softmax T), the softmax over positions of every descriptor of (N, C, D, h, w), Equations 2 and 3.

    Paper: S log(S / T) of signed features that are not normalised. / Here: distributions over (i, j), for which it is
    a divergence. A single position (the `global` extent) has no distribution: then the softmax runs over channels.
    """
    axes = (-2, -1) if student.shape[-2] * student.shape[-1] > 1 else (1,)
    ours, theirs = (_flat(x, axes) for x in (student, teacher))
    log_student, log_teacher = F.log_softmax(ours, -1), F.log_softmax(theirs, -1)
    return over_batch((log_student.exp() * (log_student - log_teacher)).sum(-1), reduction)


def softplus_divergence(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """The I-divergence S log(S / T) - S + T of the softplus of descriptors (N, C, D, h, w): positive without a softmax."""
    ours, theirs = F.softplus(student), F.softplus(teacher)
    return over_batch(ours * torch.log(ours / theirs) - ours + theirs, reduction)


def literal(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """S log(S / T) of tensors (N, ...), as Equations 2 and 3 print it: not a number where signs differ or both are 0."""
    return over_batch(student * torch.log(student / teacher), reduction)


def literal_clamped(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """`literal` with both clamped to at least 1e-6: finite, but not a divergence (its minimum is at T / e)."""
    return literal(student.clamp_min(1e-6), teacher.clamp_min(1e-6), reduction)


DIVERGENCES: dict[str, Divergence] = {
    "softmax": spatial_softmax,
    "softplus": softplus_divergence,
    "literal": literal,
    "clamped": literal_clamped,
}


def squares(student: Tensor, teacher: Tensor, variance: Tensor) -> Tensor:
    """Half the squared difference of (N, C, D, h, w) over the teacher's running `variance` (C, D, 1, 1), by element.

    It is the KL divergence of two Gaussians about S and T that have this variance: Equations 2 and 3 with level and
    pattern. A floor of .01 for the deviation keeps it finite where a teacher's descriptor never changes.
    """
    return 0.5 * (student - teacher).square() / (variance + NARROWEST)


def huber(student: Tensor, teacher: Tensor, variance: Tensor) -> Tensor:
    """`squares` up to one deviation, linear beyond: a descriptor far from the teacher's pulls no harder than one near."""
    return F.smooth_l1_loss(*_scaled(student, teacher, variance), reduction="none")


def gaussians(student: Tensor, teacher: Tensor, variance: Tensor) -> Tensor:
    """KL(S, T) of the diagonal Gaussians of a picture's windows, (N, C, D, 1, 1): their mean, and their spread.

    The teacher's running `variance` (C, D, 1, 1) is added to both spreads, which few windows tell badly.
    """
    axes, floor = (-2, -1), variance + NARROWEST
    means = [x.mean(axes, keepdim=True) for x in (student, teacher)]
    ours, theirs = (
        (x - m).square().mean(axes, keepdim=True) + floor for x, m in zip((student, teacher), means, strict=True)
    )
    return 0.5 * (torch.log(theirs / ours) + (ours + (means[0] - means[1]).square()) / theirs - 1)


STANDARDISED: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "squares": squares,
    "huber": huber,
    "gaussians": gaussians,
}


def fitted_divergence(
    student: tuple[Tensor, Tensor, Tensor], teacher: tuple[Tensor, Tensor, Tensor], reduction: str = "mean"
) -> Tensor:
    """KL between the fitted (A)GGDs of every window, each given by alpha, left and right beta, three (N, C, 5, h, w).

    In closed form: Equation 2 as a divergence of statistics.
    """
    return over_batch(aggd_divergence(*student, *teacher), reduction)


def image_divergence(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """L_KL, Equation 4: the mean of S log(S / T) - S + T over images (N, 3, H, W) clamped to [1/255, 1].

    Paper: the sum of S log(S / T), whose minimum is at S = T / e. / Here: the generalised KL divergence, whose minimum
    is at T. The clamp passes the gradient through: a pixel outside the range is still drawn back.
    """
    ours, theirs = (_clamped(full_precision(x)) for x in (student, teacher))
    return over_batch(ours * torch.log(ours / theirs) - ours + theirs, reduction)


def image_softmax(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """Equation 4 between the spatial softmaxes of every channel of images (N, 3, H, W): blind to brightness."""
    return spatial_softmax(full_precision(student)[:, :, None], full_precision(teacher)[:, :, None], reduction)


def image_literal(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """Equation 4 as printed, of images (N, 3, H, W): not a number where a pixel is 0 or below in one of them."""
    return literal(full_precision(student), full_precision(teacher), reduction)


def image_literal_clamped(student: Tensor, teacher: Tensor, reduction: str = "mean") -> Tensor:
    """Equation 4 as printed on images (N, 3, H, W) clamped to [1/255, 1]: finite, least at T / e."""
    ours, theirs = (_clamped(full_precision(x)) for x in (student, teacher))
    return literal(ours, theirs, reduction)


IMAGE_DIVERGENCES: dict[str, Divergence] = {
    "generalised": image_divergence,
    "softmax": image_softmax,
    "literal": image_literal,
    "clamped": image_literal_clamped,
}


def pixel_loss(student: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """L_pixel, Equation 5: the mean absolute difference of two images (N, 3, H, W); with "sum" the L1 norm.

    Paper: an L1 norm. / Here: its mean, so that alpha_1 and alpha_2 do not depend on the patch size.
    """
    return over_batch((full_precision(student) - full_precision(target)).abs(), reduction)


def total(terms: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    """L_all, Equation 6: the weighted sum of named scalar terms; a name without a weight has 1."""
    return torch.stack([weights.get(name, 1.0) * term for name, term in terms.items()]).sum()


def _flat(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return x.flatten(-2) if len(axes) == 2 else x.movedim(axes[0], -1)


def over_batch(values: Tensor, reduction: str) -> Tensor:
    """The mean of (N, ...), or with `reduction` "sum" the sum over all but the batch, of which the mean is taken."""
    return values.mean() if reduction == "mean" else values.sum() / values.shape[0]


def _scaled(student: Tensor, teacher: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    scale = torch.rsqrt(variance + NARROWEST)
    return student * scale, teacher * scale


def _clamped(x: Tensor) -> Tensor:
    return x + (x.clamp(DARKEST, 1) - x).detach()
