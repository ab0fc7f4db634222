"""Lints that hold printed numbers against each other, against their marks and against what others published."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

from benchmark.claims.claim import LOWER_IS_BETTER, QUALITY, Claim, Ledger
from benchmark.claims.complexity.readings import read_readings
from benchmark.claims.finding import Finding, joined
from benchmark.claims.ledger import others_results
from benchmark.claims.published import Published, title
from benchmark.datasets.passport import passports

_NAMES = {"psnr": "PSNR", "ssim": "SSIM"}
_POINTS = 6  # published results that a line needs
_LEVEL = 0.05


def tables_disagree(ledger: Ledger) -> Iterator[Finding]:
    """A number of one method that is printed differently in two tables."""
    groups: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in ledger.numbers:
        if claim.method:
            groups.setdefault((claim.method, claim.dataset or claim.column, claim.metric), []).append(claim)
    for same in groups.values():
        texts = {claim.text for claim in same}
        if len(texts) > 1:
            where = " and ".join(f"{claim.text} in Table {claim.table}" for claim in same)
            cell = f"{same[0].row}, {same[0].column}, {_NAMES.get(same[0].metric, same[0].column)}"
            yield _finding("tables disagree", same, cell, f"printed as {where}")


def two_seconds(ledger: Ledger) -> Iterator[Finding]:
    """Two cells of one column and pool that are marked second though they are no tie."""
    for pool in _pools(ledger):
        marked = [c for c in pool if c.mark == "second" and c.metric != "ssim"]
        if len({c.value for c in marked}) > 1:
            cells = " and ".join(f"{c.row} {_cell_text(ledger, c)}" for c in marked)
            ranks = ", ".join(f"{c.text} is number {_rank(c, pool)}" for c in marked)
            yield _finding("two seconds", marked, f"{marked[0].column}", f"both {cells} are marked second; {ranks}")


def wrong_second(ledger: Ledger) -> Iterator[Finding]:
    """A cell marked second that is not second by its first number, or whose SSIM belongs elsewhere in the order."""
    for pool in _pools(ledger):
        marked = [c for c in pool if c.mark == "second" and c.metric != "ssim"]
        if len({c.value for c in marked}) > 1:
            continue  # told by `two_seconds`
        for claim in marked:
            if _rank(claim, pool) != 2:
                reason = f"{claim.text} is marked second and is number {_rank(claim, pool)}"
                yield _finding("wrong second", [claim], f"{claim.row}, {claim.column}", reason)
        for claim in marked:
            yield from _wrong_ssim(ledger, claim, pool)


def wrong_best(ledger: Ledger) -> Iterator[Finding]:
    """A cell marked best that is not, by its first number; where the best mark is not on record it says nothing."""
    for pool in _pools(ledger):
        for claim in pool:
            if claim.mark == "best" and _rank(claim, pool) != 1:
                first = next(c for c in pool if _rank(c, pool) == 1)
                reason = f"{claim.text} is marked best; {first.row} has {first.text}"
                yield _finding("wrong best", [claim], f"{claim.row}, {claim.column}", reason)


def _wrong_ssim(ledger: Ledger, marked: Claim, pool: Sequence[Claim]) -> Iterator[Finding]:
    ssims = {
        c.row: c
        for c in ledger.numbers
        if c.metric == "ssim" and (c.table, c.column) == (marked.table, marked.column) and c.pool == marked.pool
    }
    own = ssims.get(marked.row)
    if own is None or own.value is None or marked.metric != "psnr":
        return
    first = max(pool, key=lambda c: c.value or 0.0)
    better = sorted({c.value for c in ssims.values() if c.value is not None and c.value > own.value}, reverse=True)
    cell = f"{marked.row}, {marked.column}"
    if not better and (ssims[first.row].value or 0.0) < own.value:
        tied = [c.row for c in ssims.values() if c.value == own.value and c.row != own.row]
        also = f", with {' and '.join(tied)}" if tied else ""
        beside = f"{first.row} has {ssims[first.row].text}"
        reason = f"SSIM {own.text} is marked second and is the best of the column{also}; {beside}"
        yield _finding("wrong second", [own], cell, reason)
    elif len(better) > 1:
        above = ", ".join(f"{c.row} {c.text}" for c in ssims.values() if (c.value or 0.0) > own.value)
        yield _finding("wrong second", [own], cell, f"SSIM {own.text} is marked second; higher are {above}")


def another_sets_number(ledger: Ledger) -> Iterator[Finding]:
    """A cell that equals what was published for the same method on another set, and not for the set it names."""
    for claim in _cells(ledger):
        found = claim.original
        if found and claim.value == found.value and found.dataset != claim.dataset:
            beside = [c for c in _record(ledger) if (c.method, c.dataset) == (claim.known_as, claim.dataset)]
            named = f"; {title(claim.dataset)} gives {beside[0].number}" if beside else ""
            reason = f"equals {claim.known_as} on {title(found.dataset)} ({found.where}){named}"
            yield _finding("another set's number", [claim], f"{_at(ledger, claim)}", reason)


def unlike_the_published(ledger: Ledger) -> Iterator[Finding]:
    """A cell without source that equals none of the results published for its method on the set it names or is of."""
    for claim in _cells(ledger):
        sets = (claim.dataset, claim.true_dataset)
        others = [c for c in _record(ledger) if c.method == claim.known_as and c.dataset in sets]
        ssim = _partner(ledger, claim)
        equal = [c for c in others if c.equals(claim.value or 0.0, ssim.value if ssim else None)]
        if others and not claim.copied and not equal:
            known = " and ".join(f"{c.number} on {title(c.dataset)}" for c in others)
            reason = f"published for it: {known}; no source is given"
            yield _finding("unlike the published", [claim], _at(ledger, claim), reason)


def no_source(ledger: Ledger) -> Iterator[Finding]:
    """Rows with cells of other people's networks that are neither measured by the authors nor published anywhere on record."""
    rows: dict[tuple[str, str], list[Claim]] = {}
    for claim in _cells(ledger):
        if claim.provenance == "unsourced" and claim.original is None:
            rows.setdefault((claim.table, claim.row), []).append(claim)
    for claims in rows.values():
        cells = ", ".join(f"{c.column} {_cell_text(ledger, c)}" for c in claims)
        reason = "no publication on record has these results, and the paper does not say who measured them"
        yield _finding("no source", claims, f"{claims[0].row}: {cells}", reason)


