"""A grid as LaTeX with booktabs, to be pasted into an article: best in bold, second underlined, a raised ring for ties."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from benchmark.views.tables.parts import Entry, Grid

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKS = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", "tied": r"{}\textsuperscript{{$\circ$}}", "": "{}"}
_SPECIAL = str.maketrans(
    {
        "&": r"\&",
        "|": r"\textbar{}",
        "%": r"\%",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "$": r"\$",
        "–": "--",
        "†": r"\textsuperscript{\dag}",
        "‡": r"\textsuperscript{\ddag}",
        "§": r"\textsuperscript{\S}",
        "±": r"$\pm$",
        "°": r"\textsuperscript{$\circ$}",
    }
)


def environment() -> Environment:
    """What fills the LaTeX templates of all views: `<< value >>` and `<% statement %>`; `| tex` escapes plain text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(  # nosec B701  # LaTeX, whose escaping is the filter `tex`, not HTML
        loader=PackageLoader("benchmark.views", "latex"),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    made.filters["tex"] = escape
    return made


def to_latex(grid: Grid, place: str = "t") -> str:
    """A `table*` (or `table` when narrow) with caption and footnotes. Needs `\\usepackage{booktabs,graphicx}`.

    `place` is where it may float to.
    """
    wide = len(grid.headers) > 2
    behind = any(part.after for rows in grid.sections for row in rows for entry in row.entries for part in entry.parts)
    return (
        environment()
        .get_template("table.tex")
        .render(
            grid=grid,
            place=place,
            kind="table*" if wide else "table",
            width=r"\textwidth" if wide else r"\columnwidth",
            shrunk=wide and (len(grid.headers) > 5 or behind),
            groups=list(_spans(grid.groups)) if any(grid.groups) else [],
            cell=_cell,
        )
    )


def to_document(tables: Sequence[str]) -> str:
    """A plain article around the tables, ready for pdflatex or tectonic."""
    return environment().get_template("tables.tex").render(tables=tables)


def escape(text: str) -> str:
    """LaTeX for plain text; what stands between dollar signs is mathematics and stays as it is."""
    pieces = re.split(r"(\$[^$]+\$)", text)
    return "".join(
        piece if piece.startswith("$") and piece.endswith("$") and len(piece) > 2 else piece.translate(_SPECIAL)
        for piece in pieces
    )


def _cell(entry: Entry) -> str:
    numbers = (_MARKS[part.mark].format(escape(part.text)) + escape(part.after) for part in entry.parts)
    return "/".join(numbers) or escape(entry.dash)


def _spans(groups: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(name, first column, last column) of each group, the row titles being column 1."""
    start = 2
    for name, members in groupby(groups):
        end = start + len(list(members)) - 1
        yield name, start, end
        start = end + 1
