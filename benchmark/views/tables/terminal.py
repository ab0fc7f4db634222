"""A grid for a terminal: best in bold, second underlined, tasks above the data sets; nothing is ever cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from benchmark.core.mathematics import plain
from benchmark.core.terminal import natural_width, print_whole
from benchmark.views.tables.parts import TIED, Entry, Grid

_STYLES = {"best": "bold", "second": "underline", "tied": "", "": ""}


def print_grid(console: Console, grid: Grid) -> None:
    """Prints a table; where it is wider than a terminal, its columns stand in several tables one below the other."""
    for table in (to_rich(grid), to_rich(grid, compact=True)):
        if natural_width(console, table) <= console.width:
            console.print(table)
            return
    if not console.is_terminal:
        print_whole(console, to_rich(grid))
        return
    console.print(_title(grid), highlight=False)
    for columns in fitting(console, grid):
        print_whole(console, _table(grid, columns, compact=len(columns) == 1), also_terminal=True)
    console.print(Text("\n".join(grid.footnotes), "dim"))


def fitting(console: Console, grid: Grid) -> list[list[int]]:
    """The columns in as few groups as fit the terminal beside the rows' titles; a group has one column at least."""
    groups: list[list[int]] = []
    for column in range(len(grid.headers)):
        if groups and natural_width(console, _table(grid, [*groups[-1], column], compact=False)) <= console.width:
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def to_rich(grid: Grid, compact: bool = False) -> Table:
    """The table as a rich renderable, with caption and footnotes; `compact` breaks headers and has no edge."""
    table = _table(grid, range(len(grid.headers)), compact)
    table.title, table.caption = _title(grid), Text("\n".join(grid.footnotes))
    return table


def _title(grid: Grid) -> str:
    caption = escape(plain(grid.caption))
    return f"{grid.number}. {caption}" if grid.number else caption


def _table(grid: Grid, columns: Sequence[int], compact: bool) -> Table:
    """Some columns of the table, without caption and footnotes."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=not compact,
        title_justify="left",
        title_style="",
        caption_justify="left",
        caption_style="dim",
        padding=(0, 0 if compact else 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("method", overflow="fold", no_wrap=True)
    previous = ""
    for number in columns:
        group, header = grid.groups[number], escape(grid.headers[number])
        header = header.replace(" ", "\n") if compact else header
        table.add_column(
            f"{group if group != previous else ''}\n{header}".strip("\n") if any(grid.groups) else header,
            justify="right",
            vertical="bottom",
            no_wrap=True,
        )
        previous = group
    for place, section in enumerate(grid.sections):
        if grid.title_of(place):
            table.add_row(Text(plain(grid.title_of(place)), "italic"))
        for row in section:
            table.add_row(Text(plain(row.title)), *(_cell(row.entries[number]) for number in columns))
        table.add_section()
    return table


def _cell(entry: Entry) -> Text:
    """Scores with their deviations take two lines, so that five data sets fit into 80 columns."""
    text = Text()
    for number, part in enumerate(entry.parts):
        text.append("/" if number else "")
        text.append(part.text, _STYLES[part.mark])
        text.append(TIED if part.mark == "tied" else "")
    behind = "/".join(part.after for part in entry.parts)
    if any(part.after for part in entry.parts):
        text.append("\n" + behind if len(entry.parts) > 1 else behind, "dim")
    return text if entry.parts else Text(entry.dash, "dim")
