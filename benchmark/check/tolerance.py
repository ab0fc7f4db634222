"""When a score has fallen: a bound from the spread of the images' differences, against a floor for floating point.

The same network gives the same scores, up to the order in which a machine adds up. So the new score of an image minus its
reference is of floating-point size, and what another CPU may do to it is the floor. A network that is not the same gives
differences that vary from image to image, and the mean of a few images may hide a loss. Therefore the burden of proof lies
with the new result: the one-sided 95 % bound of the mean fall, reckoned over scenes,

    loss = -mean(d) + t(.95, scenes - 1) * sd(scene means of d) / sqrt(scenes),

must not exceed the tolerance. The wider the images' differences spread, the more they must have gained on average; fewer
images make the check stricter, not laxer. A result has improved where even the opposite bound is a gain above the floor.

The floors, .001 dB and .00001, are three and seven times what another machine did to a single image: 3.6e-4 dB and 1.4e-6
at most over 13 shipped networks under other vector instructions of torch and oneDNN and other threads (`python -m
speed.flakiness`, docs/explanations/statistics.md); they hold the mean of all images. Where images are rounded to bytes, a
pixel that turns over counts about 1.5e-5 dB on 192 x 128 pixels, so the floor is some sixty of them, all to one side. A
GPU that multiplies in TF32 errs by more: give --tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmark.statistics import CONFIDENCE

PSNR_FLOOR = 1e-3  # dB
SSIM_FLOOR = 1e-5
SSIM_PER_DB = 0.01  # a tolerance in dB means this much SSIM: near 30 dB, .1 dB is .001


@dataclass(frozen=True)
class Change:
    """New minus reference over the images: the mean, and the most it may have lost and must have gained (95 %)."""

    mean: float
    loss: float
    gain: float


def change(differences: Sequence[float], scenes: Sequence[str]) -> Change:
    """The mean change with its one-sided bounds; with a single scene the worst and the best image are the bounds.

    An image that was perfect and is not any more makes an infinite loss, and so does a difference that is no number;
    those that became perfect are left out, unless all did. Raises ValueError for no images.
    """
    if not differences or len(differences) != len(scenes):
        raise ValueError(f"expected a scene for each difference, found {len(differences)} and {len(scenes)}")
    if any(math.isnan(d) for d in differences):
        return Change(math.nan, math.inf, -math.inf)
    if -math.inf in differences:
        return Change(-math.inf, math.inf, -math.inf)
    finite = [(d, scene) for d, scene in zip(differences, scenes, strict=True) if math.isfinite(d)]
    if not finite:
        return Change(math.inf, -math.inf, math.inf)
    by_scene: dict[str, list[float]] = {}
    for d, scene in finite:
        by_scene.setdefault(scene, []).append(d)
    values = [d for d, _ in finite]
    mean, means = fmean(values), [fmean(found) for found in by_scene.values()]
    if len(means) < 2:
        return Change(mean, -min(values), min(values))
    from scipy.stats import t

    centre = fmean(means)
    error = math.sqrt(sum((m - centre) ** 2 for m in means) / (len(means) - 1) / len(means))
    margin = float(t.ppf(CONFIDENCE, len(means) - 1)) * error
    return Change(mean, margin - mean, mean - margin)
