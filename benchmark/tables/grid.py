"""From result files to a grid of printed cells with marks and footnotes; nothing is computed anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

from benchmark.costs.records import Complexity, Latency, read_complexity, read_latencies
from benchmark.methods import Method, row_method
from benchmark.nouns import Scale
from benchmark.runs.cells import Cell, read_cells
from benchmark.tables.specs import Column, TableSpec, dataset_id

NOT_RUN = "not run: no result file at this scale"
NOT_ITS_TASK = "not a task of this method"
NOT_MEASURED = "not measured"
_SYMBOLS = {NOT_RUN: "†", NOT_MEASURED: "‡"}


@dataclass(frozen=True)
class Part:
    """One printed number: its value for ranking, its text, and its mark (best, second or none)."""

    value: float
    text: str
    lower_is_better: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Entry:
    """One table cell: its parts joined by a slash, or a dash with the reason in `note`."""

    parts: tuple[Part, ...] = ()
    note: str = ""

    @property
    def dash(self) -> str:
        """What is printed when there is no number: a dash and the symbol of its footnote."""
        return "–" + _SYMBOLS.get(self.note, "")


@dataclass(frozen=True)
class Row:
    """A printed row; `ranked` rows compete for the marks."""

    title: str
    method: str
    entries: tuple[Entry, ...]
    ranked: bool = True


@dataclass(frozen=True)
class Grid:
    """A table ready for printing: two header rows, sections of rows, footnotes."""

    id: str
    caption: str
    groups: tuple[str, ...]
    headers: tuple[str, ...]
    sections: tuple[tuple[Row, ...], ...]
    footnotes: tuple[str, ...] = ()


@dataclass
class Results:
    """Everything the tables are made of: quality cells by (method, data set), complexity, latencies of one device."""

    scale: Scale
    cells: dict[tuple[str, str], list[Cell]]
    complexity: dict[tuple[str, str], Complexity] = field(default_factory=dict)
    latency: dict[tuple[str, str], Latency] = field(default_factory=dict)
    device: str = ""
    broken: list[str] = field(default_factory=list)


def read_results(out: Path, scale: Scale, card: str | None = None, limit: int | None = None) -> Results:
    """Reads the result files below `out` and the recorded costs; `card` chooses among several device cards."""
    cells, broken = read_cells(out, scale)
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.key.get("limit") == limit:
            grouped.setdefault((cell.method, cell.dataset), []).append(cell)
    results = Results(scale, grouped, read_complexity(scale), broken=broken)
    cards = read_latencies(scale)
    chosen = card or next(iter(cards), "")
    if chosen in cards:
        shown = cards[chosen][0]
        results.device = "{device}, {precision}, {mode}, one {size}x{size} image".format(**shown)
        results.latency = {(r.network, r.task): r for r in cards[chosen][1]}
    return results


def make_grid(spec: TableSpec, results: Results) -> Grid:
    """The printed form of `spec` from `results`, with marks and footnotes."""
    sections = []
    for section in spec.sections:
        rows = []
        for name in section.rows:
            method = row_method(name)
            entries = tuple(_entry(method, column, results) for column in spec.columns)
            rows.append(Row(spec.titles.get(name, method.title), name, entries, name not in section.unranked))
        sections.append(tuple(rows))
    pools = {"section": [[i] for i in range(len(sections))], "table": [list(range(len(sections)))], "none": []}
    for pool in pools[spec.pool]:
        _mark(sections, pool, len(spec.columns))
    return Grid(
        spec.id,
        _caption(spec, results),
        tuple(c.group for c in spec.columns),
        tuple(_header(c, results) for c in spec.columns),
        tuple(sections),
        _footnotes(sections, spec.columns, results),
    )


def _entry(method: Method, column: Column, results: Results) -> Entry:
    return _ENTRIES[column.kind](method, column, results)


def _quality(method: Method, column: Column, results: Results) -> Entry:
    cells = results.cells.get((method.id, dataset_id(column, results.scale)))
    if cells:
        psnr, ssim = fmean(c.psnr for c in cells), fmean(c.ssim for c in cells)
        return Entry((Part(psnr, f"{psnr:.2f}" if math.isfinite(psnr) else "inf"), Part(ssim, f"{ssim:.3f}")))
    task = {"rain1400": "deraining", "test1200": "deraining", "gopro": "deblurring", "hide": "deblurring"}
    own = task.get(column.dataset, "denoising") in method.tasks
    return Entry(note=NOT_RUN if own else NOT_ITS_TASK)


def _complexity(method: Method, results: Results) -> Complexity | None:
    tasks = [str(task) for task in method.tasks]
    return next(
        (results.complexity[method.network, t] for t in tasks if (method.network, t) in results.complexity), None
    )


def _gmacs(method: Method, column: Column, results: Results) -> Entry:
    found = _complexity(method, results)
    if found is None:
        return Entry(note=NOT_MEASURED)
    return Entry((Part(found.gmacs, f"{found.gmacs:.1f}G" if found.gmacs >= 10 else f"{found.gmacs:.2f}G", True),))


def _parameters(method: Method, column: Column, results: Results) -> Entry:
    found = _complexity(method, results)
    if found is None:
        return Entry(note=NOT_MEASURED)
    millions = found.parameters / 1e6
    return Entry((Part(millions, f"{millions:.1f}M" if millions >= 1 else f"{millions:.3f}M", True),))


def _latency(method: Method, column: Column, results: Results) -> Entry:
    tasks = [str(task) for task in method.tasks]
    found = next((results.latency[method.network, t] for t in tasks if (method.network, t) in results.latency), None)
    if found is None:
        return Entry(note=NOT_MEASURED)
    return Entry((Part(found.median_ms, f"{found.median_ms / 1e3:.4f}s", True),))


def _argument(*names: str) -> Callable[[Method, Column, Results], Entry]:
    def entry(method: Method, column: Column, results: Results) -> Entry:
        from baselines.networks.configurations import arguments

        chosen = arguments(method.network, results.scale)
        value = next(chosen[name] for name in names if name in chosen)
        if isinstance(value, tuple):  # encoder and bottleneck, as Table I prints them
            value = value[: len(value) // 2 if len(value) > 5 else len(value)]
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        return Entry((Part(math.nan, text),))

    return entry


_ENTRIES: dict[str, Callable[[Method, Column, Results], Entry]] = {
    "quality": _quality,
    "gmacs": _gmacs,
    "parameters": _parameters,
    "latency": _latency,
    "levels": _argument("blocks", "depths"),
    "width": _argument("width"),
}


def _header(column: Column, results: Results) -> str:
    if column.kind == "quality":
        from benchmark.datasets import describe

        title = describe(dataset_id(column, results.scale)).title
        return title.removeprefix("mini, ") if results.scale == Scale.MINI else title
    return {"gmacs": "FLOPs", "parameters": "Param.", "latency": "Infer time", "levels": "layers", "width": "dim"}[
        column.kind
    ]


def _caption(spec: TableSpec, results: Results) -> str:
    if not any(column.kind == "quality" for column in spec.columns):
        return f"{spec.caption} Scale {results.scale}."
    where = (
        "Scale mini: small networks on embedded sets made after the named ones."
        if results.scale == Scale.MINI
        else "Scale paper: full-size networks on the official sets."
    )
    return f"{spec.caption} {where} PSNR (dB)/SSIM."


def _mark(sections: list[tuple[Row, ...]], pool: Sequence[int], columns: int) -> None:
    """Marks best and second of every number among the ranked rows of `pool`; ties at printed precision alike."""
    for column in range(columns):
        entries = [
            (s, r) for s in pool for r, row in enumerate(sections[s]) if row.ranked and row.entries[column].parts
        ]
        depth = max((len(sections[s][r].entries[column].parts) for s, r in entries), default=0)
        for part in range(depth):
            shown = {(s, r): sections[s][r].entries[column].parts[part] for s, r in entries}
            order = _distinct(shown.values())
            if len(shown) < 2:
                continue
            for (s, r), number in shown.items():
                place = order.index(number.text)
                if place < 2 and not math.isnan(number.value):
                    sections[s] = _with_mark(sections[s], r, column, part, ("best", "second")[place])


def _distinct(numbers: Iterable[Part]) -> list[str]:
    numbers = list(numbers)
    if not numbers:
        return []
    ordered = sorted(numbers, key=lambda n: n.value, reverse=not numbers[0].lower_is_better)
    return list(dict.fromkeys(n.text for n in ordered))


def _with_mark(rows: tuple[Row, ...], row: int, column: int, part: int, mark: str) -> tuple[Row, ...]:
    old = rows[row]
    parts = tuple(replace(p, mark=mark) if i == part else p for i, p in enumerate(old.entries[column].parts))
    entries = tuple(Entry(parts) if i == column else e for i, e in enumerate(old.entries))
    return (*rows[:row], replace(old, entries=entries), *rows[row + 1 :])


def _footnotes(sections: Sequence[Sequence[Row]], columns: Sequence[Column], results: Results) -> tuple[str, ...]:
    entries = [entry for section in sections for row in section for entry in row.entries]
    notes = []
    dashes = list(dict.fromkeys(entry.note for entry in entries if entry.note))
    if dashes:
        notes.append("; ".join(f"–{_SYMBOLS.get(note, '')} {note}" for note in dashes) + ".")
    if any(c.kind == "gmacs" for c in columns):
        sizes = {c.size for c in results.complexity.values()}
        notes.append(
            f"FLOPs: multiply-accumulates of one {'/'.join(f'{s}x{s}' for s in sorted(sizes))} image, as the "
            "paper counts them."
            if sizes
            else "FLOPs: not recorded."
        )
    if any(c.kind == "latency" for c in columns) and results.device:
        notes.append(f"Infer time on {results.device}.")
    if any(c.kind == "quality" for c in columns):
        cells = [c for row in sections for r in row for c in _used(r, columns, results)]
        if cells:
            images = sorted({len(c.scores) for c in cells})
            seeds = sorted({c.seed for c in cells})
            notes.append(
                f"Mean over {'-'.join(map(str, images[:: max(1, len(images) - 1)]))} images a set"
                + (
                    f" and over the training seeds {', '.join(map(str, seeds))} where they exist."
                    if len(seeds) > 1
                    else "."
                )
            )
    return tuple(notes)


def _used(row: Row, columns: Sequence[Column], results: Results) -> list[Cell]:
    return [
        cell
        for c in columns
        if c.kind == "quality"
        for cell in results.cells.get((row.method, dataset_id(c, results.scale)), [])
    ]
