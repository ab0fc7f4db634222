"""Rules that read a paper's numbers for slips and gaps. Each works on any ledger; none knows an answer beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmark.claims import lints_of_design, lints_of_numbers
from benchmark.claims.claim import Ledger
from benchmark.claims.finding import Finding
from benchmark.claims.ledger import read_ledger

LINTS: dict[str, Callable[[Ledger], Iterator[Finding]]] = {
    "tables disagree": lints_of_numbers.tables_disagree,
    "wrong best": lints_of_numbers.wrong_best,
    "two seconds": lints_of_numbers.two_seconds,
    "wrong second": lints_of_numbers.wrong_second,
    "another set's number": lints_of_numbers.another_sets_number,
    "unlike the published": lints_of_numbers.unlike_the_published,
    "no source": lints_of_numbers.no_source,
    "off the PSNR-SSIM line": lints_of_numbers.off_the_line,
    "cost of no variant": lints_of_numbers.cost_of_no_variant,
    "cost of another variant": lints_of_numbers.cost_of_another_variant,
    "words against numbers": lints_of_design.words_against_numbers,
    "estimators mixed": lints_of_design.estimators_mixed,
    "part of a set": lints_of_design.part_of_a_set,
    "overlap with training": lints_of_design.overlap_with_training,
    "missing controls": lints_of_design.missing_controls,
    "not stated": lints_of_design.not_stated,
}


def audit_paper(paper: str = "slkd") -> list[Finding]:
    """Every finding of every rule, rule by rule. Raises UnknownName, or BadResult for a ledger that is not sound."""
    return audit_ledger(read_ledger(paper))


def audit_ledger(ledger: Ledger) -> list[Finding]:
    """The findings on a ledger that has been read."""
    return [finding for lint in LINTS.values() for finding in lint(ledger)]
