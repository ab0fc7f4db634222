"""The PIQE-based extractor: block variance, noticeable distortion and noise of a feature map, "edge and texture"
(Section II-C).

Source: Venkatanath et al., Blind Image Quality Evaluation Using Perception Based Features, 2015 (the paper's [20]).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from slkd.grids import blur, window_counts, window_sums

ACTIVE, IMPAIRED, SEGMENT = 0.1, 0.1, 6
TEMPERATURE = 0.02
BLOCKS = (16, 8, 4)
FLOOR = 1e-6
FEATURE_BLOCK = 8
SAMPLES = 1024  # of each picture, from which a quantile is taken
SMALLEST_VARIANCE = 1e-4
NAMES = ("block variance", "noticeable distortion", "noise")
NAMES_BY_QUANTILE = ("block variance", "edge segments", "noticeable distortion", "noise")

Mask = Callable[[Tensor], Tensor]


def block_of_level(level: int) -> int:
    """The block's side in pixels at a level (0, 1, ...): 16, 8 and 4 at strides 1, 2 and 4, and 4 below.

    Paper: blocks of 16 on images ([20]); nothing for features. / Here: the same area of the image until 4, which still
    has edges.
    """
    return BLOCKS[min(level, len(BLOCKS) - 1)]


def sigmoid_mask(margin: Tensor) -> Tensor:
    """Near 1 where `margin`, of any shape, is positive, near 0 where it is negative: a sigmoid of temperature .02."""
    return torch.sigmoid(margin / TEMPERATURE)


def hard_mask(margin: Tensor) -> Tensor:
    """1 where `margin`, of any shape, is positive, else 0; the gradient is the sigmoid's (straight-through)."""
    soft = sigmoid_mask(margin)
    return (margin > 0).to(margin.dtype) + (soft - soft.detach())


MASKS: dict[str, Mask] = {"sigmoid": sigmoid_mask, "straight-through": hard_mask}


def texture_map(coefficients: Tensor, level: int = 0, masks: str = "sigmoid", logarithms: bool = True) -> Tensor:
    """Three descriptors of every block of MSCN `coefficients` (N, C, H, W) of a level, as (N, C, 3, h, w): `NAMES`.

    The logarithm of the block variance v (v itself without `logarithms`), noticeable distortion x (1 - v), and noise x
    v; both count in active blocks only. Rows and columns beyond the last whole block are left out.
    Raises ValueError for other `masks` than "sigmoid" and "straight-through".
    Paper: "distortion estimation and block variance". / Here: [20]'s criteria with sigmoids for its three thresholds,
    which belong to grey levels: on features nearly every block is active and noisy. `quantile_map` mends that.
    """
    if masks not in MASKS:
        raise ValueError(f"expected masks to be {' or '.join(MASKS)}; found '{masks}'. Choose one of them.")
    block = min(block_of_level(level), *coefficients.shape[-2:])
    mask = MASKS[masks]
    variance, impaired, noisy = block_criteria(coefficients, block, mask)
    active = mask(variance - ACTIVE)
    spread = torch.log(variance + SMALLEST_VARIANCE) if logarithms else variance
    return torch.stack([spread, active * impaired * (1 - variance), active * noisy * variance], dim=2)


def block_criteria(coefficients: Tensor, block: int, mask: Mask) -> tuple[Tensor, Tensor, Tensor]:
    """The variance, the mask of noticeable distortion and that of noise of every whole block: three (N, C, h, w).

    `coefficients` (N, C, H, W) are MSCN, `block` the side in pixels, `mask` turns a margin over a threshold into [0, 1].
    Impaired: a segment of six edge pixels has a deviation below .1. Noisy: the block's deviation s exceeds 2 beta, with
    beta = |s - r| / max(s, r) and r the deviation of its two centre columns over that of the rest ([20]).
    """
    found = measure(coefficients, block)
    smallest = (found.segments.amin(-1) + FLOOR).sqrt()
    return found.variance, mask(IMPAIRED - smallest), mask(found.noise)


