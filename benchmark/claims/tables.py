"""A printed table as claims: one file, each number with its set, its protocol and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.claims.claim import Claim, Mark, Metric
from benchmark.claims.schema import Column, Row, TableFile, _Cell
from benchmark.claims.statements import REMEDY
from benchmark.core.errors import BadResult
from benchmark.core.models import read_json
from benchmark.datasets.passport import passports
from benchmark.methods.catalogue import methods
from benchmark.protocols import protocol_ids

_PROVENANCE = ("measured by the authors", "unsourced", "not traced")
_MARKS: dict[str, Mark] = {"<u>": "second", "<b>": "best"}
_UNITS: dict[Metric, str] = {"gmacs": "G", "parameters": "M", "latency": "s"}


@dataclass(frozen=True)
class _Place:
    """Where a number stands, with every level that may say something of it."""

    paper: str
    path: Path
    table: TableFile
    row: Row
    name: str
    cell: _Cell

    @property
    def column(self) -> Column:
        """The column of the cell."""
        return self.table.columns[self.name]

    @property
    def title(self) -> str:
        """The row's title."""
        return f"{self.row.row} of {self.row.of}" if self.row.of else self.row.row

    @property
    def entry(self) -> str:
        """The cell in words."""
        return f"row {self.title}, {self.name}"

    def said(self, field: str, default: Any = None) -> Any:
        """What the cell says of `field`, else the column, else the row, else the table."""
        levels = (self.cell, self.column, self.row, self.table)
        told = (getattr(level, field, None) for level in levels)
        return next((value for value in told if value is not None), default)


def read_table(paper: str, path: Path) -> Iterator[Claim]:
    """The claims of one file. Raises BadResult naming the file, the entry and the field that is wrong."""
    table = read_json(path, TableFile, REMEDY)
    for name, column in table.columns.items():
        _check_column(path, name, column)
    known = {method.id for method in methods()}
    for row in table.rows:
        title = f"{row.row} of {row.of}" if row.of else row.row
        for method in (row.method, *row.alternatives.values()):
            if method and method not in known:
                raise bad_entry(path, f"row {title}", "method", "an id of `slkd-bench list methods`", f"'{method}'")
        for name, cell in row.cells.items():
            if name not in table.columns:
                raise bad_entry(path, f"row {title}", "cells", f"one of {', '.join(table.columns)}", f"'{name}'")
            whole = cell if isinstance(cell, _Cell) else _Cell(cell)
            yield from _claims(_Place(paper, path, table, row, name, whole))


def bad_entry(path: Path, entry: str, field: str, expected: str, found: str) -> BadResult:
    """The error of a ledger's entry that is wrong."""
    return BadResult(f"in {path}, {entry}, field {field}: {expected}", found, REMEDY)


def _check_column(path: Path, name: str, column: Column) -> None:
    for field in ("dataset", "true_dataset"):
        dataset = getattr(column, field)
        if dataset and dataset not in passports():
            raise bad_entry(path, f"column {name}", field, "an id of `slkd-bench list datasets`", f"'{dataset}'")
    if column.protocol and column.protocol not in protocol_ids():
        expected = "an id of `slkd-bench list protocols`"
        raise bad_entry(path, f"column {name}", "protocol", expected, f"'{column.protocol}'")


def _claims(place: _Place) -> Iterator[Claim]:
    """A claim for each metric of the cell's column."""
    column, row = place.column, place.row
    text, mark = place.cell.text, _MARKS.get(place.cell.text[:3], "")
    if mark and text.endswith(text[0] + "/" + text[1:3]):
        text = text[3:-4]
    parts = text.split("/") if len(column.metrics) > 1 else [text]
    if len(parts) != len(column.metrics):
        raise bad_entry(place.path, place.entry, "text", f"{len(column.metrics)} numbers", f"'{text}'")
    notes = [note for note in (column.note, row.note, place.cell.note) if note]
    name = f"{row.method or _slug(place.title)}.{_slug(place.name)}"
    for metric, part in zip(column.metrics, parts, strict=True):
        yield Claim(
            id=f"{place.table.table}.{name}.{metric}",
            paper=place.paper,
            table=place.table.table,
            row=place.title,
            column=place.name,
            metric=metric,
            value=_value(place, metric, part),
            text=part,
            mark=mark,
            method=row.method,
            dataset=column.dataset,
            true_dataset=place.cell.true_dataset or column.true_dataset or column.dataset,
            protocol=place.said("protocol"),
            provenance=_provenance(place),
            original=None,
            note=" ".join(notes),
            pool=place.said("pool", ""),
            known_as=row.known_as,
            checked=place.said("checked", True),
            alternatives=tuple(row.alternatives.items()),
        )


def _slug(text: str) -> str:
    return text.lower().replace(" ", "-")


def _provenance(place: _Place) -> str:
    told = str(place.said("provenance", "unsourced"))
    if told not in _PROVENANCE and not told.startswith("copied from "):
        expected = f"{', '.join(_PROVENANCE)} or copied from ..."
        raise bad_entry(place.path, place.entry, "provenance", expected, f"'{told}'")
    return told


def _value(place: _Place, metric: Metric, text: str) -> float | None:
    unit = _UNITS.get(metric, "")
    try:
        if metric == "layers":
            [int(part) for part in text.split(",")]
            return None
        value = float(text.removesuffix(unit) if text.endswith(unit) else "no unit")
    except ValueError:
        expected = f"a number{f' with the unit {unit}' if unit else ''}"
        raise bad_entry(place.path, place.entry, metric, expected, f"'{text}'") from None
    if not 0 < value < (1 if metric == "ssim" else 100 if metric == "psnr" else 1e6):
        raise bad_entry(place.path, place.entry, metric, "a value that is possible", text)
    return value
