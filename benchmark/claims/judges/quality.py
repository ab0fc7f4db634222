"""Verdicts on PSNR and SSIM: the printed number beside cells of the official set, if there are any."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

from benchmark.claims.claim import Claim, Ledger
from benchmark.claims.evidence import Evidence, Quality, measure
from benchmark.claims.published import title
from benchmark.claims.remedies import of_quality
from benchmark.claims.verdict import Status, Verdict
from benchmark.core.types import Scale
from benchmark.methods.find import get_method
from benchmark.runs.cells import Cell
from benchmark.statistics import SEEDS, prediction

_NUMBER = {"psnr": "{:.2f} dB", "ssim": "{:.4f}"}
_SLACK = 1e-9  # a difference of exactly half a digit counts as within


def judge_quality(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    """The verdict on one PSNR or SSIM; absolute values are never judged at a smaller scale.

    Where the row can be read as another method too, that reading is judged beside it and told in the reason.
    """
    if evidence.scale is not Scale.PAPER:
        scale = str(evidence.scale)
        reason = (
            f"absolute values are not compared at scale {scale}: small networks on a set made after "
            f"{title(claim.dataset)}; see scale paper"
        )
        return Verdict(claim, Status.UNTESTABLE, None, None, reason, "slkd-bench verdict --scale paper", scale)
    verdict = _judged(claim, ledger, evidence)
    for name, method in claim.alternatives:
        other = _judged(replace(claim, method=method), ledger, evidence)
        verdict = replace(verdict, reason=f"{verdict.reason}; read as {name}: {other.status}, {other.reason}")
    return verdict


def _judged(claim: Claim, ledger: Ledger, evidence: Evidence) -> Verdict:
    compared = []
    for dataset in dict.fromkeys(name for name in (claim.true_dataset, claim.dataset) if name):
        cells = evidence.cells.get((claim.method, dataset))
        if cells:
            compared.append((dataset, measure(cells, claim.metric)))
    usable = [(dataset, found) for dataset, found in compared if claim.protocol in (None, found.protocol)]
    if not usable:
        reason = _why_not(claim, evidence, compared)
        return Verdict(claim, Status.UNTESTABLE, None, None, reason, of_quality(claim), "paper")
    (dataset, found), others = usable[0], usable[1:]
    cells = evidence.cells[claim.method, dataset]
    lost = [problem for cell in cells if (problem := evidence.collapsed(cell))]
    shown = _NUMBER[claim.metric]
    sentences = [
        f"{shown.format(found.mean)} measured on {title(dataset)} ({found.basis}), "
        f"{abs(found.mean - (claim.value or 0.0)):.4g} from {claim.text}"
    ]
    if lost:
        return Verdict(claim, Status.UNTESTABLE, found.mean, None, f"{lost[0]}; {sentences[0]}", "", "paper")
    if any(evidence.trained(cell) for cell in cells):
        status, bound, told = _trained_again(claim, ledger, found, evidence)
    else:
        status, bound, told = _imported(claim, found)
    sentences.append(told)
    if claim.true_dataset != claim.dataset:
        role = "the set the number really is of" if dataset == claim.true_dataset else "the set the column names"
        sentences.append(f"compared on {title(dataset)}, {role}, not {title(_other(claim, dataset))}")
    sentences += [f"on {title(name)}, which the column names: {shown.format(q.mean)}" for name, q in others]
    sentences += [_beside_scratch(claim, found, dataset, evidence), provenance(claim)]
    remedy = of_quality(claim) if status is Status.UNTESTABLE else ""
    return Verdict(claim, status, found.mean, bound, "; ".join(s for s in sentences if s), remedy, "paper")


def _imported(claim: Claim, found: Quality) -> tuple[Status, float, str]:
    """The authors' own weights give their own number, but for the rounding of its last digit."""
    near, far = claim.half_digit + _SLACK, 2 * claim.half_digit + _SLACK
    distance = abs(found.mean - (claim.value or 0.0))
    status = Status.REPRODUCED if distance <= near else Status.CLOSE if distance <= far else Status.CONTRADICTED
    return status, far, f"weights of its authors: half a digit is {claim.half_digit:g}, one unit {far:.4g}"


