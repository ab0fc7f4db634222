"""The named readings of what the paper leaves open: how each of its equations is understood in a run.

Importing this module does not import torch.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

CHOICES: dict[str, tuple[str, ...]] = {
    "scale": ("projection", "pooling"),
    "shape": ("ratio", "table", "cubic"),
    "masks": ("sigmoid", "straight-through"),
    "natural": ("softmax", "softplus", "fitted", "literal", "clamped"),
    "texture": ("softmax", "softplus", "literal", "clamped"),
    "image": ("generalised", "softmax", "literal-mean", "literal-sum"),
    "reduction": ("mean", "sum"),
}
"""What each field of a Reading that is a name may be."""


@dataclass(frozen=True)
class Reading:
    """One understanding of Equations 1 to 4 and of the Scale Conversion Module; a run records its `name`.

    scale: "projection" | "pooling" (slkd.scale.ScaleConversion).
    normalise: features divided by their RMS before the extractors.
    mscn_constant: C of Equation 1.
    shape: "ratio" | "table" | "cubic" (slkd.brisque.natural_map).
    local: natural statistics in windows, or one vector a channel.
    masks: "sigmoid" | "straight-through" (slkd.piqe.texture_map).
    logarithms: descriptors carry the logarithms of variances, or the variances.
    natural: divergence of Equation 2: "softmax" | "softplus" | "fitted" | "literal" | "clamped".
    texture: divergence of Equation 3: the same without "fitted".
    image: divergence of Equation 4: "generalised" | "softmax" | "literal-mean" | "literal-sum".
    reduction: "mean" | "sum" over channels and descriptors (always the mean over the batch, always the sum over
    levels).
    Raises ValueError for a name that is none of these.
    """

    name: str
    summary: str
    scale: str = "projection"
    normalise: bool = True
    mscn_constant: float = 0.01
    shape: str = "ratio"
    local: bool = True
    masks: str = "sigmoid"
    logarithms: bool = True
    natural: str = "softmax"
    texture: str = "softmax"
    image: str = "generalised"
    reduction: str = "mean"

    def __post_init__(self) -> None:
        for field, known in CHOICES.items():
            value = getattr(self, field)
            if value not in known:
                raise ValueError(f"expected {field} to be {', '.join(known)}; found '{value}'. Choose one of them.")


RECOMMENDED = Reading("recommended", "sound in every term: zero with zero gradient where student and teacher agree")

_LITERAL = Reading(
    "literal",
    "as printed: signed descriptors of raw features in S log(S/T), summed; not a number from the first step on",
    normalise=False,
    mscn_constant=1.0,
    shape="table",
    masks="straight-through",
    logarithms=False,
    natural="literal",
    texture="literal",
    image="literal-sum",
    reduction="sum",
)


def _varied(name: str, summary: str, **changes: str | bool | float) -> Reading:
    return replace(RECOMMENDED, name=name, summary=summary, **changes)  # type: ignore[arg-type]


READINGS: dict[str, Reading] = {
    reading.name: reading
    for reading in (
        RECOMMENDED,
        _LITERAL,
        replace(
            _LITERAL,
            name="literal-clamped",
            summary="as printed, with every S and T clamped to at least 1e-6 and means for sums",
            natural="clamped",
            texture="clamped",
            image="literal-mean",
            reduction="mean",
        ),
        _varied("scale-pooling", "parameter-free scale conversion: both pooled to one width and grid", scale="pooling"),
        _varied("mscn-raw", "MSCN with C = 1 on raw features", normalise=False, mscn_constant=1.0),
        _varied("natural-alpha", "shapes alpha by table and linear interpolation, eta from them", shape="table"),
        _varied("natural-cubic", "shapes alpha by a cubic in logit(ratio / .75)", shape="cubic"),
        _varied("natural-global", "one 18-vector a channel; its softmax runs over channels", local=False),
        _varied("natural-fitted", "closed-form KL between the fitted GGDs and AGGDs in Equation 2", natural="fitted"),
        _varied(
            "softplus",
            "I-divergence of softplus descriptors in Equations 2 and 3",
            natural="softplus",
            texture="softplus",
        ),
        _varied("texture-hard", "PIQE's hard masks with a straight-through gradient", masks="straight-through"),
        _varied("image-softmax", "Equation 4 between spatial softmaxes", image="softmax"),
        _varied(
            "image-literal-mean", "Equation 4 as printed with a mean: draws the image to T / e", image="literal-mean"
        ),
        _varied("image-literal-sum", "Equation 4 as printed and summed, the rest recommended", image="literal-sum"),
        _varied("reduction-sum", "sums over channels and descriptors", reduction="sum"),
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
