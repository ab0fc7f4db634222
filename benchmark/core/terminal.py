"""Printing tables whole: what does not fit a terminal is never cut, neither numbers nor names."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