def _trained_again(
    claim: Claim, ledger: Ledger, found: Quality, evidence: Evidence
) -> tuple[Status, float | None, str]:
    """Another training of the same recipe lands in an interval; with fewer than three seeds nobody knows how wide."""
    if len(found.by_seed) < SEEDS:
        count = len(found.by_seed)
        told = (
            f"trained again with {count} seed{'s' if count > 1 else ''}: at least {SEEDS} say how far trainings differ"
        )
        return Status.UNTESTABLE, None, told
    low, high = prediction(found.by_seed)
    low, high = low - claim.half_digit - _SLACK, high + claim.half_digit + _SLACK
    shown = _NUMBER[claim.metric]
    span = f"{shown.format(low)} to {shown.format(high)}"
    told = f"one more training would land in {span} (95 %, from {len(found.by_seed)} seeds)"
    if not low <= (claim.value or 0.0) <= high:
        return Status.CONTRADICTED, (high - low) / 2, told
    rivals = [c for c in _rivals(claim, ledger) if low <= (c.value or 0.0) <= high]
    if rivals:
        told += f", and so would {rivals[0].row}'s {rivals[0].text}: the seeds cannot tell them apart"
    return (Status.CLOSE if rivals else Status.REPRODUCED), (high - low) / 2, told


def _rivals(claim: Claim, ledger: Ledger) -> list[Claim]:
    """The other numbers of a claim's column that compete with it."""
    place = claim.table, claim.column, claim.pool, claim.metric
    return [
        c
        for c in ledger.numbers
        if (c.table, c.column, c.pool, c.metric) == place and c.row != claim.row and c.value is not None
    ]


def _beside_scratch(claim: Claim, found: Quality, dataset: str, evidence: Evidence) -> str:
    """What distilling brought over plain training, which another data set or recipe changes least."""
    method = get_method(claim.method)
    if method.distiller in ("", "scratch"):
        return ""
    cells: list[Cell] = evidence.cells.get((f"{method.network}-scratch", dataset), [])
    if not cells:
        return ""
    gain = found.mean - fmean(getattr(cell, claim.metric) for cell in cells)
    return f"{gain:+.{2 if claim.metric == 'psnr' else 4}f}{' dB' if claim.metric == 'psnr' else ''} over scratch"


def provenance(claim: Claim) -> str:
    """Where a number comes from, and the published one beside it, in one phrase."""
    original = claim.original
    if claim.copied and original:
        elsewhere = (
            f"; so the set is {title(original.dataset)}, not {title(claim.dataset)}"
            if original.dataset != claim.dataset
            else ""
        )
        unread = "" if original.checked else " (not read in its source)"
        return f"{claim.provenance}: equals {original.where}{unread}{elsewhere}"
    if claim.provenance == "unsourced":
        beside = f"; published: {original.text} on {title(original.dataset)}" if original else ""
        return f"stands in no other publication on record{beside}"
    return "" if claim.provenance == "measured by the authors" else claim.provenance


def _why_not(claim: Claim, evidence: Evidence, compared: list[tuple[str, Quality]]) -> str:
    name = claim.true_dataset or claim.dataset
    sentences = [provenance(claim)]
    if compared:
        found = " and ".join(f"{title(d)} under {q.protocol}" for d, q in compared)
        sentences.append(f"measured on {found}, but the number is under {claim.protocol}")
    else:
        sets = " or ".join(title(d) for d in dict.fromkeys((name, claim.dataset)))
        sentences.append(f"not run: no result file of {claim.method or claim.row} on {sets} at scale paper")
        unfit = [
            f"{title(d)}: {evidence.unfit[claim.method, d]}"
            for d in dict.fromkeys((name, claim.dataset))
            if (claim.method, d) in evidence.unfit
        ]
        sentences += unfit
        sentences.append(_needs(claim, name))
    return "; ".join(s for s in sentences if s)


def _needs(claim: Claim, dataset: str) -> str:
    """Which data and weights it takes."""
    if not claim.method:
        return "this suite has no such method"
    method = get_method(claim.method)
    if method.distiller:
        return f"needs {title(dataset)}, its training set and a training run: no weights of this student are published"
    if claim.provenance == "unsourced":
        return f"needs {title(dataset)} and weights for it, which are published by nobody on record"
    return f"needs {title(dataset)} and the weights of {method.title}'s authors"


def _other(claim: Claim, dataset: str) -> str:
    return claim.dataset if dataset == claim.true_dataset else claim.true_dataset
