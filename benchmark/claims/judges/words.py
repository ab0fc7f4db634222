"""Verdicts on orderings and ratios, at either scale: paired differences over scenes, recorded counts, device cards."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmark.claims.chance import LEVEL, Paired, paired
from benchmark.claims.claim import LOWER_IS_BETTER, QUALITY, Claim, Ledger
from benchmark.claims.evidence import Evidence
from benchmark.claims.judge import Verdict
from benchmark.claims.remedies import COUNTS, TIMES, of_quality, run_commands
from benchmark.core.types import Scale
from benchmark.costs.records import record_of
from benchmark.methods.find import get_method
from benchmark.statistics import holm

_UNITS = {"psnr": " dB", "ssim": ""}


def judge_words(claims: Sequence[Claim], ledger: Ledger, evidence: Evidence) -> list[Verdict]:
    """The verdicts on orderings and ratios. Claims about one pair and metric on several sets are tested together."""
    families: dict[tuple[str, str, str, str], list[Claim]] = {}
    for claim in claims:
        families.setdefault((claim.statement, claim.method, claim.than, claim.metric), []).append(claim)
    found: list[Verdict] = []
    for family in families.values():
        if family[0].metric in QUALITY:
            found += _orderings(family, evidence)
        elif family[0].kind == "ratio":
            found += [_ratio(claim, evidence) for claim in family]
        else:
            found += [_cheaper(claim, ledger, evidence) for claim in family]
    return found


def _orderings(family: list[Claim], evidence: Evidence) -> list[Verdict]:
    compared: list[tuple[Claim, str, Paired | None]] = [(claim, *_differences(claim, evidence)) for claim in family]
    adjusted = holm([p.chance if p else math.nan for _, _, p in compared])
    return [
        _ordering(claim, dataset, difference, p, sum(d is not None for _, _, d in compared), evidence)
        for (claim, dataset, difference), p in zip(compared, adjusted, strict=True)
    ]


def _differences(claim: Claim, evidence: Evidence) -> tuple[str, Paired | None]:
    """The paired difference on the set the claim really is of, or else on the set that it names."""
    for name in dict.fromkeys((claim.true_dataset, claim.dataset)):
        dataset = f"mini-{name}" if evidence.scale is Scale.MINI else name
        first, second = (evidence.cells.get((method, dataset)) for method in (claim.method, claim.than))
        if first and second:
            difference = paired(first, second, claim.metric)
            if difference is not None:
                return dataset, difference
    return "", None


def _ordering(
    claim: Claim, dataset: str, difference: Paired | None, p: float, sets: int, evidence: Evidence
) -> Verdict:
    scale = str(evidence.scale)
    if difference is None:
        return _not_run(claim, evidence)
    chance = "one scene only, so chance is unknown" if math.isnan(p) else f"p = {p:.2g}"
    if sets > 1 and not math.isnan(p):
        chance += f" after Holm over {sets} sets"
    signs = {seed > 0 for seed in difference.by_seed}
    seeds = len(difference.by_seed)
    certain = p < LEVEL and len(signs) < 2
    status = ("reproduced" if difference.mean > 0 else "contradicted") if certain else "close"
    digits = 2 if claim.metric == "psnr" else 4
    parts = [
        f"{'scale mini, ' if evidence.scale is Scale.MINI else ''}{dataset}: {difference.mean:+.{digits}f}"
        f"{_UNITS[claim.metric]} over {difference.images:,} images of {difference.scenes} scenes, {chance}"
    ]
    if status == "close":
        parts.append("within noise" if len(signs) < 2 else f"within noise: the sign changes between {seeds} seeds")
    elif status == "contradicted":
        parts.append("the order is reversed")
    parts.append("one training run each" if seeds < 2 else f"{seeds} seeds")
    half = (difference.high - difference.low) / 2
    tolerance = None if math.isnan(half) else half
    return Verdict(claim, status, difference.mean, tolerance, "; ".join(parts), "", scale)


def _not_run(claim: Claim, evidence: Evidence) -> Verdict:
    mini = evidence.scale is Scale.MINI
    names = [f"mini-{name}" if mini else name for name in dict.fromkeys((claim.true_dataset, claim.dataset))]
    if mini:
        names = [f"mini-{claim.dataset}"]
    missing = [
        method for method in (claim.method, claim.than) if not any(evidence.cells.get((method, name)) for name in names)
    ]
    lacking = f"no result of {' and '.join(missing)}" if missing else "no results on the same images"
    reason = f"not run: {lacking} on {' or '.join(names)}"
    remedy = run_commands((claim.method, claim.than), tuple(names), Scale.MINI) if mini else of_quality(claim)
    return Verdict(claim, "untestable", None, None, reason, remedy, str(evidence.scale))


def _ratio(claim: Claim, evidence: Evidence) -> Verdict:
    scale = str(evidence.scale)
    if evidence.scale is Scale.MINI:
        return _own_choice(claim)
    small, large = (_cost(name, claim.metric, evidence) for name in (claim.method, claim.than))
    if small is None or large is None or claim.value is None:
        return Verdict(claim, "untestable", None, None, "not counted", COUNTS, scale)
    less = 100 * (1 - small / large)
    status = "reproduced" if less > claim.value else "contradicted"
    unit = "G" if claim.metric == "gmacs" else "M"
    reason = f"{less:.1f} % less: {small:.2f}{unit} against {large:.2f}{unit}"
    return Verdict(claim, status, less, 0.0, reason, "", scale)


def _own_choice(claim: Claim) -> Verdict:
    reason = "the sizes of the mini networks are this suite's choice: what they cost is settled at scale paper"
    return Verdict(claim, "untestable", None, None, reason, "slkd-bench verdict text --scale paper", str(Scale.MINI))


def _cheaper(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    scale = str(evidence.scale)
    if evidence.scale is Scale.MINI:
        return _own_choice(claim)
    if claim.metric == "latency":
        return _faster(claim, ledger, evidence)
    small, large = (_cost(name, claim.metric, evidence) for name in (claim.method, claim.than))
    if small is None or large is None:
        return Verdict(claim, "untestable", None, None, "not counted", COUNTS, scale)
    unit = "G" if claim.metric == "gmacs" else "M"
    reason = f"{small:.1f}{unit} against {large:.1f}{unit} counted"
    if small < large and reversed_in_print(claim, ledger):
        reason += "; the paper's own numbers are in the other order"
    return Verdict(claim, "reproduced" if small < large else "contradicted", large - small, 0.0, reason, "", scale)


def _cost(name: str, metric: str, evidence: Evidence) -> float | None:
    method = get_method(name)
    record = evidence.cost(method.network, tuple(map(str, method.tasks)))
    if record is None:
        return None
    return record.gmacs if metric == "gmacs" else record.parameters / 1e6


def _faster(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    """Who is faster, on every device card that has both; the ranges of 10 to 90 % must not overlap."""
    first, second = get_method(claim.method), get_method(claim.than)
    scale, results, sentences, gaps = str(evidence.scale), [], [], []
    for card, records in evidence.latencies:
        own = record_of(records, first.network, first.tasks)
        other = record_of(records, second.network, second.tasks)
        if own is None or other is None:
            continue
        results.append(1 if own.p90_ms < other.p10_ms else -1 if other.p90_ms < own.p10_ms else 0)
        gaps.append((other.median_ms - own.median_ms) / 1e3)
        sentences.append(
            f"{own.median_ms / 1e3:.3f} s against {other.median_ms / 1e3:.3f} s on {card['device']}, "
            f"{card['precision']}, {card['size']} x {card['size']}"
        )
    if not results:
        return Verdict(claim, "untestable", None, None, "no device card has times of both", TIMES, scale)
    status = "reproduced" if min(results) > 0 else "contradicted" if max(results) < 0 else "close"
    if status == "close":
        sentences.append("the ranges overlap" if set(results) == {0} else "the device cards disagree")
    reversed_there = reversed_in_print(claim, ledger)
    if status == "reproduced" and reversed_there:
        status = "close"
        sentences.append("the paper's own times are in the other order: it depends on the device")
    if status == "contradicted" and not any(card["kind"] == "cuda" for card, _ in evidence.latencies):
        if reversed_there:
            sentences.append("the paper's own times are reversed too")
        else:
            status = "close"
            sentences.append(
                "reversed on a CPU, as printed on a device that is not named: a GPU's card would settle it"
            )
    return Verdict(claim, status, gaps[0], None, "; ".join(sentences), TIMES if status == "close" else "", scale)


def printed_pairs(claim: Claim, ledger: Ledger) -> list[tuple[Claim, Claim]]:
    """The paper's own numbers of the two methods of a claim, from every table and column that prints both."""
    columns: dict[tuple[str, str], dict[str, Claim]] = {}
    for number in ledger.numbers:
        if number.metric == claim.metric and number.dataset == claim.dataset and number.value is not None:
            columns.setdefault((number.table, number.column), {})[number.method] = number
    return [(c[claim.method], c[claim.than]) for c in columns.values() if claim.method in c and claim.than in c]


def reversed_in_print(claim: Claim, ledger: Ledger) -> bool:
    """Whether the paper's own numbers put an ordering the other way round."""
    lower = claim.metric in LOWER_IS_BETTER
    gaps = [(own.value or 0.0) - (other.value or 0.0) for own, other in printed_pairs(claim, ledger)]
    return any(gap > 0 if lower else gap < 0 for gap in gaps)
