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


def print_whole(console: Console, table: Table) -> None:
    """Prints a table; into a pipe or a file as wide as it is, so that no entry is cut or broken."""
    width = natural_width(console, table)
    if console.is_terminal or width <= console.width:
        console.print(table)
    else:
        console.print(table, width=width, crop=False, overflow="ignore", soft_wrap=False)
