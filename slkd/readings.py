"""The named readings of what the paper leaves open: how each of its equations is understood in a run.

Importing this module does not import torch.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

_DIVERGENCES = ("squares", "huber", "gaussians", "softmax", "softplus", "literal", "clamped")
CHOICES: dict[str, tuple[str, ...]] = {
    "scale": ("projection", "pooling"),
    "bottleneck": ("out", "in"),
    "extractors": ("statistics", "none", "random"),
    "shape": ("ratio", "table", "cubic"),
    "thresholds": ("quantiles", "printed"),
    "masks": ("sigmoid", "straight-through"),
    "natural": (*_DIVERGENCES, "fitted"),
    "texture": _DIVERGENCES,
    "image": ("generalised", "softmax", "literal", "clamped"),
    "reduction": ("mean", "sum"),
}
"""What each field of a Reading that is a name may be."""


@dataclass(frozen=True)
class Reading:
    """One understanding of Equations 1 to 5 and of the Scale Conversion Module; a run records its `name`.

    Args:
        name: as recorded.
        summary: what it is, in one line.
        scale: "projection" | "pooling" (slkd.scale.ScaleConversion).
        normalise: features divided by their RMS before the extractors.
        bottleneck: whether the encoder's last level counts, which no level of the decoder matches: "out" | "in".
        smallest: maps with a shorter side are left out.
        extractors: "statistics", BRISQUE's and PIQE's; "none", plain features; "random", as many random statistics.
        mscn_constant: C of Equation 1.
        window: the side in pixels of the windows that statistics are taken in, 0 for the whole map.
        shrink: windows of half a side on maps below two windows, however few samples they hold.
        shape: "ratio" | "table" | "cubic" (slkd.brisque.Fit).
        thresholds: of PIQE: "quantiles" of the teacher's own blocks, or "printed", for grey levels.
        masks: of the printed thresholds: "sigmoid" | "straight-through" (slkd.piqe.texture_map).
        logarithms: descriptors carry the logarithms of variances, or the variances.
        natural: divergence of Equation 2: "squares", "huber" and "gaussians" of descriptors standardised by the teacher's
            running variance; "softmax" | "softplus" | "fitted" | "literal" | "clamped" of descriptors as they are.
        texture: divergence of Equation 3: the same without "fitted".
        image: divergence of Equation 4: "generalised" | "softmax" | "literal" | "clamped".
        reduction: of all four terms, "mean" or "sum" over channels, positions and descriptors (always the mean over the
            batch, always the sum over levels).
        unit: what the loss of standardised descriptors is multiplied by, so that the paper's alpha2 gives it a gradient of
            the size of L_pixel's: one deviation of the teacher's is a large difference for pixels.
        fitted_unit: what the closed-form divergence of fitted distributions is multiplied by, for the same reason.
        unbalanced: why its printed weights are refused, for a gradient outside [.005, 5] of L_pixel's in one of nine trained
            pairs; a training then has to set the weights by share (`balance` of its recipe). Empty where they can be used.
        unfit: why nothing can be trained with it; empty where it can.

    Raises ValueError for a name that is none of these.
    """

    name: str
    summary: str
    scale: str = "projection"
    normalise: bool = True
    bottleneck: str = "out"
    smallest: int = 16
    extractors: str = "statistics"
    mscn_constant: float = 2.0
    window: int = 0
    shrink: bool = False
    shape: str = "ratio"
    thresholds: str = "quantiles"
    masks: str = "sigmoid"
    logarithms: bool = True
    natural: str = "squares"
    texture: str = "squares"
    image: str = "generalised"
    reduction: str = "mean"
    unit: float = 0.0003
    fitted_unit: float = 0.25
    unbalanced: str = ""
    unfit: str = ""

    def __post_init__(self) -> None:
        for field, known in CHOICES.items():
            value = getattr(self, field)
            if value not in known:
                raise ValueError(f"expected {field} to be {', '.join(known)}; found '{value}'. Choose one of them.")


RECOMMENDED = Reading(
    "recommended",
    "standardised statistics of the whole map, as in BRISQUE and PIQE, the bottleneck left out: see the criterion",
)

_SOFTMAX = Reading(
    "softmax",
    "a spatial softmax of each descriptor, small windows where maps are small, PIQE's printed thresholds: the first default",
    bottleneck="in",
    smallest=2,
    mscn_constant=0.01,
    window=32,
    shrink=True,
    thresholds="printed",
    natural="softmax",
    texture="softmax",
    unbalanced="the gradient of L_NC is up to 28 times that of L_pixel (Ufor-SL against blur)",
)

_LITERAL = replace(
    _SOFTMAX,
    name="literal",
    summary="as printed: signed descriptors of raw features in S log(S/T), every term a sum",
    normalise=False,
    mscn_constant=1.0,
    shape="table",
    masks="straight-through",
    logarithms=False,
    natural="literal",
    texture="literal",
    image="literal",
    reduction="sum",
    unbalanced="",
    unfit="S log(S/T) of signed features is not a number from the first step on",
)


_NOT_FITTED = (
    "nothing fits the student's features to the teacher's, and L_NC has up to 22 times the gradient of L_pixel"
)


def _varied(name: str, summary: str, **changes: str | bool | float) -> Reading:
    return replace(RECOMMENDED, name=name, summary=summary, **changes)  # type: ignore[arg-type]


READINGS: dict[str, Reading] = {
    reading.name: reading
    for reading in (
        RECOMMENDED,
        _SOFTMAX,
        _LITERAL,
        replace(
            _LITERAL,
            name="literal-clamped",
            summary="as printed, with every S and T clamped to at least 1e-6 and means for sums",
            natural="clamped",
            texture="clamped",
            image="clamped",
            reduction="mean",
            unbalanced="the gradient of L_NC is up to 107 times that of L_pixel, that of L_ET down to .0004 of it",
            unfit="",
        ),
        _varied(
            "features",
            "no extractors: plain features, standardised by channel; the control",
            extractors="none",
            unit=0.01,
        ),
        _varied(
            "random", "random filters for extractors, as many statistics; the control", extractors="random", unit=0.001
        ),
        _varied(
            "sums",
            "every term of Equation 6 a sum over positions, channels and descriptors",
            reduction="sum",
            unit=0.01,
        ),
        _varied(
            "huber", "differences beyond one deviation count linearly", natural="huber", texture="huber", unit=0.01
        ),
        _varied(
            "gaussians",
            "KL of diagonal Gaussians over a picture's windows of 32: level and spread",
            natural="gaussians",
            texture="gaussians",
            window=32,
            unit=0.001,
        ),
        _varied(
            "windows-32",
            "statistics in windows of 32: level and pattern; the default of objective versions 2 and 3",
            window=32,
            unit=0.001,
        ),
        _varied("windows-16", "statistics in windows of 16: 256 samples", window=16, unit=0.001),
        _varied("bottleneck", "with the bottleneck, and maps down to 8 x 8", bottleneck="in", smallest=8),
        _varied(
            "scale-pooling",
            "parameter-free scale conversion: both pooled to one width and grid",
            scale="pooling",
            unbalanced=_NOT_FITTED,
        ),
        _varied("mscn-small", "C = .01 in Equation 1: flat areas weigh as much as others", mscn_constant=0.01),
        _varied("mscn-raw", "MSCN with C = 1 on raw features", normalise=False, mscn_constant=1.0),
        _varied("natural-alpha", "shapes alpha by table and linear interpolation, eta from them", shape="table"),
        _varied("natural-cubic", "shapes alpha by a cubic in logit(ratio / .75)", shape="cubic"),
        _varied("natural-fitted", "closed-form KL between the fitted GGDs and AGGDs in Equation 2", natural="fitted"),
        _varied(
            "softplus",
            "I-divergence of softplus descriptors in Equations 2 and 3",
            natural="softplus",
            texture="softplus",
        ),
        _varied("texture-printed", "PIQE's printed thresholds and three maps", thresholds="printed"),
        _varied(
            "texture-hard",
            "PIQE's printed thresholds as hard masks with a straight-through gradient",
            thresholds="printed",
            masks="straight-through",
        ),
        _varied("image-softmax", "Equation 4 between spatial softmaxes", image="softmax"),
        _varied("image-literal", "Equation 4 as printed with a mean: draws the image to T / e", image="clamped"),
    )
}


def get_reading(name: str | Reading) -> Reading:
    """The registered reading of that name, or the reading itself. Raises ValueError with the nearest names."""
    if isinstance(name, Reading):
        return name
    if name not in READINGS:
        near = difflib.get_close_matches(name, READINGS, n=3, cutoff=0.4) or sorted(READINGS)
        raise ValueError(f"expected a reading of the losses; found '{name}'. Try {', '.join(near)}.")
    return READINGS[name]


def reading_names() -> list[str]:
    """The names of all readings, the recommended one first."""
    return list(READINGS)
