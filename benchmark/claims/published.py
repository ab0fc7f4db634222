"""Published results as records: from the ledgers of publications, and from `results/published.json` for all others."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmark.core import paths
from benchmark.core.errors import BadResult
from benchmark.datasets.passport import passports

HALF_A_DIGIT = 0.005 - 1e-6  # of a PSNR, which is printed with two decimals
HALF_A_DIGIT_OF_SSIM = 0.0005 - 1e-6
_FIELDS = ("method", "dataset", "protocol", "psnr", "ssim", "ssim_decimals", "where", "checked", "note")


@dataclass(frozen=True)
class Published:
    """One published result: `dataset` is the set it was really measured on, as far as that is known.

    `protocol` is None where its publication states none; `repeated` names the columns of the paper that print it again;
    `checked` is False where the number could not be read in its source; `ssim` is None where none was published.
    """

    method: str
    dataset: str
    protocol: str | None
    psnr: float
    ssim: float | None
    ssim_decimals: int | None
    where: str
    checked: bool
    repeated: tuple[str, ...]
    note: str

    @property
    def number(self) -> str:
        """The result as it is printed, `34.18/0.944`."""
        return f"{self.psnr:.2f}" + ("" if self.ssim is None else f"/{self.ssim:.{self.ssim_decimals}f}")

    def equals(self, psnr: float, ssim: float | None) -> bool:
        """Whether a PSNR and, if given, an SSIM are this result, within half of the last printed digit."""
        if abs(self.psnr - psnr) > HALF_A_DIGIT:
            return False
        return ssim is None or self.ssim is None or abs(self.ssim - ssim) <= HALF_A_DIGIT_OF_SSIM


def loose_results() -> list[Published]:
    """The results of `published.json`, which stand in no ledger. Raises BadResult if the file cannot be read."""
    path = paths.results() / "published.json"
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [Published(**{name: cell[name] for name in _FIELDS}, repeated=()) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadResult(
            f"{path} with cells of {', '.join(_FIELDS)}", f"{type(problem).__name__}: {problem}", "Restore the file."
        ) from problem


def title(dataset: str) -> str:
    """How a set is written in a sentence."""

    special = {"did": "DID-Data", "sidd-benchmark": "SIDD's benchmark server", "sidd": "SIDD"}
    if dataset in special:
        return special[dataset]
    return passports()[dataset].title if dataset in passports() else dataset.capitalize()
