"""From result files to a grid of printed cells with marks and footnotes; nothing is computed anew."""

from __future__ import annotations

from benchmark.core.types import Scale
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.find import row_method
from benchmark.protocols import without_protocol
from benchmark.views.tables.entries import make_entry, metrics_of
from benchmark.views.tables.footnotes import Noted, footnotes
from benchmark.views.tables.marks import Significance, Unmarked, mark
from benchmark.views.tables.parts import Entry, Grid, Marks, Part, Row
from benchmark.views.tables.published import published_rows
from benchmark.views.tables.results import Results, read_results
from benchmark.views.tables.specs import Column, TableSpec, dataset_id

__all__ = ["Entry", "Grid", "Marks", "Part", "Results", "Row", "make_grid", "read_results"]

_COSTS = {
    "gmacs": "FLOPs",
    "parameters": "Param.",
    "latency": "Infer time",
    "ms": "ms",
    "levels": "layers",
    "width": "dim",
}


def make_grid(spec: TableSpec, results: Results, marks: Marks = Marks.significant, spread: bool = False) -> Grid:
    """The printed form of `spec` from `results`, with marks and footnotes.

    With `spread`, scores of several seeds carry their standard deviation over the seeds.
    """
    sections: list[tuple[Row, ...]] = []
    for section in spec.sections:
        rows = []
        for name in section.rows:
            method = row_method(name)
            entries = tuple(make_entry(method, column, results, spread) for column in spec.columns)
            rows.append(Row(spec.titles.get(name, method.title), name, entries, name not in section.unranked))
        sections.append(tuple(rows))
    unmarked = _mark(spec, sections, results, marks)
    titles = [section.title for section in spec.sections]
    if spec.published and not hides_published(spec, results):
        for title, printed in published_rows(spec):
            sections.append(printed)
            titles.append(title)
    headers = tuple(_header(spec, column, results) for column in spec.columns)
    return Grid(
        spec.id,
        _caption(spec, results),
        tuple(column.group for column in spec.columns),
        headers,
        tuple(sections),
        footnotes(Noted(spec, headers, tuple(sections), marks, unmarked, spread), results),
        tuple(titles),
        spec.label or f"tab:slkd-bench-{spec.id or 'own'}",
        f"Table {spec.id}" if spec.named else "",
    )


def hides_published(spec: TableSpec, results: Results) -> bool:
    """Whether published rows would stand among results of the mini sets, which are none of the published ones."""
    return results.scale == Scale.MINI and any(column.measures for column in spec.columns)


def _mark(spec: TableSpec, sections: list[tuple[Row, ...]], results: Results, marks: Marks) -> Unmarked:
    measured = {i: column for i, column in enumerate(spec.columns) if column.measures}
    sets = {i: dataset_id(column, results.scale) for i, column in measured.items()}
    metrics = {i: metrics_of(column) for i, column in measured.items()}
    tests = Significance(results, sets, metrics) if marks == Marks.significant else None
    pools = {"section": [[i] for i in range(len(sections))], "table": [list(range(len(sections)))], "none": []}
    unmarked = Unmarked()
    for pool in pools[spec.pool]:
        found = mark(sections, pool, len(spec.columns), tests)
        unmarked.ties += found.ties
        unmarked.unlike += found.unlike
    return unmarked


def _header(spec: TableSpec, column: Column, results: Results) -> str:
    named = spec.headers.get(f"{column.kind}:{column.dataset}") or spec.headers.get(column.dataset or column.kind)
    if named:
        return named
    if column.kind == "printed":
        return column.dataset
    if not column.dataset:
        return _COSTS[column.kind]
    dataset = dataset_id(column, results.scale)
    title = describe(dataset).title if dataset in dataset_ids() else _folder(dataset, spec)
    title = title.removeprefix("mini, ") if results.scale == Scale.MINI else title
    return title if column.kind in ("quality", "gap") else f"{title} {column.kind.upper()}"


def _folder(dataset: str, spec: TableSpec) -> str:
    """A folder's name; with its protocol only where another column has the same folder under another one."""
    name = without_protocol(dataset)
    alike = {column.dataset for column in spec.columns if without_protocol(column.dataset) == name}
    return name if len(alike) == 1 else dataset


def _caption(spec: TableSpec, results: Results) -> str:
    if not spec.named:
        return spec.caption
    kinds = {column.kind for column in spec.columns}
    if kinds == {"printed"}:
        return spec.caption
    if not kinds & {"quality", "gap"}:
        return f"{spec.caption} Scale {results.scale}."
    where = (
        "Scale mini: small networks on embedded sets made after the named ones."
        if results.scale == Scale.MINI
        else "Scale paper: full-size networks on the official sets."
    )
    return f"{spec.caption} {where}{' PSNR (dB)/SSIM.' if 'quality' in kinds else ''}"
