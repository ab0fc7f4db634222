"""Where a number is from: the published cells, sets and protocols that a PSNR and an SSIM are equal to."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from benchmark import places
from benchmark.errors import BadResult, UnknownName

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


@dataclass(frozen=True)
class Match:
    """A published result that equals a number; `claimed` is the set that the number was said to be of, if any."""

    published: Published
    claimed: str | None

    @property
    def elsewhere(self) -> bool:
        """Whether it was measured on another set than the claimed one."""
        return self.claimed is not None and self.published.dataset != self.claimed

    @property
    def sentence(self) -> str:
        """What it is, in one sentence."""
        from benchmark.protocols import get_protocol

        cell, name = self.published, _title(self.published.dataset)
        protocol = "under no stated protocol" if cell.protocol is None else f"under {get_protocol(cell.protocol).id}"
        is_ = f"this is {name}" + (f", not {_title(self.claimed)}," if self.claimed and self.elsewhere else "")
        copied = f"; copied into the paper's {' and '.join(cell.repeated)}" if cell.repeated else ""
        return f"{is_} {protocol}: {cell.method} {cell.number}, from {cell.where}{copied}."


def published() -> list[Published]:
    """Every published result on record; raises BadResult if the record cannot be read."""
    path = places.results() / "published.json"
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [Published(**{**cell, "repeated": tuple(cell["repeated"])}) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        names = ", ".join(field.name for field in fields(Published))
        raise BadResult(
            f"{path} with cells of {names}", f"{type(problem).__name__}: {problem}", "Restore the file."
        ) from problem


def identify(psnr: float, ssim: float | None = None, dataset: str | None = None) -> list[Match]:
    """The published results that equal a PSNR (in dB) and, if given, an SSIM, within half of the last printed digit.

    `dataset` is the id of the set that the number is said to be of: results printed for it come first, and each match says
    whether it was really measured on it. The id of a mini data set counts as that of its official one. Raises UnknownName.
    """
    record = published()
    claimed = _claimed(dataset, record) if dataset else None
    cells = [cell for cell in record if abs(cell.psnr - psnr) <= HALF_A_DIGIT and _same_ssim(cell, ssim)]
    return [Match(cell, claimed) for cell in sorted(cells, key=lambda cell: _distance(cell, claimed))]


def _claimed(dataset: str, record: list[Published]) -> str:
    from benchmark.datasets import dataset_ids

    claimed = dataset.lower().removeprefix("mini-")
    known = {id.removeprefix("mini-") for id in dataset_ids()} | {cell.dataset for cell in record}
    if claimed not in known:
        raise UnknownName("data set", dataset, known)
    return claimed


def _same_ssim(cell: Published, ssim: float | None) -> bool:
    return ssim is None or cell.ssim is None or abs(cell.ssim - ssim) <= HALF_A_DIGIT_OF_SSIM


def _distance(cell: Published, claimed: str | None) -> int:
    """0 for a result on the claimed set, 1 for one that the paper prints under its name, 2 for any other."""
    if claimed is None or cell.dataset == claimed:
        return 0
    return 1 if any(claimed in column.lower() for column in cell.repeated) else 2


def _title(dataset: str) -> str:
    """How the set is written."""
    return {"gopro": "GoPro", "hide": "HIDE", "sidd": "SIDD", "did": "DID-Data"}.get(dataset, dataset.capitalize())
