"""The verdicts as lines of the page, and what they add up to in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.nouns import Scale
from benchmark.report.words import plain

if TYPE_CHECKING:
    from benchmark.claims.verdicts import Verdict

STATUSES = ("reproduced", "close", "contradicted", "untestable")


@dataclass(frozen=True)
class VerdictLine:
    """One claim beside what was measured, ready to print; the orders are what its columns sort by."""

    id: str
    table: str
    claim: str
    metric: str
    paper: str
    paper_order: float | None
    measured: str
    measured_order: float | None
    status: str
    reason: str
    remedy: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class VerdictGroup:
    """The verdicts of one scale, which never stand in one table with another's."""

    scale: Scale
    lines: tuple[VerdictLine, ...]
    tables: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]


def verdict_group(out: Path, scale: Scale) -> VerdictGroup:
    """All verdicts on the paper at `scale`, judged from the result files below `out`."""
    from benchmark.claims.verdicts import verdicts

    return grouped(verdicts(out=out, scale=scale), scale)


def grouped(found: Sequence[Verdict], scale: Scale) -> VerdictGroup:
    """Verdicts as lines, with the tables they are of and how many there are of each status."""
    lines = tuple(line(verdict) for verdict in found)
    tables = tuple(dict.fromkeys(one.table for one in lines))
    counts = tuple((status, sum(one.status == status for one in lines)) for status in STATUSES)
    return VerdictGroup(scale, lines, tables, counts)


def line(verdict: Verdict) -> VerdictLine:
    """One verdict as it is printed; what the claim says of its origin goes into the details."""
    claim = verdict.claim
    told = [
        ("tolerance", _number(verdict.tolerance)),
        ("provenance", claim.provenance),
        ("really", claim.true_dataset if claim.true_dataset not in ("", claim.dataset) else ""),
        ("protocol", claim.protocol),
        ("published original", str(claim.original or "")),
        ("note", claim.note),
    ]
    return VerdictLine(
        claim.id,
        claim.table,
        " · ".join(plain(part) for part in (claim.row, claim.column) if part),
        claim.metric,
        claim.text or _number(claim.value),
        _order(claim.value),
        _number(verdict.measured),
        _order(verdict.measured),
        str(verdict.status),
        verdict.reason,
        verdict.remedy or "",
        tuple((name, plain(str(value))) for name, value in told if value),
    )


def _number(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else str(value)
    return str(value)


def _order(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def sentence(group: VerdictGroup, paper: str) -> str:
    """The statement at the head of the page, from the counts alone."""
    counts, total = dict(group.counts), len(group.lines)
    if not total:
        return f"No claim of {paper} has been judged."
    judged = total - counts["untestable"]
    parts = [f"{counts[status]} {word}" for status, word in _WORDS if counts[status]]
    settled = f"Of {total} claims of {paper}, {judged} could be tested"
    return f"{settled}: {', '.join(parts)}." if parts else f"{settled}."


_WORDS = (("reproduced", "reproduced"), ("close", "close"), ("contradicted", "contradicted"))
