"""Verdicts on inference times: seconds never, since no device is named; orderings and speed-ups on the device cards."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.claims.claim import Claim, Ledger, reversed_in_print
from benchmark.claims.evidence import Evidence
from benchmark.claims.remedies import TIMES
from benchmark.claims.verdict import Status, Verdict
from benchmark.core.types import Scale
from benchmark.costs.records import Latency, Times
from benchmark.methods.find import get_method

_ROUNDING = 0.005  # of a factor of two printed times


def judge_seconds(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    """The verdict on a printed time: untestable, with what the device cards say beside it."""
    stated = ledger.states.get("device", {}).get("stated", False)
    sentences = [
        "no device card matches the paper's" if stated else "the paper states no device, number format or batch"
    ]
    sentences += _beside(claim, ledger, evidence)
    return Verdict(claim, Status.UNTESTABLE, None, None, "; ".join(sentences), TIMES, "paper")


def judge_faster(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    """Who is faster, on every GPU card that has both, or on every CPU card where no GPU is on record.

    The ranges of 10 to 90 % must not overlap, and the cards must agree. A CPU alone contradicts no time of the field,
    whose times are a GPU's, unless the paper's own times are in that order too.
    """
    scale, compared = str(evidence.scale), _compared(claim, evidence)
    if not compared:
        return Verdict(claim, Status.UNTESTABLE, None, None, "no device card has times of both", TIMES, scale)
    results = [1 if own.p90_ms < other.p10_ms else -1 if other.p90_ms < own.p10_ms else 0 for _, own, other in compared]
    sentences = [_on_cards((times, f"{_seconds(own)} against {_seconds(other)} s") for times, own, other in compared)]
    status = Status.REPRODUCED if min(results) > 0 else Status.CONTRADICTED if max(results) < 0 else Status.CLOSE
    reversed_there, on_gpu = reversed_in_print(claim, ledger), compared[0][0].card.kind == "cuda"
    if status is Status.CLOSE:
        sentences.append("the ranges overlap" if set(results) == {0} else "the device cards disagree")
    elif status is Status.REPRODUCED and reversed_there:
        status = Status.CLOSE
        sentences.append("the paper's own times are in the other order: it depends on the device")
    elif status is Status.CONTRADICTED and reversed_there:
        sentences.append("the paper's own times are reversed too")
    elif status is Status.CONTRADICTED and not on_gpu:
        status = Status.CLOSE
        sentences.append("reversed on a CPU, as printed on a device that is not named: a GPU's card would settle it")
    gap = (compared[0][2].median_ms - compared[0][1].median_ms) / 1e3
    return Verdict(claim, status, gap, None, "; ".join(sentences), TIMES if status is Status.CLOSE else "", scale)


def judge_speed_up(claim: Claim, evidence: Evidence) -> Verdict:
    """How many times as fast the paper's own seconds make it, beside the device cards.

    Reproduced where the printed factor lies within the cards' range, close where it is as said but another factor, and
    contradicted where it is slower on every card: a factor depends on the device, which side of one much less.
    """
    scale, compared = str(evidence.scale), _compared(claim, evidence)
    if not compared or claim.value is None:
        return Verdict(claim, Status.UNTESTABLE, None, None, "no device card has times of both", TIMES, scale)
    factors = [other.median_ms / own.median_ms for _, own, other in compared]
    low, high = min(factors), max(factors)
    said = _on_cards((times, f"{factor:.2f}") for (times, _, _), factor in zip(compared, factors, strict=True))
    within = low - _ROUNDING <= claim.value <= high + _ROUNDING
    status = Status.REPRODUCED if within else Status.CLOSE if low > 1 else Status.CONTRADICTED
    if not within and low <= 1 < high:
        status = Status.CLOSE
    reason = f"{claim.value:.2f} by the printed seconds; {said}"
    return Verdict(claim, status, factors[0], None, reason, "", scale)


def _compared(claim: Claim, evidence: Evidence) -> list[tuple[Times, Latency, Latency]]:
    """The cards that have both methods of a claim: of GPUs, or of CPUs where there is none."""
    found = []
    for times in evidence.latencies:
        own, other = _time(times, claim.method), _time(times, claim.than)
        if own and other:
            found.append((times, own, other))
    on_gpu = [one for one in found if one[0].card.kind == "cuda"]
    return sorted(on_gpu or found, key=lambda one: _first(one[0]))


def _beside(claim: Claim, ledger: Ledger, evidence: Evidence) -> list[str]:
    """What the device cards say of the ratio of teacher and student, or of the network alone."""
    printed = [c for c in ledger.numbers if c.metric == "latency" and c.table == claim.table]
    partner = next((c for c in printed if _related(c.method, claim.method)), None)
    on_gpu = [times for times in evidence.latencies if times.card.kind == "cuda"]
    shown = sorted(on_gpu or evidence.latencies, key=_first)
    ratios, alone = [], []
    for times in shown:
        own, other = _time(times, claim.method), _time(times, partner.method) if partner else None
        if own and other:
            here = max(own.median_ms, other.median_ms) / min(own.median_ms, other.median_ms)
            ratios.append((times, f"{here:.2f}"))
        elif own:
            alone.append((times, f"{_seconds(own)} s"))
    if ratios and partner and claim.value and partner.value:
        ratio = max(claim.value, partner.value) / min(claim.value, partner.value)
        return [f"teacher over student: {ratio:.2f} printed; {_on_cards(ratios)}"]
    return [_on_cards(alone)] if alone else []


def _first(times: Times) -> tuple[bool, bool, bool]:
    """fp32 before the other formats, eager before the other modes."""
    return times.card.precision != "fp32", times.card.mode != "eager", times.card.tf32 != "off"


def _on_cards(told: Iterable[tuple[Times, str]]) -> str:
    """What was measured on each card, the device and the image named once: `2.03 (fp32, eager) on an H100, 512 x 512`."""
    by_device: dict[tuple[str, int], list[str]] = {}
    for times, words in told:
        how = times.card.words.removeprefix(f"{times.card.device}, ")
        by_device.setdefault((times.card.device, times.size), []).append(f"{words} ({how})")
    return "; ".join(f"{', '.join(parts)} on {device}, {size} x {size}" for (device, size), parts in by_device.items())


def _related(first: str, second: str) -> bool:
    return get_method(first).teacher == second or get_method(second).teacher == first


def _time(times: Times, name: str) -> Latency | None:
    method = get_method(name)
    return times.of(method.network, [str(task) for task in method.tasks])


def _seconds(record: Latency) -> str:
    return f"{record.median_ms / 1e3:.4f}"


def own_choice(claim: Claim) -> Verdict:
    """The verdict at a smaller scale on what depends on the sizes of its networks."""
    reason = "the sizes of the mini networks are this suite's choice: what depends on them is settled at scale paper"
    remedy = "slkd-bench verdict text --scale paper"
    return Verdict(claim, Status.UNTESTABLE, None, None, reason, remedy, str(Scale.MINI))
