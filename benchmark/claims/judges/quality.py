"""Verdicts on PSNR and SSIM: the printed number beside cells of the official set, if there are any."""

from __future__ import annotations

import math

from benchmark.claims.claim import Claim
from benchmark.claims.evidence import Evidence, Quality, measure
from benchmark.claims.judge import Verdict
from benchmark.claims.published import title
from benchmark.claims.remedies import of_quality
from benchmark.core.types import Scale
from benchmark.methods.find import get_method

_NUMBER = {"psnr": "{:.2f} dB", "ssim": "{:.4f}"}


def judge_quality(claim: Claim, evidence: Evidence) -> Verdict:
    """The verdict on one PSNR or SSIM; absolute values are never judged at scale mini."""
    if evidence.scale is Scale.MINI:
        reason = (
            f"absolute values are not compared at scale mini: small networks on a set made after {title(claim.dataset)}; "
            "see scale paper"
        )
        return Verdict(claim, "untestable", None, None, reason, "slkd-bench verdict --scale paper", "mini")
    compared = []
    for dataset in dict.fromkeys(name for name in (claim.true_dataset, claim.dataset) if name):
        cells = evidence.cells.get((claim.method, dataset))
        if cells:
            compared.append((dataset, measure(cells, claim.metric)))
    usable = [(dataset, found) for dataset, found in compared if claim.protocol in (None, found.protocol)]
    if not usable:
        return Verdict(claim, "untestable", None, None, _why_not(claim, evidence, compared), of_quality(claim), "paper")
    (dataset, found), others = usable[0], usable[1:]
    near, far = bounds(claim, found)
    distance = abs(found.mean - (claim.value or 0.0))
    status = "reproduced" if distance <= near else "close" if distance <= far else "contradicted"
    shown = _NUMBER[claim.metric]
    sentences = [
        f"{shown.format(found.mean)} measured on {title(dataset)} ({found.basis}), {distance:.4g} from {claim.text}",
        f"half a digit{'' if math.isnan(found.spread) else ' and twice the spread over seeds'} is {near:.4g}, "
        f"with two standard errors over scenes {far:.4g}",
    ]
    if claim.true_dataset != claim.dataset:
        role = "the set the number really is of" if dataset == claim.true_dataset else "the set the column names"
        sentences.append(f"compared on {title(dataset)}, {role}, not {title(_other(claim, dataset))}")
    sentences += [f"on {title(name)}, which the column names: {shown.format(q.mean)}" for name, q in others]
    sentences.append(provenance(claim))
    return Verdict(claim, status, found.mean, far, "; ".join(s for s in sentences if s), "", "paper")


def bounds(claim: Claim, found: Quality) -> tuple[float, float]:
    """How far a number may be to be reproduced, and to be close."""
    spread = 0.0 if math.isnan(found.spread) else found.spread
    error = 0.0 if math.isnan(found.error) else found.error
    slack = 1e-9  # a difference of exactly half a digit counts as within
    near = claim.half_digit + 2 * spread + slack
    return near, claim.half_digit + 2 * math.hypot(error, spread) + slack


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
