"""A claim is one number of a publication, or one sentence that orders two methods, with everything known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from benchmark.claims.schema import EquationsFile

Metric = Literal["psnr", "ssim", "gmacs", "parameters", "latency", "layers", "width"]
Mark = Literal["best", "second", ""]
Kind = Literal["number", "ordering", "ratio", "speed-up"]
QUALITY = ("psnr", "ssim")
LOWER_IS_BETTER = ("gmacs", "parameters", "latency")


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
    """One claim of `paper`. `kind` is number (one printed value), ordering, ratio or speed-up.

    A number: `value` as printed in `text` (dB, SSIM, 1e9 multiply-accumulates, 1e6 parameters, seconds, channels; None
    for a list of layers). `mark` is best, second or empty. `dataset` is our id of the set that the column names,
    `true_dataset` of the set that it really is, `protocol` ours or None where none is known. `provenance` is "measured
    by the authors", "copied from X", "unsourced" or "not traced". `pool` names the rows that compete for the marks.

    An ordering: `method` is said to be better than `than` in `metric` and in what is `also` measured on the same images,
    `value` 0. A ratio: `method` is said to have at least `value` per cent less of `metric` than `than`. A speed-up:
    `method` is `value` times as fast as `than` by the printed seconds. `family` is the table that it rests on: the claims
    of one are tested together. `reading` says how it is understood where the publication can be understood in two ways,
    the first reading of a statement having `rank` 0. `by_size` claims depend on how large the compared networks are.

    `alternatives` of a number are other methods that the row may mean, by the reading that makes them so.
    """

    id: str
    paper: str
    table: str
    row: str
    column: str
    metric: Metric
    value: float | None
    text: str
    mark: Mark
    method: str
    dataset: str
    true_dataset: str
    protocol: str | None
    provenance: str
    original: Original | None
    note: str
    kind: Kind = "number"
    than: str = ""
    pool: str = ""
    known_as: str = ""
    statement: str = ""
    checked: bool = True
    also: tuple[Metric, ...] = ()
    family: str = ""
    reading: str = ""
    rank: int = 0
    by_size: bool = False
    alternatives: tuple[tuple[str, str], ...] = ()

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
        """The place in one phrase, `Table 2, Restormer, GoPro, PSNR`."""
        if self.kind != "number":
            return f"{self.row}, {self.column}"
        metric = f", {self.metric.upper()}" if self.metric in QUALITY else ""
        return f"Table {self.table}, {self.row}, {self.column}{metric}"


@dataclass(frozen=True)
class Ledger:
    """Every claim of one publication; `states` says what the publication tells and leaves out, `equations` what it writes."""

    id: str
    short: str
    title: str
    source: str
    scope: str
    complete: bool
    image_size: int
    states: dict[str, Any] = field(hash=False)
    claims: tuple[Claim, ...] = ()
    equations: EquationsFile | None = field(default=None, hash=False)

    @property
    def numbers(self) -> tuple[Claim, ...]:
        """The claims that are one printed number each."""
        return tuple(c for c in self.claims if c.kind == "number")

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables in the order of the publication; `text` holds the sentences."""
        return tuple(dict.fromkeys(c.table for c in self.claims))


def printed_pairs(claim: Claim, ledger: Ledger) -> list[tuple[Claim, Claim]]:
    """The publication's own numbers of the two methods of a claim, from every table and column that prints both."""
    columns: dict[tuple[str, str, str], dict[str, Claim]] = {}
    for number in ledger.numbers:
        if (
            number.metric in (claim.metric, *claim.also)
            and number.dataset == claim.dataset
            and number.value is not None
        ):
            columns.setdefault((number.table, number.column, number.metric), {})[number.method] = number
    return [(c[claim.method], c[claim.than]) for c in columns.values() if claim.method in c and claim.than in c]


def reversed_in_print(claim: Claim, ledger: Ledger) -> bool:
    """Whether the publication's own numbers put an ordering the other way round."""
    lower = claim.metric in LOWER_IS_BETTER
    gaps = [(own.value or 0.0) - (other.value or 0.0) for own, other in printed_pairs(claim, ledger)]
    return any(gap > 0 if lower else gap < 0 for gap in gaps)
