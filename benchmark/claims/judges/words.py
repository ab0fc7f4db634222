"""Verdicts on claims in words: orderings of quality, what is cheaper or faster, ratios and speed-ups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmark.claims.claim import QUALITY, Claim, Ledger, reversed_in_print
from benchmark.claims.evidence import Evidence
from benchmark.claims.judges.orderings import judge_orderings
from benchmark.claims.judges.times import judge_faster, judge_speed_up, own_choice
from benchmark.claims.remedies import COUNTS
from benchmark.claims.verdict import Status, Verdict
from benchmark.core.types import Scale


def judge_words(claims: Sequence[Claim], ledger: Ledger, evidence: Evidence) -> list[Verdict]:
    """The verdicts on all claims in words of a publication, in their order."""
    quality = [claim for claim in claims if claim.metric in QUALITY]
    judged = {verdict.claim.id: verdict for verdict in judge_orderings(quality, evidence)}
    for claim in claims:
        if claim.id not in judged:
            judge = own_choice if evidence.scale is not Scale.PAPER else _judge(claim, ledger, evidence)
            judged[claim.id] = judge(claim)
    return [judged[claim.id] for claim in claims]


def _judge(claim: Claim, ledger: Ledger, evidence: Evidence) -> Callable[[Claim], Verdict]:
    if claim.kind == "ratio":
        return lambda one: _ratio(one, evidence)
    if claim.kind == "speed-up":
        return lambda one: judge_speed_up(one, evidence)
    if claim.metric == "latency":
        return lambda one: judge_faster(one, ledger, evidence)
    return lambda one: _cheaper(one, ledger, evidence)


def _ratio(claim: Claim, evidence: Evidence) -> Verdict:
    scale = str(evidence.scale)
    small, large = (_cost(name, claim.metric, evidence) for name in (claim.method, claim.than))
    if small is None or large is None or claim.value is None:
        return Verdict(claim, Status.UNTESTABLE, None, None, "not counted", COUNTS, scale)
    less = 100 * (1 - small / large)
    status = Status.REPRODUCED if less > claim.value else Status.CONTRADICTED
    unit = "G" if claim.metric == "gmacs" else "M"
    reason = f"{less:.1f} % less: {small:.2f}{unit} against {large:.2f}{unit}"
    return Verdict(claim, status, less, 0.0, reason, "", scale)


def _cheaper(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    scale = str(evidence.scale)
    small, large = (_cost(name, claim.metric, evidence) for name in (claim.method, claim.than))
    if small is None or large is None:
        return Verdict(claim, Status.UNTESTABLE, None, None, "not counted", COUNTS, scale)
    unit = "G" if claim.metric == "gmacs" else "M"
    reason = f"{small:.1f}{unit} against {large:.1f}{unit} counted"
    if small < large and reversed_in_print(claim, ledger):
        reason += "; the paper's own numbers are in the other order"
    status = Status.REPRODUCED if small < large else Status.CONTRADICTED
    return Verdict(claim, status, large - small, 0.0, reason, "", scale)


def _cost(name: str, metric: str, evidence: Evidence) -> float | None:
    method = evidence.method(name)
    record = evidence.cost(method.network, tuple(map(str, method.tasks)))
    if record is None:
        return None
    return record.gmacs if metric == "gmacs" else record.parameters / 1e6
