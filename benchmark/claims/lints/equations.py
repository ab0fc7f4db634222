"""Lints on what a publication writes as equations: each with the line it stands in, and shown by numbers where it can be.

The equations stand in `equations.json` of the publication's folder, in their parts: what divides what, what is the
divergence of what, what a total adds up. A rule knows no publication; it reads the parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchmark.claims.claim import Ledger
from benchmark.claims.finding import Finding, joined
from benchmark.claims.schema import Equation

_TARGET = 0.6  # a value of a picture at which a divergence is shown


def divides_by_a_variance(ledger: Ledger) -> Iterator[Finding]:
    """A normalised coefficient whose denominator is a variance: it depends on the unit of its picture."""
    for one in _of_kind(ledger, "normalisation"):
        if one.divides_by == "variance":
            pixels = [0.2, 0.4, 0.9, 0.5]
            grey, bytes_ = (max(_normalised([p * unit for p in pixels], True)) for unit in (1.0, 255.0))
            held = [max(_normalised([p * unit for p in pixels], False)) for unit in (1.0, 255.0)]
            reason = (
                f"{_line(one)}. A difference over a variance has the unit 1/grey level: the same four pixels have a largest "
                f"coefficient of {grey:.2f} on [0, 1] and of {bytes_:.3f} on [0, 255]; over a standard deviation it is "
                f"{held[0]:.2f} on both"
            )
            yield _finding("divides by a variance", [one], "the denominator", reason)


def logarithm_of_signed_values(ledger: Ledger) -> Iterator[Finding]:
    """A divergence S log(S/T) of values that may be negative or zero, where it is no number."""
    for one in _of_kind(ledger, "divergence"):
        if one.range == "signed":
            draws = [(s, t) for s in _normal_quantiles(40) for t in _normal_quantiles(40)]
            lost = sum(s / t <= 0 for s, t in draws) / len(draws)
            reason = (
                f"{_line(one)}. {one.signed_because or 'its values have both signs'}: of pairs of two symmetric "
                f"distributions {lost:.0%} have a ratio below zero, whose logarithm is no number"
            )
            yield _finding("logarithm of signed values", [one], f"{one.of} and {one.from_}", reason)


def minimum_elsewhere(ledger: Ledger) -> Iterator[Finding]:
    """A divergence S log(S/T) of values that do not sum to one: its minimum is not at S = T."""
    for one in _of_kind(ledger, "divergence"):
        if one.range == "positive" and not one.sums_to_one:
            grid = [n / 10_000 for n in range(1, 10_001)]
            least = min(grid, key=lambda s: s * math.log(s / _TARGET))
            reason = (
                f"{_line(one)}. Nothing makes the values sum to one, so the sum is least at S = T/e and not at S = T: for "
                f"T = {_TARGET:g} it is 0 at {_TARGET:g} and {least * math.log(least / _TARGET):.3f} at {least:.3f}, "
                f"{least / _TARGET:.0%} of the brightness"
            )
            yield _finding("minimum elsewhere", [one], f"{one.of} at {one.from_}", reason)


def no_ground_truth(ledger: Ledger) -> Iterator[Finding]:
    """A total loss of which no term compares with the ground truth that the publication has."""
    if ledger.equations is None or not ledger.equations.truth:
        return
    known = {one.number: one for one in ledger.equations.equations}
    for total in _of_kind(ledger, "total"):
        terms = [known[number] for number in total.adds]
        if all(term.from_ != ledger.equations.truth for term in terms):
            held = ", ".join(f"{term.of} with {term.from_} (Equation {term.number})" for term in terms)
            reason = (
                f"{_line(total)}. Its terms compare {held}; none compares with the clean image "
                f"{ledger.equations.truth}, so a student can become no better than the teacher's outputs"
            )
            yield _finding("no ground truth", [total], "its terms", reason)


def one_count_for_two_depths(ledger: Ledger) -> Iterator[Finding]:
    """Sums over the levels of two parts that share one count though the parts have different depths."""
    if ledger.equations is None:
        return
    shared: dict[str, list[Equation]] = {}
    for one in ledger.equations.equations:
        if one.count and one.terms:
            shared.setdefault(one.count, []).append(one)
    depths = next((c.text.count(",") + 1 for c in ledger.numbers if c.metric == "layers"), 0)
    for count, of in shared.items():
        over = list(dict.fromkeys(one.terms for one in of))
        fewer = [part for part in over if ledger.equations.levels.get(part, "layers") != "layers"]
        if len(over) > 1 and fewer and depths:
            told = "; ".join(f"{part}: {ledger.equations.levels[part]}" for part in fewer)
            reason = (
                f"{' and '.join(_line(one) for one in of)}. One {count} counts {' and '.join(over)}, but a network of "
                f"{depths} encoder levels has {depths - 1} in its decoder ({told})"
            )
            yield _finding("one count for two depths", of, f"the count {count}", reason)


def undefined(ledger: Ledger) -> Iterator[Finding]:
    """What the equations rest on and the publication does not define."""
    for one in ledger.equations.undefined if ledger.equations else ():
        reason = f"said: “{one.says}” ({one.where}); {one.missing}"
        yield Finding("undefined", one.where, one.what, reason)


def _of_kind(ledger: Ledger, kind: str) -> list[Equation]:
    return [one for one in ledger.equations.equations if one.kind == kind] if ledger.equations else []


def _line(one: Equation) -> str:
    return f"said: “{one.says}” ({one.where})"


def _finding(lint: str, of: Sequence[Equation], cell: str, reason: str) -> Finding:
    names = [one.number for one in of]
    return Finding(lint, f"Equation{'s' if len(names) > 1 else ''} {joined(names)}", cell, reason)


def _normalised(pixels: Sequence[float], by_variance: bool) -> list[float]:
    """(I - mean) / spread of a window, the spread a variance or a standard deviation; without the constant."""
    mean = math.fsum(pixels) / len(pixels)
    variance = math.fsum((p - mean) ** 2 for p in pixels) / len(pixels)
    return [(p - mean) / (variance if by_variance else math.sqrt(variance)) for p in pixels]


def _normal_quantiles(count: int) -> list[float]:
    """`count` equally likely values of a standard normal distribution."""
    from statistics import NormalDist

    return [NormalDist().inv_cdf((place + 0.5) / count) for place in range(count)]
