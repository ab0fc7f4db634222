"""A grid as LaTeX with booktabs, to be pasted into an article: best in bold, second underlined."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from benchmark.views.tables.grid import Entry, Grid

_MARKS = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", "": "{}"}
_SPECIAL = str.maketrans(
    {
        "&": r"\&",
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
    }
)


def to_latex(grid: Grid) -> str:
    """A `table*` (or `table` when narrow) with caption and footnotes. Needs `\\usepackage{booktabs,graphicx}`."""
    wide = len(grid.headers) > 2
    behind = any(part.after for rows in grid.sections for row in rows for entry in row.entries for part in entry.parts)
    shrunk = wide and (len(grid.headers) > 5 or behind)
    environment = "table*" if wide else "table"
    lines = [
        rf"\begin{{{environment}}}[t]",
        r"\centering",
        rf"\caption{{{escape(grid.caption)}}}",
        rf"\label{{tab:slkd-bench-{grid.id}}}",
        r"\small",
        *([r"\resizebox{\textwidth}{!}{%"] if shrunk else []),
        rf"\begin{{tabular}}{{l{'c' * len(grid.headers)}}}",
        r"\toprule",
    ]
    if any(grid.groups):
        lines += _group_rows(grid.groups)
    lines.append(" & ".join(["Method", *map(escape, grid.headers)]) + r" \\")
    for section in grid.sections:
        lines.append(r"\midrule")
        lines += [" & ".join([escape(row.title), *map(_cell, row.entries)]) + r" \\" for row in section]
    lines += [r"\bottomrule", r"\end{tabular}" + ("}" if shrunk else "")]
    if grid.footnotes:
        width = r"\textwidth" if wide else r"\columnwidth"
        notes = " ".join(map(escape, grid.footnotes))
        lines.append(rf"\par\smallskip\parbox{{{width}}}{{\footnotesize {notes}}}")
    return "\n".join([*lines, rf"\end{{{environment}}}", ""])


def to_document(tables: Sequence[str]) -> str:
    """A plain article around the tables, ready for pdflatex or tectonic."""
    body = "\n".join(tables)
    return (
        "\\documentclass{article}\n\\usepackage[margin=2cm]{geometry}\n\\usepackage[T1]{fontenc}\n"
        "\\usepackage{booktabs,graphicx}\n\\begin{document}\n" + body + "\\end{document}\n"
    )


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


def _group_rows(groups: Sequence[str]) -> list[str]:
    cells, rules, start = [""], [], 2
    for name, members in groupby(groups):
        span = len(list(members))
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{escape(name)}}}" if name else " & ".join([""] * span))
        if name:
            rules.append(rf"\cmidrule(lr){{{start}-{start + span - 1}}}")
        start += span
    return [" & ".join(cells) + r" \\", "".join(rules)]
