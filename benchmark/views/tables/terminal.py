"""A grid for a terminal: best in bold, second underlined, tasks above the data sets; nothing is ever cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.core.mathematics import plain
from benchmark.core.terminal import natural_width, print_whole
from benchmark.views.tables.parts import TIED, Entry, Grid

_STYLES = {"best": "bold", "second": "underline", "tied": "", "": ""}


def print_grid(console: Console, grid: Grid) -> None:
    """Prints a table; where it is wider than a terminal, its columns stand in several tables one below the other."""
    whole = to_rich(grid)
    if natural_width(console, whole) > console.width:
        whole.show_edge = False  # two columns less
    if not console.is_terminal or natural_width(console, whole) <= console.width:
        print_whole(console, whole)
        return
    parts = fitting(console, grid)
    for number, columns in enumerate(parts):
        console.print(to_rich(grid, columns, number == 0, number == len(parts) - 1))


def fitting(console: Console, grid: Grid) -> list[list[int]]:
    """The columns in as few groups as fit the terminal beside the rows' titles; a group has one column at least."""
    groups: list[list[int]] = []
    for column in range(len(grid.headers)):
        if groups and natural_width(console, to_rich(grid, [*groups[-1], column])) <= console.width:
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def to_rich(grid: Grid, columns: Sequence[int] | None = None, first: bool = True, last: bool = True) -> Table:
    """The table as a rich renderable, or only some of its `columns`; `first` has the caption, `last` the footnotes."""
    chosen = list(range(len(grid.headers))) if columns is None else list(columns)
    caption = plain(grid.caption)
    table = Table(
        box=box.SIMPLE_HEAD,
        title=(f"{grid.number}. {caption}" if grid.number else caption) if first else None,
        title_justify="left",
        title_style="",
        caption=Text("\n".join(grid.footnotes)) if last else None,
        caption_justify="left",
        caption_style="dim",
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("method", overflow="fold")
    previous = ""
    for number in chosen:
        group, header = grid.groups[number], grid.headers[number]
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
            table.add_row(Text(plain(row.title)), *(_cell(row.entries[number]) for number in chosen))
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
