"""Lints on how a paper compares: its words, its protocols, its sets, its controls and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.claims.claim import QUALITY, Claim, Ledger, printed_pairs
from benchmark.claims.finding import Finding, joined
from benchmark.claims.ledger import others_results
from benchmark.claims.published import title
from benchmark.datasets.passport import passports
from benchmark.methods.find import get_method

_METRICS = {"psnr": "PSNR", "ssim": "SSIM", "gmacs": "FLOPs", "parameters": "parameters", "latency": "infer time"}
_CONTROLS = ("scratch", "logits")


def words_against_numbers(ledger: Ledger) -> Iterator[Finding]:
    """A sentence that orders methods otherwise than the paper's own tables do; ties are let pass."""
    groups: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in ledger.claims:
        if claim.kind == "ordering" and not claim.rank:
            for metric in (claim.metric, *claim.also):
                groups.setdefault((claim.statement, claim.method, metric), []).append(claim)
    for (_, method, name), group in groups.items():
        against, tables, value = [], set(), ""
        pairs = [pair for claim in group for pair in printed_pairs(claim, ledger) if pair[0].metric == name]
        for own, other in pairs:
            better = (other.value or 0.0) - (own.value or 0.0)
            if better > 0 if name in QUALITY else better < 0:
                against.append(f"{other.row} {other.text}" + (f" on {other.column}" if name in QUALITY else ""))
                tables.add(own.table)
                value = own.text
        if against:
            cell = f"{get_method(method).title}, {_METRICS[name]} {value}"
            reason = f"said: {group[0].text} ({group[0].note}); printed better: {', '.join(against)}"
            yield Finding("words against numbers", joined(sorted(tables)), cell, reason, tuple(c.id for c in group))


def estimators_mixed(ledger: Ledger) -> Iterator[Finding]:
    """A column that copies SSIM values made by different estimators, which cannot be compared."""
    columns: dict[tuple[str, str], list[Claim]] = {}
    for claim in ledger.numbers:
        if claim.metric == "ssim" and claim.copied and claim.protocol:
            columns.setdefault((claim.table, claim.column), []).append(claim)
    for (table, column), claims in columns.items():
        protocols = list(dict.fromkeys(c.protocol for c in claims))
        if len(protocols) > 1:
            cells = {p: ", ".join(f"{c.row} {c.text}" for c in claims if c.protocol == p) for p in protocols}
            parts = " and ".join(f"{found} under {protocol}" for protocol, found in cells.items())
            yield Finding(
                "estimators mixed",
                table,
                f"{column}, SSIM",
                f"{parts}: two estimators, one column",
                tuple(c.id for c in claims),
            )


def part_of_a_set(ledger: Ledger) -> Iterator[Finding]:
    """A column named after a set that has two test parts, for which its methods have different results on record."""

    if ledger.states.get("test part", {}).get("stated", True):
        return
    server = {c.method: c for c in others_results(ledger.id) if c.dataset.endswith("-benchmark")}
    columns: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in ledger.numbers:
        other = server.get(claim.known_as)
        if claim.metric == "psnr" and other and other.dataset.removesuffix("-benchmark") == claim.dataset:
            columns.setdefault((claim.table, claim.column, claim.dataset), []).append(claim)
    for (table, column, _), claims in columns.items():
        cells = " and ".join(f"{c.row} {c.text}, on the benchmark server {server[c.known_as].number}" for c in claims)
        reason = f"the column does not say that these are validation images: {cells}"
        cell = f"{', '.join(c.row for c in claims)}, {column}"
        yield Finding("part of a set", table, cell, reason, tuple(c.id for c in claims))


def overlap_with_training(ledger: Ledger) -> Iterator[Finding]:
    """A column that is of another set than it names, where that one shares images with the named set's training part."""

    columns: dict[tuple[str, str], list[str]] = {}
    for claim in ledger.numbers:
        if claim.dataset and claim.true_dataset != claim.dataset:
            columns.setdefault((claim.dataset, claim.true_dataset), []).append(claim.table)
    for (named, real), tables in columns.items():
        training = passports()[named].trained_on
        overlap = passports()[real].overlap.get(training, "")
        if overlap and not overlap.startswith(("none", "unknown")):
            shared = overlap.partition(": ")[2] or overlap
            reason = (
                f"the numbers are of {title(real)}; whoever trains on {passports()[training].title}, the training part of "
                f"{title(named)}, has trained on part of it: {shared}"
            )
            unsaid = "" if ledger.states.get("training sets", {}).get("stated", True) else "; the paper does not say"
            yield Finding("overlap with training", joined(tables), f"column {title(named)}", reason + unsaid)


def missing_controls(ledger: Ledger) -> Iterator[Finding]:
    """Distilled students without one that was trained plainly, and without one taught by outputs alone."""
    students: dict[str, list[Claim]] = {}
    present: dict[str, set[str]] = {}
    for claim in ledger.numbers:
        method = get_method(claim.method) if claim.method else None
        if method and method.distiller and claim.metric in QUALITY:
            students.setdefault(method.network, []).append(claim)
            present.setdefault(method.network, set()).add(method.distiller)
    lacking = {name: [c for c in _CONTROLS if c not in found] for name, found in present.items()}
    short = {name: names for name, names in lacking.items() if names}
    if short:
        tables = joined(sorted({c.table for name in short for c in students[name]}))
        every = {tuple(names) for names in short.values()}
        named = [students[name][-1].row for name in short]
        reason = "no row trained without a teacher (scratch) and none taught by the teacher's outputs alone (logits)"
        if every != {_CONTROLS}:
            reason = "; ".join(f"{name} lacks {' and '.join(names)}" for name, names in short.items())
        yield Finding("missing controls", tables, joined(named), reason + ": what distilling brings is not shown")


def not_stated(ledger: Ledger) -> Iterator[Finding]:
    """What the paper leaves out, and how many of its numbers hang on it."""
    for name, state in ledger.states.items():
        if state["stated"]:
            continue
        claims = [c for c in ledger.numbers if c.metric in state["concerns"]]
        if claims:
            tables = joined(c.table for c in claims)
            yield Finding(
                "not stated",
                tables,
                f"{len(claims)} numbers: {name}",
                f"the paper does not say {state['what']}",
                tuple(c.id for c in claims),
            )
