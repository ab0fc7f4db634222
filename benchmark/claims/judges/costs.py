"""Verdicts on FLOPs, parameters and hyper-parameters, from the recorded counts."""

from __future__ import annotations

from typing import Any

from benchmark.claims.claim import Claim, Ledger
from benchmark.claims.complexity.printed import agreement, tolerance
from benchmark.claims.evidence import Evidence
from benchmark.claims.judges.times import judge_seconds
from benchmark.claims.remedies import COUNTS
from benchmark.claims.verdict import Fact, Status, Verdict
from benchmark.core.types import Scale
from benchmark.datasets.passport import passports
from benchmark.methods.find import get_method
from benchmark.methods.networks import arguments
from benchmark.papers.read import get_paper


def judge_cost(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    """The verdict on one number of what a network costs or how it is built."""
    if evidence.scale is Scale.MINI:
        reason = "the mini networks are smaller by design: the printed number is settled at scale paper"
        return Verdict(claim, Status.UNTESTABLE, None, None, reason, "slkd-bench verdict --scale paper", "mini")
    if not claim.method:
        return Verdict(claim, Status.UNTESTABLE, None, None, "this suite has no such method", "", "paper")
    if claim.metric == "latency":
        return judge_seconds(claim, ledger, evidence)
    if claim.metric in ("layers", "width"):
        return _configuration(claim, ledger, evidence)
    return _count(claim, ledger, evidence)


def _count(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    network = get_method(claim.method).network
    values = {}
    for task in _tasks(claim, ledger):
        record = evidence.cost(network, (task,))
        if record is not None:
            values[task] = record.gmacs if claim.metric == "gmacs" else record.parameters / 1e6
    if not values or claim.value is None:
        return Verdict(claim, Status.UNTESTABLE, None, None, f"no count of {network} is recorded", COUNTS, "paper")
    unit = "G" if claim.metric == "gmacs" else "M"
    worst = max(values.values(), key=lambda value: abs(value - claim.value))  # type: ignore[operator]
    status, far = agreement(worst, claim.value, claim.half_digit), tolerance(claim.value, claim.half_digit)
    size = get_paper(ledger.id).complexity.image_size
    counted = f"multiply-accumulates of a {size} x {size} image" if claim.metric == "gmacs" else "parameters"
    if len(set(values.values())) > 1 and status is Status.CONTRADICTED:
        reason = ", ".join(f"{value:.1f}{unit} for {task}" for task, value in values.items())
        reason = f"one number for variants that cost {reason}"
    else:
        reason = f"{worst:.3f}{unit} {counted} counted"
    if status is Status.CLOSE:
        reason += f", {abs(worst / claim.value - 1):.2%} from the printed number"
    if status is Status.CONTRADICTED and claim.metric == "gmacs":
        reason += _explanation(claim, evidence)
    return Verdict(claim, status, worst, far, reason, "", "paper")


def _tasks(claim: Claim, ledger: Ledger) -> list[str]:
    """The tasks for which the claim's row prints results: their variants are what its cost is about."""

    own = get_method(claim.method).tasks
    row = [c.dataset for c in ledger.numbers if (c.table, c.row) == (claim.table, claim.row) and c.dataset]
    printed = list(dict.fromkeys(str(passports()[name].task) for name in row))
    return printed or [str(own[0])]


def _explanation(claim: Claim, evidence: Evidence) -> str:
    rows = [
        r
        for r in evidence.readings
        if r.table == claim.table and r.row.partition(", ")[0] == claim.row and not r.agrees
    ]
    if not rows:
        return "; what explains it was not recorded (`slkd-bench audit complexity --save`)"
    explained = list(dict.fromkeys(r.explanation for r in rows if r.explanation))
    if explained:
        return f"; {' and '.join(explained)}"
    return f"; unexplained: none of {rows[0].tried} readings gives {claim.text}"


def _configuration(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:

    chosen = arguments(get_method(claim.method).network, "paper")
    ours, steps = _printed(chosen, claim)
    if ours != claim.text:
        reason = f"the configuration that is built here has {ours}"
        return Verdict(claim, Status.CONTRADICTED, None, None, reason, "", "paper")
    beside = [
        c
        for c in ledger.numbers
        if (c.table, c.row) == (claim.table, claim.row) and c.metric in ("gmacs", "parameters")
    ]
    held = [_count(c, ledger, evidence).status is Status.REPRODUCED for c in beside]
    measured = float(claim.text) if claim.metric == "width" else None
    if not held or not all(held):
        reason = (
            f"{claim.text} does not give the FLOPs and parameters of its row" if held else "its row prints no count"
        )
        return Verdict(
            claim, Status.CONTRADICTED if held else Status.UNTESTABLE, measured, None, reason, COUNTS, "paper"
        )
    numbers = " and ".join(c.text for c in beside)
    reason = (
        f"built with {claim.text}{steps}, the network has the {numbers} that the row prints; found by fitting these"
    )
    return Verdict(claim, Status.REPRODUCED, measured, 0.0, reason, "", "paper", fact=Fact.FITTED)


def _printed(chosen: dict[str, Any], claim: Claim) -> tuple[str, str]:
    """Layers or width as the paper prints them, and what a leading number means."""
    if claim.metric == "width":
        return str(chosen["width"]), ""
    blocks = tuple(chosen["blocks"] if "blocks" in chosen else chosen["depths"][: len(chosen["depths"]) // 2])
    steps = chosen.get("mefc_steps")
    if steps and claim.text.count(",") == len(blocks):
        return ",".join(map(str, (steps, *blocks))), f" (the leading {steps}: steps of the mixture of experts)"
    return ",".join(map(str, blocks)), ""
