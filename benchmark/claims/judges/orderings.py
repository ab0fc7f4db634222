"""Verdicts on who is better on a set: paired differences with training seeds as the unit of chance, scenes inside.

PSNR and SSIM of the same images are one comparison: PSNR decides, SSIM is told, and an SSIM that is decided the other way
leaves the comparison open. Holm's correction runs over all comparisons of the publication that rest on one table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.claims.claim import Claim
from benchmark.claims.evidence import Evidence, card_of
from benchmark.claims.judges.compared import Compared, budget, compare
from benchmark.claims.judges.times import own_choice
from benchmark.claims.verdict import Status, Verdict
from benchmark.core.types import Scale
from benchmark.methods.distillers import with_readings
from benchmark.runs.cells import Cell
from benchmark.statistics import FLOOR, Conclusion, Effect, conclude, holm

_UNITS = {"psnr": " dB", "ssim": ""}
_DIGITS = {"psnr": 2, "ssim": 4}
_WORDS = {
    Scale.PAPER: {
        Conclusion.BETTER: Status.REPRODUCED,
        Conclusion.WORSE: Status.CONTRADICTED,
        Conclusion.EQUAL: Status.CLOSE,
        Conclusion.OPEN: Status.CLOSE,
    },
    Scale.MINI: {
        Conclusion.BETTER: Status.AGREES,
        Conclusion.WORSE: Status.DISAGREES,
        Conclusion.EQUAL: Status.UNDECIDED,
        Conclusion.OPEN: Status.UNDECIDED,
    },
}


def judge_orderings(claims: Sequence[Claim], evidence: Evidence) -> list[Verdict]:
    """The verdicts on orderings of quality; `claims` are all of the publication, since they are tested together."""
    judged: dict[str, Verdict] = {}
    compared: list[Compared] = []
    for claim in claims:
        found = own_choice(claim) if claim.by_size and evidence.scale is not Scale.PAPER else compare(claim, evidence)
        if isinstance(found, Verdict):
            judged[claim.id] = found
        else:
            compared.append(found)
    for metric, adjusted in _adjusted(compared).items():
        for one in compared:
            if next(iter(one.effects)) == metric:
                judged[one.claim.id] = _verdict(one, adjusted[one.claim.id], evidence)
    return [judged[claim.id] for claim in claims]


@dataclass(frozen=True)
class Adjusted:
    """A comparison's p-values after Holm's correction: of its first metric, of equality, and of what is also measured."""

    chance: float
    equal: float
    also: dict[str, tuple[float, float]]
    tests: int


def _adjusted(compared: Sequence[Compared]) -> dict[str, dict[str, Adjusted]]:
    """By leading metric and claim. The claims that rest on one table are one family; where a statement has several
    readings, each is corrected in the family in which it stands for the statement."""
    found: dict[str, dict[str, Adjusted]] = {}
    for family in dict.fromkeys(one.claim.family for one in compared):
        members = [one for one in compared if one.claim.family == family]
        others = dict.fromkeys((one.claim.statement, one.claim.reading) for one in members if one.claim.rank)
        for statement, reading in [("", ""), *others]:
            together = [
                one
                for one in members
                if (one.claim.reading == reading if one.claim.statement == statement else one.claim.rank == 0)
            ]
            told = [one for one in together if one.claim.statement == statement or not statement]
            for one, adjusted in zip(together, _holm(together), strict=True):
                if one in told:
                    found.setdefault(next(iter(one.effects)), {})[one.claim.id] = adjusted
    return found


def _holm(together: Sequence[Compared]) -> list[Adjusted]:
    leads = [next(iter(one.effects.values())) for one in together]
    chances, equals = holm([e.chance for e in leads]), holm([e.equal for e in leads])
    also: list[dict[str, tuple[float, float]]] = [{} for _ in together]
    for metric in dict.fromkeys(m for one in together for m in list(one.effects)[1:]):
        having = [place for place, one in enumerate(together) if metric in list(one.effects)[1:]]
        p = holm([together[place].effects[metric].chance for place in having])
        q = holm([together[place].effects[metric].equal for place in having])
        for place, chance, equal in zip(having, p, q, strict=True):
            also[place][metric] = (chance, equal)
    return [Adjusted(p, q, a, len(together)) for p, q, a in zip(chances, equals, also, strict=True)]


def _verdict(one: Compared, adjusted: Adjusted, evidence: Evidence) -> Verdict:
    claim, (metric, lead) = one.claim, next(iter(one.effects.items()))
    concluded = conclude(lead, adjusted.chance, adjusted.equal, FLOOR[metric])
    against = {Conclusion.BETTER: Conclusion.WORSE, Conclusion.WORSE: Conclusion.BETTER}.get(concluded)
    beside = {
        name: conclude(one.effects[name], chance, equal, FLOOR[name]) for name, (chance, equal) in adjusted.also.items()
    }
    opposed = [name for name, said in beside.items() if said is against]
    status = _WORDS[evidence.scale][Conclusion.OPEN if opposed else concluded]
    reason = "; ".join(
        part
        for part in (
            f"{one.dataset}: {', '.join(_told(name, found) for name, found in one.effects.items())}",
            _basis(lead, adjusted, claim, evidence),
            f"{' and '.join(name.upper() for name in opposed)} is decided the other way" if opposed else "",
            _why(concluded, lead, adjusted, metric),
        )
        if part
    )
    half = (lead.high - lead.low) / 2
    tolerance = None if math.isnan(half) else half
    reading = "; ".join(part for part in (claim.reading, *_readings(one.cells)) if part)
    scale = str(evidence.scale)
    return Verdict(claim, status, lead.mean, tolerance, reason, "", scale, budget(one.cells), reading)


def _told(metric: str, found: Effect) -> str:
    digits = _DIGITS[metric]
    interval = "" if math.isnan(found.low) else f" [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
    return f"{'SSIM ' if metric == 'ssim' else ''}{found.mean:+.{digits}f}{_UNITS[metric]}{interval}"


def _basis(lead: Effect, adjusted: Adjusted, claim: Claim, evidence: Evidence) -> str:
    if math.isnan(adjusted.chance):
        return f"{lead.images:,} images of one scene, so chance is unknown"
    p = f"p = {adjusted.chance:.2g}"
    if adjusted.tests > 1:
        place = claim.family if " " in claim.family else f"Table {claim.family}"
        p += f" after Holm over {adjusted.tests} comparisons of {place}"
    seeds = f"{lead.seeds} seeds" if lead.seeds > 1 else "one seed"
    if lead.own_spread:
        over = f"over {seeds} (turning their signs: p = {lead.flip:.2g})"
    elif any(evidence.trained(cell) for name in (claim.method, claim.than) for cell in _cells(name, evidence)):
        spread = evidence.seed_spread(claim.metric)
        origin = "as measured on other pairs" if spread.measured else "as documented"
        over = f"over {seeds}, with a spread of {spread.deviation:.2g}{_UNITS[claim.metric]} {origin}"
    else:
        over = "between the authors' weights"
    return f"{p}, {over}, {lead.images:,} images of {lead.scenes} scenes"


def _cells(method: str, evidence: Evidence) -> list[Cell]:
    return [cell for (name, _), cells in evidence.cells.items() if name == method for cell in cells]


def _why(concluded: Conclusion, lead: Effect, adjusted: Adjusted, metric: str) -> str:
    floor = f"{FLOOR[metric]:g}{_UNITS[metric]}"
    if concluded is Conclusion.EQUAL:
        return f"no difference of {floor} (two one-sided tests, p = {adjusted.equal:.2g})"
    if concluded is Conclusion.WORSE:
        return "the order is reversed"
    if concluded is Conclusion.OPEN and not math.isnan(adjusted.chance):
        return f"below the floor of {floor}" if abs(lead.mean) < FLOOR[metric] else "chance may explain it"
    return ""


def _readings(cells: Iterable[Cell]) -> list[str]:
    """How the losses of the paper were read in the trainings, where it leaves them open."""
    told = []
    targets = {spec.target for spec in with_readings()}
    for cell in cells:
        card = card_of(cell)
        if card.get("objective") in targets:
            named = (card.get("options") or {}).get("reading")
            version = (card.get("code") or {}).get("version", "")
            told.append(f"losses read as `{named}`" if named else f"losses in the default reading of version {version}")
    return list(dict.fromkeys(told))
