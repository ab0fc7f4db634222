"""Where a number is from: the published cells, sets and protocols that a PSNR and an SSIM are equal to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmark.claims.ledger import cells_of, papers, read_ledger
from benchmark.claims.published import Published, loose_results, title
from benchmark.core.errors import UnknownName
from benchmark.datasets import dataset_ids
from benchmark.protocols import get_protocol

__all__ = ["Match", "Published", "identify", "published"]


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

        cell, name = self.published, title(self.published.dataset)
        protocol = "under no stated protocol" if cell.protocol is None else f"under {get_protocol(cell.protocol).id}"
        is_ = f"this is {name}" + (f", not {title(self.claimed)}," if self.claimed and self.elsewhere else "")
        copied = f"; copied into the paper's {' and '.join(cell.repeated)}" if cell.repeated else ""
        return f"{is_} {protocol}: {cell.method} {cell.number}, from {cell.where}{copied}."

    def as_data(self) -> dict[str, Any]:
        """The published result, with the set it was said to be of and whether it is of another, for programs."""
        told = {"claimed": self.claimed, "elsewhere": self.elsewhere, "sentence": self.sentence}
        return asdict(self.published) | told


def published() -> list[Published]:
    """Every published result on record; raises BadResult if the record cannot be read.

    The results of `published.json`, then those of the ledgers. What a ledger copied from another is no result of its own:
    its column is named in `repeated` of the one it repeats. A number that a paper prints in several tables is one result.
    """

    ledgers = [read_ledger(paper) for paper in papers()]
    record = [*loose_results(), *(_own(cell) for ledger in ledgers for cell in cells_of(ledger))]
    merged: dict[object, Published] = {}
    for cell in record:
        key = (cell.method, cell.dataset, cell.psnr, cell.ssim)
        merged[key] = replace(merged[key], where=_joined(merged[key].where, cell.where)) if key in merged else cell
    copies = [c for ledger in ledgers for c in ledger.numbers if c.copied and c.metric == "psnr"]
    for place, cell in merged.items():
        same = [
            c for c in copies if (c.known_as, c.true_dataset) == (cell.method, cell.dataset) and c.value == cell.psnr
        ]
        merged[place] = replace(cell, repeated=tuple(f"Table {c.table}, column {c.column}" for c in same))
    return list(merged.values())


def _own(cell: Published) -> Published:
    """A ledger's own result, with what has to be said where the publication states no protocol."""
    if cell.protocol is not None:
        return cell
    return replace(cell, note=" ".join(("No source but the paper; the paper states no protocol.", cell.note)).strip())


def _joined(first: str, second: str) -> str:
    """`the paper, Table 1, column X` and `the paper, Table 2, column X` in one phrase."""
    return f"{first} and {second.partition(', ')[2]}"


def identify(psnr: float, ssim: float | None = None, dataset: str | None = None) -> list[Match]:
    """The published results that equal a PSNR (in dB) and, if given, an SSIM, within half of the last printed digit.

    `dataset` is the id of the set that the number is said to be of: results printed for it come first, and each match says
    whether it was really measured on it. The id of a mini data set counts as that of its official one. Raises UnknownName.
    """
    record = published()
    claimed = _claimed(dataset, record) if dataset else None
    cells = [cell for cell in record if cell.equals(psnr, ssim)]
    return [Match(cell, claimed) for cell in sorted(cells, key=lambda cell: _distance(cell, claimed))]


def _claimed(dataset: str, record: list[Published]) -> str:

    claimed = dataset.lower().removeprefix("mini-")
    known = {id.removeprefix("mini-") for id in dataset_ids()} | {cell.dataset for cell in record}
    if claimed not in known:
        raise UnknownName("data set", dataset, known)
    return claimed


def _distance(cell: Published, claimed: str | None) -> int:
    """0 for a result on the claimed set, 1 for one that the paper prints under its name, 2 for any other."""
    if claimed is None or cell.dataset == claimed:
        return 0
    return 1 if any(claimed in column.lower() for column in cell.repeated) else 2
