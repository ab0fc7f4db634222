"""Published results as records: from the ledgers of publications, and from `results/published.json` for all others."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from benchmark.claims.schema import PublishedFile
from benchmark.core import paths
from benchmark.core.models import read_json
from benchmark.datasets.passport import passports

HALF_A_DIGIT = 0.005 - 1e-6  # of a PSNR, which is printed with two decimals
HALF_A_DIGIT_OF_SSIM = 0.0005 - 1e-6


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
    cells = read_json(path, PublishedFile, "Mend the entry, or restore the file.").cells
    return [Published(**asdict(cell), repeated=()) for cell in cells]


def title(dataset: str) -> str:
    """How a set is written in a sentence."""

    special = {"did": "DID-Data", "sidd-benchmark": "SIDD's benchmark server", "sidd": "SIDD"}
    if dataset in special:
        return special[dataset]
    known = passports().get(dataset)
    return known.title if known else dataset.capitalize()
