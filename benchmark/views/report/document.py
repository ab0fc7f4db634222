"""All tables and verdicts as one LaTeX article, each number with its provenance, ready for pdflatex or tectonic."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

from benchmark import __version__
from benchmark.core.mathematics import plain
from benchmark.runs.cells import Cell
from benchmark.views.report.provenance import Environment, Reproduction, environments, reproductions
from benchmark.views.report.verdict_lines import VerdictGroup, VerdictLine
from benchmark.views.tables.grid import Grid, Results, make_grid
from benchmark.views.tables.latex import escape, to_latex
from benchmark.views.tables.specs import TableSpec, dataset_id, tables

_SYMBOL = re.compile(r"\bL_(NC|ET)\b")
_SET = frozenset("‘’“”–—…†‡")
_MATHEMATICS = {
    "−": "$-$",
    "σ": r"$\sigma$",
    "≈": r"$\approx$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "Δ": r"$\Delta$",
}
_HEAD = r"""\documentclass[10pt]{article}
\usepackage[a4paper,margin=2cm]{geometry}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern,textcomp,booktabs,graphicx,longtable,array,microtype}
\setlength{\parindent}{0pt}
\setlength{\emergencystretch}{3em}
\renewcommand{\arraystretch}{1.08}
\newcolumntype{L}[1]{>{\raggedright\arraybackslash}p{#1}}
"""


def to_document(results: Results, groups: Sequence[VerdictGroup], title: str, statement: str, paper: str = "") -> str:
    """The article: tables with provenance footnotes, verdicts scale by scale, every cell, and the environments."""
    cells = [cell for found in results.cells.values() for cell in found]
    made_in, letters = environments(cells)
    body = [
        _HEAD,
        rf"\title{{{_text(title)}}}",
        rf"\author{{slkd-bench {_text(__version__)}, scale {results.scale}}}",
        "\\date{}\n\\begin{document}\n\\maketitle",
        _text(statement)
        + " Best in bold, second underlined, as each table ranks them. Tables come from result files alone; "
        "under each stands what its cells were made from. E1, E2, \\ldots\\ are the environments at the end.",
        *(_table(spec, results, letters) for spec in tables(paper).values()),
        r"\clearpage",
        *(_named(name) + _verdicts(group) for name, group in zip("AB", groups, strict=False) if group.lines),
        _named("C") + _cells(reproductions(cells, letters)),
        _environments(made_in),
        "\\end{document}\n",
    ]
    return "\n".join(body)


def _named(id: str) -> str:
    """What the next table is called: the tables keep their own names, whatever stands before them."""
    return rf"\renewcommand{{\thetable}}{{{escape(id)}}}" + "\n"


def _table(spec: TableSpec, results: Results, letters: dict[int, str]) -> str:
    """A table of the specifications where it stands in the text, under its own name."""
    grid = _with_provenance(spec, make_grid(spec, results), results, letters)
    return _named(spec.id) + to_latex(grid, "!htbp")


def _with_provenance(spec: TableSpec, grid: Grid, results: Results, letters: dict[int, str]) -> Grid:
    """The grid with a footnote on every data set: its protocol, the hash of its pairs, where its cells were made."""
    notes = []
    rows = {row.method for section in grid.sections for row in section}
    for column in spec.columns:
        if column.measures:
            dataset = dataset_id(column, results.scale)
            cells = [c for m in rows for c in results.cells.get((m, dataset), [])]
            if cells:
                notes.append(f"{dataset}: {_told(cells, letters)}")
    return dataclasses.replace(
        grid, footnotes=(*grid.footnotes, *(["Provenance. " + "; ".join(notes) + "."] if notes else []))
    )


def _told(cells: Sequence[Cell], letters: dict[int, str]) -> str:
    def some(values: Iterable[str]) -> str:
        return ", ".join(sorted({value for value in values if value}))

    data = some(str(c.key.get("data", ""))[:10] for c in cells)
    return f"{some(str(c.key.get('protocol', '')) for c in cells)}, data {data}, {some(letters[id(c)] for c in cells)}"


def _verdicts(group: VerdictGroup) -> str:
    of_paper = group.scale == "paper"
    where = "on the paper" if of_paper else "on orderings, at scale mini: of the small study alone, in words of its own"
    rule = "" if of_paper else "\\par\\noindent\\rule{\\textwidth}{.4pt}\\par\n"
    counts = ", ".join(f"{count} {status}" for status, count in group.counts if count)
    columns = r"lL{.19\textwidth}rrL{.115\textwidth}L{.38\textwidth}"
    head = r"Table & Claim & Paper & Measured & Verdict & Reason \\"
    lines = [" & ".join(_verdict(line)) + r" \\" for line in group.lines]
    return rule + _long(f"Verdicts {where}: {counts}.", columns, head, lines)


def _verdict(line: VerdictLine) -> list[str]:
    words = f"{line.claim} {line.metric}".strip()
    origin = dict(line.details).get("provenance", "")
    told = f"{line.reason}." + (f" Provenance: {origin}." if origin not in line.reason else "")
    verdict = _text(line.status)
    return [
        _text(line.table),
        _text(words),
        _text(line.paper or "–"),
        _text(line.measured or "–"),
        verdict if line.status == "untestable" else rf"\textbf{{{verdict}}}",
        _text(told),
    ]


def _cells(lines: Sequence[Reproduction]) -> str:
    columns = r"L{.13\textwidth}L{.2\textwidth}rrllL{.14\textwidth}l"
    head = r"Data set & Method & PSNR & SSIM & Weights & Data & Protocol & Made in \\"
    body = [
        " & ".join(
            [
                _name(one.dataset),
                _name(one.method + (f", seed {one.seed}" if one.seed else "")),
                one.psnr,
                one.ssim,
                _code(one.weights[:10]),
                _code(one.data[:10]),
                _text(one.protocol),
                one.environment,
            ]
        )
        + r" \\"
        for one in lines
    ]
    caption = (
        "Every cell, with the first ten digits of the SHA-256 of its weights and of its data. "
        "`slkd-bench run --method METHOD --dataset SET` gives it again."
    )
    return _long(caption, columns, head, body)


def _environments(found: Sequence[Environment]) -> str:
    lines = [
        rf"\textbf{{{one.letter}}} ({one.cells} cells): "
        + ", ".join(f"{_text(name)} {_text(value)}" for name, value in one.facts)
        + ".\\par"
        for one in found
    ]
    return "\n".join([r"\section*{Environments}", r"\sloppy", *lines])


def _long(caption: str, columns: str, head: str, lines: Sequence[str]) -> str:
    return "\n".join(
        [
            r"{\footnotesize\setlength{\tabcolsep}{4pt}\setlength{\LTleft}{0pt}",
            rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
            rf"\caption{{{_text(caption)}}}\\",
            r"\toprule",
            head,
            r"\midrule\endfirsthead",
            r"\toprule",
            head,
            r"\midrule\endhead",
            r"\midrule\multicolumn{2}{@{}l}{continued}\endfoot",
            r"\bottomrule\endlastfoot",
            *lines,
            r"\end{longtable}}",
        ]
    )


def _text(words: str) -> str:
    """LaTeX of plain text: the two symbols of the paper as mathematics, and no dollar of anybody's opens any."""
    pieces = _SYMBOL.split(plain(words))
    pieces[::2] = ["".join(map(_letter, r"\$".join(map(escape, piece.split("$"))))) for piece in pieces[::2]]
    pieces[1::2] = [f"$L_{{{index}}}$" for index in pieces[1::2]]
    return "".join(pieces)


def _name(id: str) -> str:
    """A method's or a data set's id, which may break where it would not run on in a word."""
    return re.sub(r"([(/=.,>]|\\_)", r"\1\\allowbreak{}", _text(id))


def _letter(letter: str) -> str:
    """What pdflatex cannot set is written as mathematics, or else as its code point."""
    if ord(letter) < 0x180 or letter in _SET:
        return letter
    return _MATHEMATICS.get(letter, f"[U+{ord(letter):04X}]")


def _code(digits: str) -> str:
    return rf"\texttt{{{escape(digits)}}}" if digits else "--"
