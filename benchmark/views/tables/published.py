"""Rows of a table as a publication prints them, which are never measured here and never ranked."""

from __future__ import annotations

import math

from benchmark.claims.claim import Claim
from benchmark.claims.judge import select
from benchmark.claims.ledger import read_ledger
from benchmark.views.tables.entries import metrics_of
from benchmark.views.tables.parts import NOT_PRINTED, Entry, Part, Row
from benchmark.views.tables.specs import LOWER_IS_BETTER, Column, TableSpec


def published_rows(spec: TableSpec) -> list[tuple[str, tuple[Row, ...]]]:
    """(title, rows) of the ledger's table that `spec` names, in its order: those that print something here.

    Raises UnknownName for a paper or a table that is not on record.
    """
    paper, _, name = spec.published.partition("/")
    ledger = read_ledger(paper)
    by_row: dict[str, list[Claim]] = {}
    for claim in select(ledger, name or "all"):
        if claim.kind == "number":
            by_row.setdefault(claim.row, []).append(claim)
    source = f"{ledger.short}, Table {name}" if name else ledger.short
    rows: list[Row] = []
    for title, claims in by_row.items():
        entries = tuple(_entry(column, claims) for column in spec.columns)
        if any(entry.parts for entry in entries):
            rows.append(Row(title, "", entries, False, source))
    return [(f"published: {source}", tuple(rows))] if rows else []


def _entry(column: Column, claims: list[Claim]) -> Entry:
    if column.kind == "printed":
        found = [claim for claim in claims if claim.column == column.dataset]
    elif column.measures:
        of_set = [claim for claim in claims if claim.dataset and claim.dataset == column.dataset]
        found = [claim for metric in metrics_of(column) for claim in of_set if claim.metric == metric]
    else:
        wanted = {"ms": "latency", "levels": "layers"}.get(column.kind, column.kind)
        found = [claim for claim in claims if claim.metric == wanted]
    one_each = {claim.metric: claim for claim in reversed(found)}
    parts = tuple(_part(claim, column) for claim in reversed(one_each.values()))
    return Entry(parts) if parts else Entry(note=NOT_PRINTED)


def _part(claim: Claim, column: Column) -> Part:
    value = math.nan if claim.value is None else claim.value
    text = f"{value * 1e3:.1f}" if column.kind == "ms" else claim.text
    return Part(value, text, claim.metric in LOWER_IS_BETTER, metric=claim.metric)
