"""All tables and verdicts as one LaTeX article, each number with its provenance, ready for pdflatex or tectonic."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

from benchmark import __version__
from benchmark.core.mathematics import plain
from benchmark.runs.cells import Cell
from benchmark.views.report.provenance import environments, reproductions
from benchmark.views.report.verdict_lines import VerdictGroup, VerdictLine
from benchmark.views.tables.grid import Grid, Results, make_grid
from benchmark.views.tables.latex import environment, escape, to_latex
from benchmark.views.tables.specs import TableSpec, dataset_id

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


def to_document(
    results: Results, specs: Sequence[TableSpec], groups: Sequence[VerdictGroup], title: str, statement: str
) -> str:
    """The article: tables with provenance footnotes, verdicts scale by scale, every cell, and the environments."""
    cells = [cell for found in results.cells.values() for cell in found]
    made_in, letters = environments(cells)
    templates = environment()
    templates.filters.update(text=_text, id=_name, code=_code, breakable=_breakable)
    shown = [_with_provenance(spec, make_grid(spec, results), results, letters) for spec in specs]
    return templates.get_template("report.tex").render(
        title=title,
        statement=statement,
        version=__version__,
        scale=results.scale,
        tables=[
            (grid.number.removeprefix("Table ") or str(place), to_latex(grid, "!htbp"))
            for place, grid in enumerate(shown, 1)
        ],
        groups=[(name, group, _about(group)) for name, group in zip("AB", groups, strict=False) if group.lines],
        told=_reason,
        cells=reproductions(cells, letters, results.folder),
        environments=made_in,
    )


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


def _about(group: VerdictGroup) -> str:
    of_paper = group.scale == "paper"
    where = "on the paper" if of_paper else "on orderings, at scale mini: of the small study alone, in words of its own"
    counts = ", ".join(f"{count} {status}" for status, count in group.counts if count)
    return f"Verdicts {where}: {counts}."


def _reason(line: VerdictLine) -> str:
    origin = dict(line.details).get("provenance", "")
    return f"{line.reason}." + (f" Provenance: {origin}." if origin not in line.reason else "")


def _text(words: str) -> str:
    """LaTeX of plain text: the two symbols of the paper as mathematics, and no dollar of anybody's opens any."""
    pieces = _SYMBOL.split(plain(words))
    pieces[::2] = ["".join(map(_letter, r"\$".join(map(escape, piece.split("$"))))) for piece in pieces[::2]]
    pieces[1::2] = [f"$L_{{{index}}}$" for index in pieces[1::2]]
    return "".join(pieces)


def _name(name: str) -> str:
    """A method's or a data set's id, which may break where it would not run on in a word."""
    return re.sub(r"([(/=.,>]|\\_)", r"\1\\allowbreak{}", _text(name))


def _breakable(text: str) -> str:
    """Set text in which the ids of variants, `row@option=value,option=value`, may break."""
    return re.sub(r"\S*@\S*", lambda name: re.sub(r"([=,@]|\\_)", r"\1\\allowbreak{}", name[0]), text)


def _letter(letter: str) -> str:
    """What pdflatex cannot set is written as mathematics, or else as its code point."""
    if ord(letter) < 0x180 or letter in _SET:
        return letter
    return _MATHEMATICS.get(letter, f"[U+{ord(letter):04X}]")


def _code(digits: str) -> str:
    return rf"\texttt{{{escape(digits)}}}" if digits else "--"
