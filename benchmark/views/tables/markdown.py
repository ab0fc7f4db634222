"""A grid as a GitHub markdown table: best in bold, second underlined, a raised ring for what ties with the best."""

from __future__ import annotations

from tabulate import tabulate

from benchmark.core.mathematics import html
from benchmark.views.tables.parts import TIED, Entry, Grid

MARKS = {"best": "**{}**", "second": "<u>{}</u>", "tied": f"{{}}{TIED}", "": "{}"}


def to_markdown(grid: Grid) -> str:
    """The table with its caption above and its footnotes below."""
    body: list[list[str]] = []
    for number, section in enumerate(grid.sections):
        title = grid.title_of(number)
        if title:
            body.append([f"*{html(title)}*", *[""] * len(grid.headers)])
        elif number and len(section) > 1 and len(grid.sections[number - 1]) > 1:
            body.append([""] * (len(grid.headers) + 1))
        body.extend([html(row.title), *map(cell, row.entries)] for row in section)
    headers = [
        "Method",
        *(f"{group}: {name}" if group else name for group, name in zip(grid.groups, grid.headers, strict=True)),
    ]
    table = tabulate(
        body, headers, tablefmt="pipe", disable_numparse=True, colalign=("left", *["right"] * len(grid.headers))
    )
    notes = "\n".join(f"*{note}*  " for note in grid.footnotes)
    head = f"**{grid.number}.** {grid.caption}" if grid.number else grid.caption
    return "\n\n".join(part for part in (head, table, notes) if part) + "\n"


def cell(entry: Entry) -> str:
    """A cell: its numbers with their marks, or a dash."""
    return "/".join(MARKS[part.mark].format(part.text) + part.after for part in entry.parts) or entry.dash
