"""Every claim of a paper beside what was measured, with a verdict, its tolerance and its reason.

At scale paper:

* `reproduced`: of imported weights, the printed number to half of its last digit; of a network that was trained again with
  at least three seeds, a printed number in the interval in which one more training would land, where no other number of
  its column lies in it; an ordering that holds beyond chance and beyond the floor; a ratio that is reached.
* `close`: of imported weights, within one unit of the last digit (cut off in place of rounded); trained again, inside the
  interval together with a rival's number; a count within .05 %; an ordering that is not decided, or equal within the floor.
* `contradicted`: a number further away; an ordering that is reversed beyond chance and floor; a ratio that is missed.
* `untestable`: nothing to measure it by is here, fewer than three seeds, or a network that is not better than its input.

At a smaller scale orderings alone are judged, in words of their own (`benchmark.claims.verdict`). The rules are derived in
docs/explanations/statistics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.claims.claim import QUALITY, Claim, Ledger
from benchmark.claims.evidence import gather
from benchmark.claims.judges.costs import judge_cost
from benchmark.claims.judges.quality import judge_quality
from benchmark.claims.judges.words import judge_words
from benchmark.claims.ledger import read_ledger
from benchmark.claims.remedies import run_commands
from benchmark.claims.verdict import Fact, Verdict
from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale


def verdicts(out: Path | None = None, scale: Scale = Scale.PAPER, table: str = "all", paper: str = "") -> list[Verdict]:
    """The verdict on every claim of `table` (I to IV, text, all), in the order of the paper.

    `out` holds the result files; without it they are those of `runs`, or else the reference results. Raises UnknownName
    for a paper or table that is not on record, BadResult for a ledger or record that cannot be read.
    """
    run_commands.cache_clear()
    ledger = read_ledger(paper)
    chosen = select(ledger, table)
    evidence = gather(out, scale, ledger.id)
    words = {v.claim.id: v for v in judge_words([c for c in ledger.claims if c.kind != "number"], ledger, evidence)}
    found = []
    for claim in chosen:
        if claim.kind != "number":
            found.append(words[claim.id])
        elif claim.metric in QUALITY:
            found.append(judge_quality(claim, ledger, evidence))
        else:
            found.append(judge_cost(claim, ledger, evidence))
    return _facts(found, ledger)


def _facts(found: Sequence[Verdict], ledger: Ledger) -> list[Verdict]:
    """Marks what an earlier table of the paper prints too: the same number of the same method, told once more."""
    first: dict[tuple[str, str, str, str], str] = {}
    for claim in ledger.numbers:
        if claim.method:
            first.setdefault((claim.method, claim.dataset, claim.metric, claim.text), claim.id)
    marked = []
    for verdict in found:
        claim = verdict.claim
        origin = first.get((claim.method, claim.dataset, claim.metric, claim.text), claim.id)
        again = claim.kind == "number" and origin != claim.id and verdict.fact is Fact.INDEPENDENT
        marked.append(replace(verdict, fact=Fact.REPEATED) if again else verdict)
    return marked


def select(ledger: Ledger, table: str) -> list[Claim]:
    """The claims of one table, in any case, or of all. Raises UnknownName."""
    if table.lower() == "all":
        return list(ledger.claims)
    chosen = [claim for claim in ledger.claims if claim.table.lower() == table.lower()]
    if not chosen:
        raise UnknownName("table", table, [*ledger.tables, "all"])
    return chosen