def off_the_line(ledger: Ledger) -> Iterator[Finding]:
    """A cell whose SSIM does not go with its PSNR, seen from the published results of that set under its protocol.

    The line is fitted to -10 log10(1 - SSIM) over PSNR; a cell is reported when the prediction interval that allows for
    all cells of the set at once (5 %) leaves it out, by more than the rounding of its last digit.
    """

    sets: dict[str, dict[tuple[float, float], list[Claim]]] = {}
    for claim in _cells(ledger):
        ssim = _partner(ledger, claim)
        if ssim and ssim.value is not None and claim.value is not None and claim.true_dataset:
            sets.setdefault(claim.true_dataset, {}).setdefault((claim.value, ssim.value), []).append(claim)
    for dataset, cells in sets.items():
        protocol = passports()[dataset].protocol
        line = [c for c in _record(ledger) if (c.dataset, c.protocol) == (dataset, protocol) and c.ssim is not None]
        new = {k: v for k, v in cells.items() if not any(c.equals(*k) for c in line)}
        if len(line) < _POINTS:
            continue
        low, high = min(c.psnr for c in line), max(c.psnr for c in line)
        for (psnr, ssim_value), claims in new.items():
            if not low <= psnr <= high:
                continue  # a line says nothing beyond its ends
            off = _residual(line, psnr, ssim_value, len(new))
            if off:
                tables = joined(c.table for c in claims)
                where = f"{off:+.4f} from the line through {len(line)} results on {title(dataset)} under {protocol}"
                under = f"; it is under {claims[0].protocol}" if claims[0].protocol not in (None, protocol) else ""
                cell = f"{claims[0].row}, {claims[0].column} {_cell_text(ledger, claims[0])}"
                ids = tuple(c.id for c in claims)
                yield Finding("off the PSNR-SSIM line", tables, cell, f"SSIM is {where}{under}", ids)


