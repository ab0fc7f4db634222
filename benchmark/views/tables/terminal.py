"""A grid for a terminal of 80 columns: best in bold, second underlined, tasks above the data sets."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from benchmark.views.tables.grid import Entry, Grid

_STYLES = {"best": "bold", "second": "underline", "": ""}


def to_rich(grid: Grid) -> Table:
    """The table as a rich renderable, with caption and footnotes."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"Table {grid.id}. {grid.caption}",
        title_justify="left",
        title_style="",
        caption=Text("\n".join(grid.footnotes)),
        caption_justify="left",
        caption_style="dim",
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("method", overflow="fold")
    previous = ""
    for group, header in zip(grid.groups, grid.headers, strict=True):
        table.add_column(
            f"{group if group != previous else ''}\n{header}".strip("\n") if any(grid.groups) else header,
            justify="right",
            vertical="bottom",
        )
        previous = group
    for section in grid.sections:
        for row in section:
            table.add_row(row.title.replace("$L_{NC}$", "L_NC").replace("$L_{ET}$", "L_ET"), *map(_cell, row.entries))
        table.add_section()
    return table


def _cell(entry: Entry) -> Text:
    """Scores with their deviations take two lines, so that five data sets fit into 80 columns."""
    text = Text()
    for number, part in enumerate(entry.parts):
        text.append("/" if number else "")
        text.append(part.text, _STYLES[part.mark])
    behind = "/".join(part.after for part in entry.parts)
    if any(part.after for part in entry.parts):
        text.append("\n" + behind if len(entry.parts) > 1 else behind, "dim")
    return text if entry.parts else Text(entry.dash, "dim")
