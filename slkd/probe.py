"""What a laboratory can look at in this distiller: both extractors' maps, why a term is no number, its losses of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from torch import Tensor, nn

from baselines.distillation.probe import Converted, FeatureTerm, Probe, Sheet, Trouble
from baselines.distillation.spec import ReadingOfEquations
from slkd.diagnostics import extractor_maps
from slkd.distiller import SLKD
from slkd.failures import Failures, failures
from slkd.mscn import rms_normalised
from slkd.piqe import NAMES_BY_QUANTILE as TEXTURE
from slkd.readings import Reading, get_reading
from slkd.scale import ScaleConversion
from slkd.terms import EdgeTexture, NaturalColour

_WHY = {
    "opposite": "S and T have different signs (the logarithm of a negative number)",
    "student_zero": "S is 0 (0 log 0)",
    "teacher_zero": "only T is 0 (a division by 0)",
    "broken": "S or T is not finite itself",
}
_PRODUCTS = ("shape", "mean", "left variance", "right variance")
_REMEDY = (
    "S log(S/T) needs positive S and T: descriptors are signed or 0, and a network's output is not clamped. The "
    "reading `recommended` compares softmaxes over positions, and clamped images."
)


class SLKDProbe(Probe):
    """Looks into an `SLKD`."""

    beside = "MSCN"
    terms: ClassVar = {"nc": "L_NC", "et": "L_ET"}
    halves: ClassVar = {"nc": "encoder", "et": "decoder"}
    sheets = (
        Sheet(
            "natural",
            "Natural and colour descriptors (BRISQUE)",
            "encoder",
            ("shape (moment ratio)", "mean", "log left variance\n(MSCN: variance)", "log right variance"),
            {"MSCN": ("MSCN shape", "", "MSCN variance", "")}
            | {product: tuple(f"{product} {name}" for name in _PRODUCTS) for product in ("H", "V", "D1", "D2")},
        ),
        Sheet(
            "texture",
            "Edge and texture descriptors (PIQE)",
            "decoder",
            ("MSCN, one channel", "log block variance", "edge segments", "noticeable\ndistortion", "noise"),
            {"": ("MSCN", *TEXTURE)},
        ),
    )

    def normalised(self, features: Tensor) -> Tensor:
        """Every sample of (N, C, H, W) divided by its root mean square."""
        return rms_normalised(features)

    def extracted(self, network: nn.Module, image: Tensor) -> Mapping[str, Mapping[str, Tensor]]:
        """BRISQUE's maps by encoder level and PIQE's by decoder level, as `slkd.diagnostics.extractor_maps` gives them."""
        return extractor_maps(network, image)

    def trouble(self, objective: nn.Module, degraded: Tensor, clean: Tensor) -> Trouble | None:
        """Where S log(S / T) fails on a batch of (N, 3, H, W), and why; None where it nowhere does."""
        found = failures(objective, degraded, clean) if isinstance(objective, SLKD) else []
        if not found:
            return None
        told = {term: _told([f for f in found if f.term == term]) for term in dict.fromkeys(f.term for f in found)}
        columns = ("term", "place", "signs differ", "S = 0", "T = 0", "descriptors")
        title = "Where S log(S/T) is not a number, as a share of the descriptors named"
        return Trouble(told, _REMEDY, title, columns, _places(found))

    def reading(self, name: str | ReadingOfEquations) -> Reading:
        """The reading of that name, or the reading itself. Raises ValueError."""
        return get_reading(name if isinstance(name, str) else cast("Reading", name))

    def feature_term(
        self, term: str, reading: ReadingOfEquations, widths: Sequence[int]
    ) -> tuple[Converted, FeatureTerm]:
        """L_NC or L_ET between features of `widths` by level, the bottleneck left out where the reading does."""
        chosen = self.reading(reading)
        if term == "nc" and chosen.bottleneck == "out":
            widths = widths[:-1]
        scale = ScaleConversion(widths, widths, chosen.scale, chosen.normalise)
        loss = (NaturalColour if term == "nc" else EdgeTexture)(chosen, scale.widths)
        return scale, loss


def _told(found: Sequence[Failures]) -> str:
    """How many elements of a term fail, and why."""
    counts = [(sum(getattr(f, name) for f in found), why) for name, why in _WHY.items()]
    parts = [(count, why) for count, why in counts if count]
    reasons = ", ".join(f"{count} where {why}" if len(parts) > 1 else f"where {why}" for count, why in parts)
    return f"S log(S/T) fails at {sum(f.failing for f in found)} elements, {reasons}."


def _places(found: Sequence[Failures]) -> list[tuple[str, ...]]:
    """One row a place: the share of its failing elements, and the descriptors that fail most."""
    rows: list[tuple[str, ...]] = []
    for term, place in dict.fromkeys((f.term, f.place) for f in found):
        here = sorted((f for f in found if (f.term, f.place) == (term, place)), key=lambda f: -f.failing / f.total)
        total = sum(f.total for f in here)
        shares = [
            f"{100 * sum(getattr(f, n) for f in here) / total:.1f} %"
            for n in ("opposite", "student_zero", "teacher_zero")
        ]
        names = ", ".join(f.descriptor for f in here[:2]) + (f" and {len(here) - 2} more" if len(here) > 2 else "")
        rows.append((term, place, *shares, names))
    return rows
