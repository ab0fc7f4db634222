"""A claim is one number of a publication, or one sentence that orders two methods, with everything known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

QUALITY = ("psnr", "ssim")
LOWER_IS_BETTER = ("gmacs", "parameters", "latency")
METRICS = (*QUALITY, *LOWER_IS_BETTER, "layers", "width")
MARKS = ("best", "second", "")
KINDS = ("number", "ordering", "ratio")


@dataclass(frozen=True)
class Original:
    """The published value that a claim repeats, or that it should have repeated: how it is printed and where.

    `dataset` is the set it was measured on; `checked` is False where it could not be read in its source.
    """

    value: float
    text: str
    where: str
    dataset: str
    protocol: str | None
    checked: bool


@dataclass(frozen=True)
class Claim:
    """One claim of `paper`. `kind` is number (one printed value), ordering or ratio.

    A number: `value` as printed in `text` (dB, SSIM, 1e9 multiply-accumulates, 1e6 parameters, seconds, channels; None
    for a list of layers). `mark` is best, second or empty. `dataset` is our id of the set that the column names,
    `true_dataset` of the set that it really is, `protocol` ours or None where none is known. `provenance` is "measured
    by the authors", "copied from X", "unsourced" or "not traced". `pool` names the rows that compete for the marks.

    An ordering: `method` is said to be better than `than` in `metric`, `value` 0. A ratio: `method` is said to have at
    least `value` per cent less of `metric` than `than`.
    """

    id: str
    paper: str
    table: str
    row: str
    column: str
    metric: str
    value: float | None
    text: str
    mark: str
    method: str
    dataset: str
    true_dataset: str
    protocol: str | None
    provenance: str
    original: Original | None
    note: str
    kind: str = "number"
    than: str = ""
    pool: str = ""
    known_as: str = ""
    statement: str = ""
    checked: bool = True

    @property
    def half_digit(self) -> float:
        """Half of the last printed digit, in the unit of `value`."""
        digits = self.text.rstrip("GMs")
        return 0.5 * 10.0 ** -len(digits.partition(".")[2])

    @property
    def copied(self) -> bool:
        """Whether the number was taken from another publication."""
        return self.provenance.startswith("copied from ")

    @property
    def cell(self) -> tuple[str, str, str]:
        """Table, row and column: PSNR and SSIM of one cell share it."""
        return self.table, self.row, self.column

    @property
    def where(self) -> str:
        """The place in one phrase, `Table II, Res-SL, Gopro, PSNR`."""
        if self.kind != "number":
            return f"{self.row}, {self.column}"
        metric = f", {self.metric.upper()}" if self.metric in QUALITY else ""
        return f"Table {self.table}, {self.row}, {self.column}{metric}"


@dataclass(frozen=True)
class Ledger:
    """Every claim of one publication; `states` says what the publication tells and leaves out."""

    id: str
    short: str
    title: str
    source: str
    scope: str
    complete: bool
    image_size: int
    states: dict[str, Any] = field(hash=False)
    claims: tuple[Claim, ...] = ()

    @property
    def numbers(self) -> tuple[Claim, ...]:
        """The claims that are one printed number each."""
        return tuple(c for c in self.claims if c.kind == "number")

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables in the order of the publication; `text` holds the sentences."""
        return tuple(dict.fromkeys(c.table for c in self.claims))
