"""Printing tables whole: what does not fit a terminal is never cut, neither numbers nor names."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def natural_width(console: Console, table: Table) -> int:
    """The columns of text that a table needs to be printed without cutting or wrapping a cell."""
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update(width=100_000), table).maximum


def print_whole(console: Console, table: Table, also_terminal: bool = False) -> None:
    """Prints a table; into a pipe or a file (and `also_terminal`) as wide as it is, so that no entry is cut or broken."""
    width, usual = natural_width(console, table), console.width
    if also_terminal or not console.is_terminal:
        console.width = max(width, usual)
    try:
        console.print(table)
    finally:
        console.width = usual


def show_table(console: Console, table: Table, as_json: bool = False) -> None:
    """Prints a table whole, or as JSON: one object a row, its keys the titles of the columns."""
    if not as_json:
        print_whole(console, table)
        return
    titles = [_plain(console, column.header) for column in table.columns]
    columns = [[_plain(console, cell) for cell in column.cells] for column in table.columns]
    rows = [dict(zip(titles, row, strict=True)) for row in zip(*columns, strict=True)]
    print_json(console, rows)


def _plain(console: Console, cell: Any) -> str:
    return console.render_str(cell).plain if isinstance(cell, str) else str(cell)


def print_json(console: Console, value: object) -> None:
    """Prints a value as JSON, unwrapped and without colour; what is no number (NaN) is null."""
    console.out(json_text(value), style=None, highlight=False)


def json_text(value: object) -> str:
    """A value as JSON; what is no number (NaN) or infinite is null, what JSON has no word for its text."""
    return json.dumps(_finite(value), indent=1, ensure_ascii=False, default=str)


def rows_json(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Data classes as objects, unrounded."""
    return [asdict(row) for row in rows]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
