"""The comparison tables for the page: the grids' own printed numbers and marks, each with its images' distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from markupsafe import Markup

from benchmark.core.mathematics import html, plain
from benchmark.runs.cells import Cell
from benchmark.views.report.drawing import span, strip
from benchmark.views.tables.grid import Grid, Results, make_grid
from benchmark.views.tables.specs import Column, TableSpec, dataset_id


@dataclass(frozen=True)
class ShownEntry:
    """A table cell: parts (text, mark, what stands behind), or a dash with its reason; what it sorts by; its strip.

    `anchor` is the id of the cell's line among the commands, empty where there is none.
    """

    parts: tuple[tuple[str, str, str], ...]
    dash: str
    note: str
    order: float | None
    strip: Markup
    anchor: str


@dataclass(frozen=True)
class ShownRow:
    """A row: its title as HTML, its method, its entries, and whether it competes for the marks."""

    title: Markup
    method: str
    entries: tuple[ShownEntry, ...]
    ranked: bool


@dataclass(frozen=True)
class ShownColumn:
    """A column: its header, the range of its strips in words, and whether it can be sorted."""

    header: str
    range: str
    sortable: bool


@dataclass(frozen=True)
class ShownTable:
    """One table of the page."""

    id: str
    number: str
    caption: Markup
    groups: tuple[tuple[str, int], ...]
    columns: tuple[ShownColumn, ...]
    sections: tuple[tuple[ShownRow, ...], ...]
    footnotes: tuple[Markup, ...]
    strips: bool
    titles: tuple[Markup, ...] = ()


def anchor(method: str, dataset: str, seed: int = 0) -> str:
    """The id of a cell's line among the commands: letters, digits and dashes only."""
    plain_text = "".join(c if c.isalnum() and c.isascii() else "-" for c in f"{dataset}--{method}")
    return f"cell-{plain_text}" + (f"--{seed}" if seed else "")


def shown_tables(results: Results, specs: Sequence[TableSpec]) -> list[ShownTable]:
    """Tables made through their grids."""
    return [_shown(spec, make_grid(spec, results), results) for spec in specs]


def per_image(cells: Sequence[Cell]) -> list[float]:
    """PSNR of every image in dB, the mean over the seeds where there are several."""
    by_name: dict[str, list[float]] = {}
    for cell in cells:
        for score in cell.scores:
            by_name.setdefault(score.name, []).append(score.psnr)
    return [fmean(values) for values in by_name.values()]


def _shown(spec: TableSpec, grid: Grid, results: Results) -> ShownTable:
    columns: list[Column | None] = [*spec.columns, *[None] * (len(grid.headers) - len(spec.columns))]
    rows = [row for section in grid.sections for row in section]
    scores: list[dict[str, list[float]]] = [
        {
            row.method: per_image(found)
            for row in rows
            if column and (found := results.cells.get((row.method, dataset_id(column, results.scale))))
        }
        if column and column.measures
        else {}
        for column in columns
    ]
    ranges = [span([v for values in column.values() for v in values]) for column in scores]
    sections = tuple(
        tuple(
            ShownRow(
                Markup(html(row.title)),
                row.method,
                tuple(
                    ShownEntry(
                        tuple((part.text, part.mark, getattr(part, "after", "")) for part in entry.parts),
                        entry.dash,
                        entry.note,
                        _order(entry.parts[0].value if entry.parts else math.nan),
                        strip(scores[i].get(row.method, []), *ranges[i]),
                        _cell_anchor(row.method, columns[i], results),
                    )
                    for i, entry in enumerate(row.entries)
                ),
                row.ranked,
            )
            for row in section
        )
        for section in grid.sections
    )
    shown = tuple(
        ShownColumn(
            header,
            f"{low:.1f}–{high:.1f} dB" if found else "",
            any(row.entries[i].order is not None for section in sections for row in section),
        )
        for i, (header, found, (low, high)) in enumerate(zip(grid.headers, scores, ranges, strict=True))
    )
    groups = tuple((name, len(list(members))) for name, members in groupby(grid.groups)) if any(grid.groups) else ()
    return ShownTable(
        grid.id,
        grid.number,
        Markup(html(grid.caption)),
        groups,
        shown,
        sections,
        tuple(Markup(html(note)) for note in grid.footnotes),
        any(scores),
        tuple(Markup(html(grid.title_of(place))) for place in range(len(sections))),
    )


def _cell_anchor(method: str, column: Column | None, results: Results) -> str:
    if column is None or not column.measures:
        return ""
    dataset = dataset_id(column, results.scale)
    found = results.cells.get((method, dataset))
    return anchor(method, dataset, found[0].seed) if found else ""


def _order(value: float) -> float | None:
    """What a column is sorted by: JSON has no infinity, and a missing number stands last."""
    return None if math.isnan(value) else max(min(value, 1e9), -1e9)


@dataclass(frozen=True)
class Beyond:
    """A result that stands in no table: another data set, another protocol, or a method of somebody's own."""

    method: str
    dataset: str
    protocol: str
    images: int
    psnr: str
    ssim: str
    order: float
    strip: Markup
    anchor: str


def beyond_the_tables(results: Results, specs: Sequence[TableSpec]) -> list[Beyond]:
    """Every result that none of the tables shows, by data set and method."""
    shown = {
        (name, dataset_id(column, results.scale))
        for spec in specs
        for section in spec.sections
        for name in section.rows
        for column in spec.columns
        if column.measures
    }
    left = {key: cells for key, cells in results.cells.items() if key not in shown}
    ranges = {
        dataset: span([v for (_, where), cells in left.items() if where == dataset for v in per_image(cells)])
        for _, dataset in left
    }
    found = []
    for (method, dataset), cells in sorted(left.items(), key=lambda item: (item[0][1], item[0][0])):
        psnr, ssim = fmean(c.psnr for c in cells), fmean(c.ssim for c in cells)
        found.append(
            Beyond(
                plain(method),
                dataset,
                str(cells[0].key.get("protocol", "")),
                len(cells[0].scores),
                f"{psnr:.2f}" if math.isfinite(psnr) else "inf",
                f"{ssim:.4f}",
                min(psnr, 1e9),
                strip(per_image(cells), *ranges[dataset]),
                anchor(method, dataset, cells[0].seed),
            )
        )
    return found
