"""Rules that read a paper's numbers and equations for slips and gaps: they work on any ledger and know no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmark.claims.claim import Ledger
from benchmark.claims.finding import Finding
from benchmark.claims.ledger import read_ledger
from benchmark.claims.lints import design, equations, numbers

LINTS: dict[str, Callable[[Ledger], Iterator[Finding]]] = {
    "tables disagree": numbers.tables_disagree,
    "wrong best": numbers.wrong_best,
    "two seconds": numbers.two_seconds,
    "wrong second": numbers.wrong_second,
    "another set's number": numbers.another_sets_number,
    "unlike the published": numbers.unlike_the_published,
    "no source": numbers.no_source,
    "off the PSNR-SSIM line": numbers.off_the_line,
    "cost of no variant": numbers.cost_of_no_variant,
    "cost of another variant": numbers.cost_of_another_variant,
    "words against numbers": design.words_against_numbers,
    "estimators mixed": design.estimators_mixed,
    "part of a set": design.part_of_a_set,
    "overlap with training": design.overlap_with_training,
    "missing controls": design.missing_controls,
    "not stated": design.not_stated,
    "divides by a variance": equations.divides_by_a_variance,
    "logarithm of signed values": equations.logarithm_of_signed_values,
    "minimum elsewhere": equations.minimum_elsewhere,
    "no ground truth": equations.no_ground_truth,
    "one count for two depths": equations.one_count_for_two_depths,
    "undefined": equations.undefined,
}


def audit_paper(paper: str = "") -> list[Finding]:
    """Every finding of every rule, rule by rule. Raises UnknownName, or BadResult for a ledger that is not sound."""
    return audit_ledger(read_ledger(paper))


def audit_ledger(ledger: Ledger) -> list[Finding]:
    """The findings on a ledger that has been read."""
    return [finding for lint in LINTS.values() for finding in lint(ledger)]
