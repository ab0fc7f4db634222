"""What became of a claim, in one of two vocabularies that are never added up.

At scale paper a claim of the paper itself is put to the test:

* `reproduced`, `close`, `contradicted`, `untestable`.

At any smaller scale other networks see other images, so a claim can only be agreed with:

* `agrees`, `disagrees`, `undecided`, `untestable`, each with the budget of the training and the readings that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from benchmark.claims.claim import Claim
from benchmark.core.types import Scale


class Status(StrEnum):
    """The word of a verdict."""

    REPRODUCED = "reproduced"
    CLOSE = "close"
    CONTRADICTED = "contradicted"
    AGREES = "agrees"
    UNDECIDED = "undecided"
    DISAGREES = "disagrees"
    UNTESTABLE = "untestable"


class Fact(StrEnum):
    """What a number adds to what is known: only an independent one counts as evidence of its own."""

    INDEPENDENT = "independent"
    FITTED = "fitted"
    REPEATED = "repeated"


_OF_THE_PAPER = (Status.REPRODUCED, Status.CLOSE, Status.CONTRADICTED, Status.UNTESTABLE)
_OF_A_STUDY = (Status.AGREES, Status.UNDECIDED, Status.DISAGREES, Status.UNTESTABLE)
STATUSES: tuple[Status, ...] = tuple(Status)
SYMBOLS = {
    Status.REPRODUCED: "✓",
    Status.CLOSE: "≈",
    Status.CONTRADICTED: "✗",
    Status.AGREES: "↑",
    Status.UNDECIDED: "·",
    Status.DISAGREES: "↓",
    Status.UNTESTABLE: "?",
}


def vocabulary(scale: Scale | str) -> tuple[Status, ...]:
    """The words of a scale, in their order."""
    return _OF_THE_PAPER if str(scale) == Scale.PAPER else _OF_A_STUDY


@dataclass(frozen=True)
class Verdict:
    """A claim and what became of it.

    `measured` is in the unit of the claim; for an ordering it is the difference (better minus worse), for a ratio the
    percentage. Beyond `tolerance` a number is contradicted; of an ordering it is half of the 95 % interval. `remedy` is a
    command to be copied, or empty. `budget` and `reading` say what a verdict of a smaller scale is about. `fact` says
    whether the number is known from another one.
    """

    claim: Claim
    status: Status
    measured: float | None
    tolerance: float | None
    reason: str
    remedy: str
    scale: str
    budget: str = ""
    reading: str = ""
    fact: Fact = Fact.INDEPENDENT

    @property
    def told(self) -> str:
        """The reason with the budget and the reading that it is about."""
        about = "; ".join(part for part in (self.budget, self.reading) if part)
        return f"{self.reason} ({about})" if about else self.reason


def counts(found: Iterable[Verdict]) -> dict[Status, int]:
    """How many verdicts there are of each status of their scale, in its order.

    Raises ValueError for verdicts of two scales: they have no sum.
    """
    verdicts = list(found)
    scales = {verdict.scale for verdict in verdicts}
    if len({vocabulary(scale) for scale in scales}) > 1:
        raise ValueError(f"expected verdicts of one scale, found {' and '.join(sorted(scales))}: they have no sum")
    words = vocabulary(next(iter(scales), Scale.PAPER))
    return {status: sum(verdict.status == status for verdict in verdicts) for status in words}


def independent(found: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts on facts of their own: without entries that a fit gave, and without repeats between tables."""
    return [verdict for verdict in found if verdict.fact is Fact.INDEPENDENT]


def tally(found: Iterable[Verdict]) -> str:
    """The counts of one scale in words, told apart by what is known from elsewhere.

    `29 reproduced (14 independent, 12 fitted, 3 repeated), 1 close, 4 contradicted, 206 untestable`
    """
    verdicts = list(found)
    parts = []
    for status, count in counts(verdicts).items():
        facts = [verdict.fact for verdict in verdicts if verdict.status == status]
        apart = [f"{facts.count(fact)} {fact}" for fact in Fact if fact in facts]
        shown = f" ({', '.join(apart)})" if len(apart) > 1 and status != Status.UNTESTABLE else ""
        parts.append(f"{count} {status}{shown}")
    return ", ".join(parts)


def about(scale: Scale | str) -> str:
    """What verdicts at a scale are about, for the head of every list of them; empty at scale paper."""
    if str(scale) == Scale.PAPER:
        return ""
    return (
        "Of this suite's own study of small networks, not of the paper: what agrees or disagrees here is never "
        "counted with what is reproduced or contradicted."
    )