def _residual(line: Sequence[Published], psnr: float, ssim: float, cells: int) -> float:
    """How far an SSIM is from the line, or 0 when that is within what chance and rounding allow."""
    from scipy.special import stdtrit

    def bent(value: float) -> float:
        return -10 * math.log10(1 - value)

    x, y = [c.psnr for c in line], [bent(c.ssim or 0.0) for c in line]
    mean, squares = fmean(x), math.fsum((v - fmean(x)) ** 2 for v in x)
    slope = math.fsum((a - mean) * b for a, b in zip(x, y, strict=True)) / squares
    start = fmean(y) - slope * mean
    free = len(x) - 2
    noise = math.sqrt(math.fsum((b - start - slope * a) ** 2 for a, b in zip(x, y, strict=True)) / free)
    error = noise * math.sqrt(1 + 1 / len(x) + (psnr - mean) ** 2 / squares)
    allowed = float(stdtrit(free, 1 - _LEVEL / (2 * cells))) * error
    off = bent(ssim) - start - slope * psnr
    rounding = abs(bent(ssim + 0.0005) - bent(ssim))
    if abs(off) - rounding <= allowed:
        return 0.0
    return ssim - (1 - 10 ** (-(start + slope * psnr) / 10))


def cost_of_no_variant(ledger: Ledger) -> Iterator[Finding]:
    """FLOPs that no reading of the network gives, as the recorded complexity audit found."""
    for reading in read_readings(ledger.id):
        if not reading.agrees and reading.explanation is None:
            reason = (
                f"the network costs {reading.gmacs:.1f}G and none of {reading.tried} other readings gives the number"
            )
            yield Finding(
                "cost of no variant", reading.table, f"{reading.row}, FLOPs {_printed(ledger, reading.row)}", reason
            )


def cost_of_another_variant(ledger: Ledger) -> Iterator[Finding]:
    """FLOPs of another variant than the one whose results stand in the row, as the recorded audit found."""
    for reading in read_readings(ledger.id):
        if not reading.agrees and reading.explanation:
            row, _, task = reading.row.partition(", ")
            scored = f"scored for {task}, it costs" if task else "as it is scored, it costs"
            reason = f"{reading.explanation}; {scored} {reading.gmacs:.1f}G"
            yield Finding(
                "cost of another variant", reading.table, f"{reading.row}, FLOPs {_printed(ledger, row)}", reason
            )


def _printed(ledger: Ledger, row: str) -> str:
    return next((c.text for c in ledger.numbers if c.metric == "gmacs" and c.row == row), "")


def _pools(ledger: Ledger) -> Iterator[list[Claim]]:
    """The claims of one column that compete for the marks; PSNR stands for its cell."""
    pools: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in ledger.numbers:
        if claim.pool and claim.metric != "ssim" and claim.value is not None:
            pools.setdefault((claim.table, claim.column, claim.pool), []).append(claim)
    yield from pools.values()


def _rank(claim: Claim, pool: Sequence[Claim]) -> int:
    """1 for the best; equal values share a rank."""
    sign = 1 if claim.metric in LOWER_IS_BETTER else -1
    return 1 + len({c.value for c in pool if sign * ((c.value or 0.0) - (claim.value or 0.0)) < 0})


def _cells(ledger: Ledger) -> Iterator[Claim]:
    return (c for c in ledger.numbers if c.metric == QUALITY[0] and c.dataset)


def _partner(ledger: Ledger, claim: Claim) -> Claim | None:
    return next((c for c in ledger.numbers if c.cell == claim.cell and c.metric == "ssim"), None)


def _cell_text(ledger: Ledger, claim: Claim) -> str:
    ssim = _partner(ledger, claim) if claim.metric == "psnr" else None
    return f"{claim.text}/{ssim.text}" if ssim else claim.text


def _at(ledger: Ledger, claim: Claim) -> str:
    return f"{claim.row}, {claim.column} {_cell_text(ledger, claim)}"


def _record(ledger: Ledger) -> Sequence[Published]:
    """What others published: the paper's own numbers left out."""

    return others_results(ledger.id)


def _finding(lint: str, claims: Sequence[Claim], cell: str, reason: str) -> Finding:
    return Finding(lint, joined(c.table for c in claims), cell, reason, tuple(c.id for c in claims))
