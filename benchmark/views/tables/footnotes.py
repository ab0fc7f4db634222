"""What stands below a table: the reasons of dashes, what was averaged, what the marks mean and where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmark.datasets import dataset_ids
from benchmark.protocols import without_protocol
from benchmark.statistics import ALPHA, CONFIDENCE
from benchmark.views.tables.entries import metrics_of
from benchmark.views.tables.marks import Unmarked
from benchmark.views.tables.parts import TIED, Marks, Row, symbol
from benchmark.views.tables.results import Results
from benchmark.views.tables.specs import COSTS, TableSpec, dataset_id


@dataclass(frozen=True)
class Noted:
    """A table that footnotes are made for: its rows with their marks, and where nothing is marked."""

    spec: TableSpec
    headers: tuple[str, ...]
    sections: tuple[tuple[Row, ...], ...]
    marks: Marks
    unmarked: Unmarked
    spread: bool


def footnotes(table: Noted, results: Results) -> tuple[str, ...]:
    """The footnotes of a table in the order in which they are printed."""
    spec = table.spec
    kinds = {column.kind for column in spec.columns}
    scored = any(column.measures for column in spec.columns)
    notes = [*_dashes(table), *_published(table)]
    if "gmacs" in kinds:
        sizes = {c.size for c in results.complexity.values()}
        shown = "/".join(f"{s}x{s}" for s in sorted(sizes))
        notes.append(
            f"FLOPs: multiply-accumulates of one {shown} image, as the paper counts them."
            if sizes
            else "FLOPs: not recorded."
        )
    if kinds & {"latency", "ms"} and results.device:
        notes.append(f"{'Infer time' if 'latency' in kinds else 'Time'} on {results.device}.")
    notes += _protocols(spec)
    if scored or "gap" in kinds:
        notes += _averages(table, results)
    if "gap" in kinds:
        notes.append(
            f"[a,b]: {CONFIDENCE:.0%} interval over scenes (bootstrap of student, scratch and teacher together)."
        )
    if spec.pool != "none":
        notes += _marks(table)
    return tuple(notes)


def _dashes(table: Noted) -> Iterator[str]:
    entries = [entry for section in table.sections for row in section for entry in row.entries]
    reasons = list(dict.fromkeys(entry.note for entry in entries if entry.note and symbol(entry.note)))
    reasons += list(dict.fromkeys(e.note for e in entries if e.note and e.note not in reasons))
    if reasons:
        yield "; ".join(f"–{symbol(reason)} {reason}" for reason in reasons) + "."


def _published(table: Noted) -> Iterator[str]:
    sources = list(dict.fromkeys(row.source for rows in table.sections for row in rows if row.source))
    if table.spec.published and not sources:
        yield "Published rows are of the official sets: see --scale paper."
    if sources:
        yield f"Published, not measured: the rows of {' and '.join(sources)}, as printed there and not ranked."


def _protocols(spec: TableSpec) -> Iterator[str]:
    """How folders are scored, which no passport says."""
    by_protocol: dict[str, list[str]] = {}
    for dataset in dict.fromkeys(column.dataset for column in spec.columns if column.measures):
        name = without_protocol(dataset)
        if dataset not in dataset_ids() and name != dataset:
            by_protocol.setdefault(dataset.removeprefix(f"{name}@"), []).append(name)
    for protocol, names in by_protocol.items():
        yield f"{', '.join(names)}: scored by the protocol {protocol}."


def _averages(table: Noted, results: Results) -> Iterator[str]:
    columns = [column for column in table.spec.columns if column.measures or column.kind == "gap"]
    datasets = [dataset_id(column, results.scale) for column in columns]
    shown = [(row.method, dataset) for rows in table.sections for row in rows for dataset in datasets]
    used = [key for key in dict.fromkeys(shown) if results.cells.get(key)]
    if not used:
        return
    images = sorted({len(results.images(*key)) for key in used})
    counts = "-".join(map(str, images[:: max(1, len(images) - 1)]))
    several = [key for key in used if len(results.cells[key]) > 1]
    seeds = ", ".join(map(str, sorted({c.seed for key in several for c in results.cells[key]})))
    text = f"Mean over {counts} images a set"
    if several and len(several) == len(used):
        text += f" and over the training seeds {seeds}"
    elif several:
        text += f" and over the training seeds {seeds} in {len(several)} of {len(used)} cells, which have them"
    yield text + "."
    if table.spread and any(column.measures for column in columns):
        yield (
            "±: standard deviation over the seeds; without it there is one seed."
            if several
            else "±: one seed everywhere."
        )


def _marks(table: Noted) -> Iterator[str]:
    """The legend: what each mark that occurs means, among which rows, and where there is none."""
    given = {part.mark for rows in table.sections for row in rows for e in row.entries for part in e.parts} - {""}
    unmarked = table.unmarked
    if given and table.marks == Marks.paper:
        yield f"Bold: best; underlined: second; at printed precision, whatever chance may explain. {_among(table)}"
        return
    if given or unmarked.ties:
        tested = any(column.measures for column in table.spec.columns)
        how = (
            f" (sign-flip test over scenes, Holm-corrected across the data sets, p at most {ALPHA:.2f}; chance in "
            "training is not in it)"
        )
        meant = [
            "Bold: best",
            f"{TIED}: not significantly worse than it",
            "underlined: second, if it is significantly worse",
        ]
        if not tested:
            meant, how = ["Bold: best", "underlined: second"], ", at printed precision"
        costs = tested and any(column.kind in COSTS[:4] for column in table.spec.columns)
        yield f"{'; '.join(meant)}{how}. {'Costs by printed digits. ' if costs else ''}{_among(table)}"
    if unmarked.ties:
        yield f"No row differs significantly from the best, so none is marked: {_places(table, unmarked.ties)}."
    if unmarked.unlike:
        places = _places(table, unmarked.unlike)
        yield f"Scored on different data or under different protocols, so not marked: {places}."


def _among(table: Noted) -> str:
    """Which rows were ranked together, and which were not ranked."""
    rows = [row for section in table.sections for row in section if not row.source]
    free = [row.title for row in rows if not row.ranked]
    several = len(table.spec.sections) > 1 and any(sum(row.ranked for row in section) for section in table.sections[1:])
    apart = table.spec.pool == "section" and several
    where = "Ranked within each block, never across blocks" if apart else "All rows are ranked together"
    return where + (f"; not ranked: {', '.join(dict.fromkeys(free))}." if free else ".")


def _places(table: Noted, places: list[tuple[int, int, str]]) -> str:
    """`after GoPro (PSNR, SSIM; below Restormer)`, one for each column and pool."""
    found: dict[tuple[int, str], list[str]] = {}
    for column, part, first in places:
        metric = metrics_of(table.spec.columns[column])[part].upper()
        found.setdefault((column, first if table.spec.pool == "section" else ""), []).append(metric)
    return "; ".join(
        f"{table.headers[column]} ({', '.join(numbers)}{f', below {first}' if first else ''})"
        for (column, first), numbers in found.items()
    )