@dataclass(frozen=True)
class Measures:
    """What PIQE looks at in every block: the variance (N, C, h, w), that of every segment of six pixels on its four edges
    (N, C, h, w, K), and the noise margin s - 2 beta (N, C, h, w)."""

    variance: Tensor
    segments: Tensor
    noise: Tensor


def measure(coefficients: Tensor, block: int) -> Measures:
    """The measures of every whole block of MSCN `coefficients` (N, C, H, W); what is beyond the last one is left out."""
    height, width = (side // block * block for side in coefficients.shape[-2:])
    x = coefficients[..., :height, :width]
    bands = x.unflatten(-2, (-1, block))  # (N, C, h, block, W)
    columns = torch.stack([bands.sum(-2), bands.square().sum(-2)]).unflatten(-1, (-1, block))  # (2, N, C, h, w, block)
    sums, squares = columns.sum(-1).unbind()
    centre_sums, centre_squares = columns[..., block // 2 - 1 : block // 2 + 1].sum(-1).unbind()
    variance = _variance(sums, squares, block * block)
    inner = _variance(centre_sums, centre_squares, 2 * block)
    outer = _variance(sums - centre_sums, squares - centre_squares, block * (block - 2))
    deviation, ratio = (variance + FLOOR).sqrt(), ((inner + FLOOR) / (outer + FLOOR)).sqrt()
    beta = (deviation - ratio).abs() / torch.maximum(deviation, ratio)
    sides = [x[..., place::block].unflatten(-2, (-1, block)).transpose(-1, -2) for place in (0, block - 1)]
    edges = torch.stack([*(bands[..., place, :].unflatten(-1, (-1, block)) for place in (0, -1)), *sides], dim=-2)
    return Measures(variance, _segment_variances(edges), deviation - 2 * beta)


def quantile_map(coefficients: Tensor, thresholds: Tensor, window: int = 32) -> Tensor:
    """Four descriptors of MSCN `coefficients` (N, C, H, W) in windows of blocks of 8, (N, C, 4, h, w): `NAMES_BY_QUANTILE`.

    The logarithms of the block variance and of the deviation of the edge segments; the share of edge segments that are
    impaired; and noise. The last two count in active blocks. `thresholds` (3,) are of the logarithm of an active block's
    variance, of the logarithm of an impaired segment's deviation, and of the noise margin: `own_thresholds`.
    Paper: "distortion estimation and block variance". / Here: [20]'s four quantities with the teacher's own thresholds, the
    variance once and the edges in a map of their own, means over half-overlapping windows so that each has enough pixels.
    """
    return maps_of(feature_measures(coefficients), thresholds, window)


def feature_measures(coefficients: Tensor) -> Measures:
    """The measures of blocks of 8 of MSCN `coefficients` (N, C, H, W), variances as logarithms (segments': deviations)."""
    found = measure(coefficients, min(FEATURE_BLOCK, *coefficients.shape[-2:]))
    segments = 0.5 * torch.log(found.segments + SMALLEST_VARIANCE)
    return Measures(torch.log(found.variance + SMALLEST_VARIANCE), segments, found.noise)


def maps_of(measures: Measures, thresholds: Tensor, window: int = 32) -> Tensor:
    """`quantile_map` of `feature_measures`."""
    variance, segments, noise = measures.variance, measures.segments, measures.noise
    active = torch.sigmoid((variance - thresholds[0]) / 0.5)
    impaired = torch.sigmoid((thresholds[1] - segments) / 0.25).mean(-1)
    noisy = torch.sigmoid((noise - thresholds[2]) / 0.1)
    maps = torch.stack([variance, segments.mean(-1), active * impaired, active * noisy], dim=2)
    wide = max(window // FEATURE_BLOCK, 1) if window else 0
    return window_sums(maps, wide) / window_counts(maps, ((0, 0),), wide)


def own_thresholds(coefficients: Tensor) -> Tensor:
    """The thresholds (3,) of `quantile_map` from a teacher's `coefficients` (N, C, H, W): a quarter of its blocks is flat, a
    quarter of its edge segments impaired, a quarter of its blocks noisy."""
    return thresholds_of(feature_measures(coefficients))


@torch.no_grad()
def thresholds_of(measures: Measures, gathered: Callable[[Tensor], Tensor] = lambda values: values) -> Tensor:
    """`own_thresholds` of `feature_measures`; `gathered` brings (N, K) values of all pictures together, wherever they are."""
    shares = ((measures.variance, 0.25), (measures.segments, 0.25), (measures.noise, 0.75))
    return torch.stack([_quantile(gathered(_samples(values)), share) for values, share in shares])


def _quantile(values: Tensor, share: float) -> Tensor:
    """`torch.quantile` of all values, a number; that of torch 2.4 compares tensors, of which no graph can be made."""
    ranked = values.flatten().sort().values
    rank = share * (len(ranked) - 1)
    below = int(rank)
    between = torch.lerp(ranked[below], ranked[min(below + 1, len(ranked) - 1)], rank - below)
    return torch.where(ranked[-1].isnan(), ranked[-1], between)  # what is no number stands last


def _samples(values: Tensor) -> Tensor:
    """At most `SAMPLES` evenly spaced values of each picture: (N, K)."""
    flat = values.flatten(1)
    return flat[:, :: -(-flat.shape[1] // SAMPLES)].contiguous()


def piqe_score(image: Tensor) -> Tensor:
    """The published PIQE of (N, 3 or 1, H, W) images in [0, 1]: (N,) scores, 0 good to 100 bad.

    Grey levels are the luminance stretched to 255 and rounded; MSCN as in BRISQUE; blocks of 16; hard thresholds.
    Raises ValueError for images smaller than a block or with another number of channels.
    """
    if image.shape[1] not in (1, 3) or min(image.shape[-2:]) < BLOCKS[0]:
        raise ValueError(
            f"expected images (N, 1 or 3, H, W) of at least 16x16; found {tuple(image.shape)}. Pad or convert."
        )
    x = image.double()
    if x.shape[1] == 3:
        x = (x * x.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    x = (255 * x / x.amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)).round()
    variance, impaired, noisy = block_criteria(_image_mscn(_to_whole_blocks(x)), BLOCKS[0], _threshold)
    active = _threshold(variance - ACTIVE)
    scores = active * (impaired * (1 - variance) + noisy * variance)
    return 100 * (scores.sum(dim=(1, 2, 3)) + 1) / (active.sum(dim=(1, 2, 3)) + 1)


def _variance(total: Tensor, squares: Tensor, count: int) -> Tensor:
    return ((squares - total.square() / max(count, 1)) / max(count - 1, 1)).clamp_min(0)


def _segment_variances(edges: Tensor) -> Tensor:
    """The variance of every segment of six pixels on the four edges (N, C, h, w, 4, block) of a block: (N, C, h, w, K)."""
    length = min(SEGMENT, edges.shape[-1])
    within = _segments(edges.shape[-1], length, edges.dtype, edges.device)
    return _variance(edges @ within, edges.square() @ within, length).flatten(-2)


@lru_cache(maxsize=64)
def _segments(side: int, length: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(side, segments): 1 where a pixel of an edge lies in a segment."""
    with torch.inference_mode(False), torch.no_grad():
        place, first = torch.arange(side, device=device)[:, None], torch.arange(side - length + 1, device=device)
        return ((place >= first) & (place < first + length)).to(dtype)


def _threshold(margin: Tensor) -> Tensor:
    return (margin > 0).to(margin.dtype)


def _to_whole_blocks(x: Tensor) -> Tensor:
    """Repeats `x` mirrored, edge included, at the right and the bottom up to whole blocks."""
    for axis in (-2, -1):
        missing = -x.shape[axis] % BLOCKS[0]
        x = torch.cat([x, x.narrow(axis, x.shape[axis] - missing, missing).flip(axis)], dim=axis)
    return x


def _image_mscn(x: Tensor) -> Tensor:
    """MSCN of grey levels in [0, 255] with BRISQUE's constant 1 and repeated borders."""
    padded = F.pad(x, (3, 3, 3, 3), mode="replicate")
    mean = blur(padded)
    deviation = (blur(padded.square()) - mean.square()).abs().sqrt()
    return ((padded - mean) / (deviation + 1))[..., 3:-3, 3:-3]
