"""A grid as a GitHub markdown table: best in bold, second underlined."""

from __future__ import annotations

from tabulate import tabulate

from benchmark.views.tables.grid import Entry, Grid

_MARKS = {"best": "**{}**", "second": "<u>{}</u>", "": "{}"}


def to_markdown(grid: Grid) -> str:
    """The table with its caption above and its footnotes below."""
    body: list[list[str]] = []
    for number, section in enumerate(grid.sections):
        if number and len(section) > 1 and len(grid.sections[number - 1]) > 1:
            body.append([""] * (len(grid.headers) + 1))
        body.extend([_plain(row.title), *map(_cell, row.entries)] for row in section)
    headers = [
        "Method",
        *(f"{group}: {name}" if group else name for group, name in zip(grid.groups, grid.headers, strict=True)),
    ]
    table = tabulate(
        body, headers, tablefmt="pipe", disable_numparse=True, colalign=("left", *["right"] * len(grid.headers))
    )
    notes = "\n".join(f"*{note}*  " for note in grid.footnotes)
    return f"**Table {grid.id}.** {grid.caption}\n\n{table}\n\n{notes}\n"


def _cell(entry: Entry) -> str:
    return "/".join(_MARKS[part.mark].format(part.text) + part.after for part in entry.parts) or entry.dash


def _plain(title: str) -> str:
    return title.replace("$L_{NC}$", "L<sub>NC</sub>").replace("$L_{ET}$", "L<sub>ET</sub>")
