"""From result files to a grid of printed cells with marks and footnotes; nothing is computed anew."""

from __future__ import annotations

from benchmark.core.types import Scale
from benchmark.datasets import describe
from benchmark.methods.find import row_method
from benchmark.views.tables.entries import make_entry
from benchmark.views.tables.footnotes import footnotes
from benchmark.views.tables.marks import Significance, Unmarked, mark
from benchmark.views.tables.parts import Entry, Grid, Marks, Part, Row
from benchmark.views.tables.results import Results, read_results
from benchmark.views.tables.specs import Column, TableSpec, dataset_id

__all__ = ["Entry", "Grid", "Marks", "Part", "Results", "Row", "make_grid", "read_results"]


def make_grid(spec: TableSpec, results: Results, marks: Marks = Marks.significant, spread: bool = False) -> Grid:
    """The printed form of `spec` from `results`, with marks and footnotes.

    With `spread`, scores of several seeds carry their standard deviation over the seeds.
    """
    sections = []
    for section in spec.sections:
        rows = []
        for name in section.rows:
            method = row_method(name)
            entries = tuple(make_entry(method, column, results, spread) for column in spec.columns)
            rows.append(Row(spec.titles.get(name, method.title), name, entries, name not in section.unranked))
        sections.append(tuple(rows))
    quality = {i: dataset_id(c, results.scale) for i, c in enumerate(spec.columns) if c.kind == "quality"}
    tests = Significance(results, quality) if marks == Marks.significant else None
    pools = {"section": [[i] for i in range(len(sections))], "table": [list(range(len(sections)))], "none": []}
    unmarked = Unmarked()
    for pool in pools[spec.pool]:
        found = mark(sections, pool, len(spec.columns), tests)
        unmarked.ties += found.ties
        unmarked.unlike += found.unlike
    headers = tuple(_header(c, results) for c in spec.columns)
    return Grid(
        spec.id,
        _caption(spec, results),
        tuple(c.group for c in spec.columns),
        headers,
        tuple(sections),
        footnotes(spec, headers, sections, results, marks, unmarked, spread),
    )


def _header(column: Column, results: Results) -> str:
    if column.kind in ("quality", "gap"):
        title = describe(dataset_id(column, results.scale)).title
        return title.removeprefix("mini, ") if results.scale == Scale.MINI else title
    return {"gmacs": "FLOPs", "parameters": "Param.", "latency": "Infer time", "levels": "layers", "width": "dim"}[
        column.kind
    ]


def _caption(spec: TableSpec, results: Results) -> str:
    kinds = {column.kind for column in spec.columns}
    if not kinds & {"quality", "gap"}:
        return f"{spec.caption} Scale {results.scale}."
    where = (
        "Scale mini: small networks on embedded sets made after the named ones."
        if results.scale == Scale.MINI
        else "Scale paper: full-size networks on the official sets."
    )
    return f"{spec.caption} {where}{' PSNR (dB)/SSIM.' if 'quality' in kinds else ''}"
