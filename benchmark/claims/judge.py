"""Every claim of a paper beside what was measured, with a verdict, its tolerance and its reason.

* `reproduced`: a number whose measured value is the printed one, to half of its last digit, widened by twice the spread
  over training seeds where there are several; an ordering that holds with p < .05 over scenes, Holm-corrected over the
  data sets of the claim, and with the same sign in every seed; a ratio that is reached.
* `close`: a number within two standard errors of it (over scenes and seeds, beyond half a digit), a count within 0.05 %;
  an ordering that is within noise, that is, neither shown nor refuted.
* `contradicted`: a number further away; an ordering that is reversed beyond chance; a ratio that is missed.
* `untestable`: nothing to measure it by is here; the reason says what is missing and the remedy how to get it.

Scale mini never says anything about an absolute value; its verdicts on orderings and ratios are marked as mini.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmark.claims.claim import Claim, Ledger
from benchmark.claims.evidence import gather
from benchmark.claims.ledger import read_ledger
from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale

STATUSES = ("reproduced", "close", "contradicted", "untestable")
SYMBOLS = {"reproduced": "✓", "close": "≈", "contradicted": "✗", "untestable": "?"}


@dataclass(frozen=True)
class Verdict:
    """A claim and what became of it.

    `measured` is in the unit of the claim; for an ordering it is the difference (better minus worse), for a ratio the
    percentage. Beyond `tolerance` a number is contradicted. `remedy` is a command to be copied, or empty.
    """

    claim: Claim
    status: str
    measured: float | None
    tolerance: float | None
    reason: str
    remedy: str
    scale: str


def verdicts(out: Path | None = None, scale: Scale = Scale.PAPER, table: str = "all", paper: str = "") -> list[Verdict]:
    """The verdict on every claim of `table` (I to IV, text, all), in the order of the paper.

    `out` holds the result files; without it they are those of `runs`, or else the reference results. Raises UnknownName
    for a paper or table that is not on record, BadResult for a ledger or record that cannot be read.
    """
    from benchmark.claims.judges.costs import judge_cost
    from benchmark.claims.judges.quality import judge_quality
    from benchmark.claims.judges.words import judge_words

    ledger = read_ledger(paper)
    chosen = select(ledger, table)
    evidence = gather(out, scale, ledger.id)
    words = {v.claim.id: v for v in judge_words([c for c in chosen if c.kind != "number"], ledger, evidence)}
    found = []
    for claim in chosen:
        if claim.kind != "number":
            found.append(words[claim.id])
        elif claim.metric in ("psnr", "ssim"):
            found.append(judge_quality(claim, evidence))
        else:
            found.append(judge_cost(claim, ledger, evidence))
    return found


def counts(found: Iterable[Verdict]) -> dict[str, int]:
    """How many verdicts there are of each status, in the order of `STATUSES`."""
    statuses = [verdict.status for verdict in found]
    return {status: statuses.count(status) for status in STATUSES}


def select(ledger: Ledger, table: str) -> list[Claim]:
    """The claims of one table, in any case, or of all. Raises UnknownName."""
    if table.lower() == "all":
        return list(ledger.claims)
    chosen = [claim for claim in ledger.claims if claim.table.lower() == table.lower()]
    if not chosen:
        raise UnknownName("table", table, [*ledger.tables, "all"])
    return chosen
