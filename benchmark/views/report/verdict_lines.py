"""The verdicts as lines of the page, and what they add up to in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.claims.claim import QUALITY, Claim
from benchmark.claims.judge import verdicts
from benchmark.claims.verdict import Fact, Status, Verdict, counts
from benchmark.core.mathematics import plain
from benchmark.core.types import Scale


@dataclass(frozen=True)
class VerdictLine:
    """One claim beside what was measured, ready to print; the orders are what its columns sort by.

    `known` says that the number follows from others: an entry that was fitted, or a repeat.
    """

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
    number: bool
    known: bool = False


@dataclass(frozen=True)
class VerdictGroup:
    """The verdicts of one scale, which never stand in one table with another's."""

    scale: Scale
    lines: tuple[VerdictLine, ...]
    tables: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]


def verdict_group(out: Path, scale: Scale, paper: str = "") -> VerdictGroup:
    """The verdicts on a paper at `scale`, judged from the result files below `out`.

    Scale mini has orderings of quality alone: absolute values and costs of small networks settle nothing of a paper.
    """
    found = verdicts(out=out, scale=scale, paper=paper)
    if scale is Scale.MINI:
        found = [one for one in found if one.claim.kind == "ordering" and one.claim.metric in QUALITY]
    return grouped(found, scale)


def grouped(found: Sequence[Verdict], scale: Scale) -> VerdictGroup:
    """Verdicts as lines, with the tables they are of and how many there are of each status."""
    lines = tuple(map(line, found))
    return VerdictGroup(scale, lines, tuple(dict.fromkeys(one.table for one in lines)), tuple(counts(found).items()))


def line(verdict: Verdict) -> VerdictLine:
    """One verdict as it is printed; what the claim says of its origin goes into the details."""
    claim = verdict.claim
    return VerdictLine(
        claim.table,
        " · ".join(plain(part) for part in (claim.row, claim.column) if part),
        claim.metric.upper() if claim.kind == "number" and claim.metric in QUALITY else "",
        _printed(claim),
        claim.value if claim.kind == "number" else None,
        _measured(verdict),
        verdict.measured if claim.kind == "number" else None,
        verdict.status,
        verdict.told,
        verdict.remedy,
        tuple(_details(verdict)),
        claim.kind == "number",
        verdict.fact is not Fact.INDEPENDENT,
    )


def _details(verdict: Verdict) -> list[tuple[str, str]]:
    claim, original = verdict.claim, verdict.claim.original
    told = [
        ("the paper says", claim.text if claim.kind != "number" else ""),
        ("tolerance", _rounded(verdict.tolerance) if verdict.tolerance else ""),
        ("budget", verdict.budget),
        ("reading", verdict.reading),
        ("known from elsewhere", "" if verdict.fact is Fact.INDEPENDENT else str(verdict.fact)),
        ("provenance", claim.provenance),
        ("really of", claim.true_dataset if claim.true_dataset != claim.dataset else ""),
        ("protocol", claim.protocol or ""),
        ("original", f"{original.text}, {original.where}" if original else ""),
        ("note", claim.note),
    ]
    return [(name, plain(value)) for name, value in told if value]


def _printed(claim: Claim) -> str:
    """What the paper says, in a word: its number, the order it sees, or the ratio it promises."""
    if claim.kind == "ordering":
        return "better" if claim.metric in QUALITY else "faster" if claim.metric == "latency" else "less"
    if claim.kind == "speed-up":
        return f"{claim.value:.2f}×"
    return f"> {claim.value:g} %" if claim.kind == "ratio" else claim.text


def _measured(verdict: Verdict) -> str:
    """What was measured in the claim's unit: a number to one digit more than printed, or a difference with its sign."""
    claim, value = verdict.claim, verdict.measured
    if value is None or not math.isfinite(value):
        agrees = value is None and verdict.status is Status.REPRODUCED
        return claim.text if agrees else "" if value is None else str(value)
    if claim.kind in ("ratio", "speed-up"):
        return f"{value:.1f} %" if claim.kind == "ratio" else f"{value:.2f}×"
    unit = {"psnr": " dB", "ssim": "", "gmacs": "G", "parameters": "M", "latency": " s"}.get(claim.metric, "")
    if claim.kind == "ordering":
        if claim.metric in QUALITY:
            return f"{value:+.{2 if claim.metric == 'psnr' else 4}f}{unit}".replace("-", "−")
        return f"{abs(value):.3g}{unit} {'less' if value > 0 else 'more'}"
    digits = claim.text.rstrip("GMs")
    decimals = len(digits.partition(".")[2])
    return f"{value:.{decimals + 1 if decimals else 0}f}{claim.text[len(digits) :]}"


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def sentence(group: VerdictGroup) -> str:
    """The statement at the head of the page, from the counts of its own scale alone."""
    found, total = dict(group.counts), len(group.lines)
    if not total:
        return "No claim of the paper has been judged."
    numbers = sum(one.number for one in group.lines)
    parts = [f"{count} {status}" for status, count in found.items() if count and status != Status.UNTESTABLE]
    known = sum(1 for one in group.lines if one.known and one.status == Status.REPRODUCED)
    settled = f"{total - found[Status.UNTESTABLE]} could be put to the test here" + (
        f": {', '.join(parts)}" if parts else ""
    )
    settled += f" ({known} of the first known from others: fitted entries and repeats)" if known else ""
    rest = f"; the other {found[Status.UNTESTABLE]} say what they wait for" if found[Status.UNTESTABLE] else ""
    return f"Of the paper’s {total} claims ({numbers} numbers and {total - numbers} comparisons), {settled}{rest}."
