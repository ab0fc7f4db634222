"""A table of somebody's own: any methods, data sets and metrics, from options or from a file like a paper's `shown.toml`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.core.errors import BadFile, BadMethod, BadResult, UnknownName
from benchmark.core.toml import read_toml
from benchmark.core.types import Scale
from benchmark.datasets import dataset_ids
from benchmark.methods.catalogue import own_rows, registered
from benchmark.papers.model import ShownFile, ShownSection, ShownTable
from benchmark.papers.read import get_paper
from benchmark.protocols import without_protocol
from benchmark.views.tables.parts import Grid, Row
from benchmark.views.tables.results import Results
from benchmark.views.tables.specs import COSTS, TableSpec, rows_of, spec_of

ALIASES = {"params": "parameters", "flops": "gmacs", "time": "ms", "layers": "levels", "dim": "width"}


@dataclass(frozen=True)
class OwnTable:
    """What an own table shows; without methods or data sets all that have results, without metrics PSNR and SSIM.

    `order` sorts the rows by a metric, best first; `published` names a paper's table, PAPER/TABLE, whose printed rows
    stand below; `file` is a TOML file that says all this.
    """

    methods: tuple[str, ...] = field(
        default=(), metadata={"help": "own: these rows, in this order; may be repeated.", "flags": ("--method", "-m")}
    )
    datasets: tuple[str, ...] = field(
        default=(), metadata={"help": "own: these data sets; may be repeated.", "flags": ("--dataset", "-d")}
    )
    metrics: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "own: psnr, ssim, gmacs, params, ms, levels, width or a further metric of the results; with commas.",
            "flags": ("--metric",),
        },
    )
    caption: str = field(default="", metadata={"help": "own: what stands above it."})
    label: str = field(default="", metadata={"help": "own: its LaTeX label."})
    order: str = field(default="", metadata={"help": "own: sort the rows by METRIC or METRIC:DATASET, best first."})
    published: str = field(
        default="", metadata={"help": "own: add the rows that PAPER/TABLE prints, marked as not measured."}
    )
    file: Path | None = field(
        default=None, metadata={"help": "own: a TOML file of tables, as a paper's shown.toml.", "flags": ("--spec",)}
    )

    @property
    def asked(self) -> bool:
        """Whether anything is said at all."""
        return self != OwnTable()


def own_tables(own: OwnTable, results: Results, paper: str = "") -> list[TableSpec]:
    """The tables that were asked for. Raises UnknownName, BadFile for a wrong file, BadResult where there are no results."""
    if own.file is not None:
        if own != OwnTable(file=own.file):
            raise BadFile(
                "a file of tables alone, or options alone", f"{own.file} and options", "Write them into the file."
            )
        shown = read_toml(own.file, ShownFile).table
        if not shown:
            raise BadFile(
                f"in {own.file}, an entry [[table]]", "none", "Write one as a shipped paper's shown.toml has them."
            )
    else:
        shown = (_shown(own, results),)
    known = frozenset(dataset for _, dataset in results.cells)
    read = get_paper(paper)
    return [replace(spec_of(_resolved(table, results), read, known), named=False) for table in shown]


def beyond(results: Results, paper: str = "") -> list[TableSpec]:
    """The methods with results that stand in no table of the paper, as one table more; none where there are none."""
    inside = set(rows_of(paper))
    methods = tuple(dict.fromkeys(method for method, _ in results.cells if method not in inside))
    if not methods:
        return []
    datasets = tuple(dict.fromkeys(dataset for method, dataset in results.cells if method in methods))
    own = OwnTable(methods, datasets, caption=f"Methods beyond the tables, at scale {results.scale}. PSNR (dB)/SSIM.")
    return own_tables(own, results, paper)


def _shown(own: OwnTable, results: Results) -> ShownTable:
    if not results.cells and not own.published:
        raise BadResult("result files", "none", f"Run `slkd-bench run` at scale {results.scale} first, or give --out.")
    methods = own.methods or tuple(dict.fromkeys(method for method, _ in results.cells))
    known = [dataset for _, dataset in results.cells]
    asked = own.datasets or dict.fromkeys(known)
    datasets = [one for name in asked for one in _datasets(name, known, results.scale)]
    words = [word.strip().lower() for metric in own.metrics or ("psnr,ssim",) for word in metric.split(",")]
    metrics = [ALIASES.get(word, word) for word in words if word]
    _check(metrics, results)
    caption = own.caption or _caption(metrics, datasets, results.scale)
    section = ShownSection(methods, tuple({"identity"} & set(methods)))
    columns = tuple(_columns(dict.fromkeys(datasets), metrics))
    return ShownTable("own", caption, columns, (section,), published=own.published, label=own.label, order=own.order)


def further_metrics(results: Results) -> list[str]:
    """The metrics beside PSNR and SSIM that the results hold, each once."""
    cells = (cell for found in results.cells.values() for cell in found)
    return list(dict.fromkeys(name for cell in cells for score in cell.scores[:1] for name in score.extra))


def _check(metrics: Sequence[str], results: Results) -> None:
    further = further_metrics(results)
    for metric in metrics:
        if metric not in {"psnr", "ssim", *COSTS, *further}:
            raise UnknownName("metric of these results", metric, ["psnr", "ssim", *COSTS, *ALIASES, *further])


def _columns(datasets: Iterable[str], metrics: Sequence[str]) -> Iterable[str]:
    """PSNR and SSIM share a column; costs stand once, behind the data sets."""
    both = {"psnr", "ssim"} <= set(metrics)
    scored = [metric for metric in metrics if metric not in COSTS]
    for dataset in datasets:
        for metric in scored:
            if both and metric == "ssim":
                continue
            yield dataset if both and metric == "psnr" else f"{metric}:{dataset}"
    yield from (metric for metric in metrics if metric in COSTS)


def _caption(metrics: Sequence[str], datasets: Sequence[str], scale: Scale) -> str:
    units = {"psnr": "PSNR (dB)", "ssim": "SSIM", "gmacs": "GMACs", "parameters": "parameters", "ms": "time (ms)"}
    told = "/".join(units.get(metric, metric.upper()) for metric in metrics)
    known = [dataset for dataset in datasets if dataset in dataset_ids()]
    if not known:
        return f"{told}."
    where = "small networks on the embedded sets" if scale is Scale.MINI else "full-size networks on the official sets"
    return f"{told}. Scale {scale}: {where}."


def _datasets(name: str, known: Sequence[str], scale: Scale) -> list[str]:
    """Data sets as columns name them: without `mini-`, which the scale gives; a folder by its name, under each protocol.

    Raises UnknownName.
    """
    for one in (name, name.lower(), f"mini-{name.lower()}", Path(name).name):
        if one in known or one in dataset_ids():
            official = one.removeprefix("mini-")
            return [official if scale is Scale.MINI and official in dataset_ids() else one]
    folders = [one for one in dict.fromkeys(known) if without_protocol(one) == Path(name).name]
    if folders:
        return folders
    raise UnknownName("data set", name, {*dataset_ids(), *known})


def _resolved(table: ShownTable, results: Results) -> ShownTable:
    """The table with its methods by their ids. Raises UnknownName for one that is neither registered nor has results."""
    sections = tuple(
        replace(
            section,
            rows=tuple(method_named(name, results) for name in section.rows),
            unranked=tuple(method_named(name, results) for name in section.unranked),
        )
        for section in table.section
    )
    return replace(table, section=sections)


def method_named(name: str, results: Results) -> str:
    """The id of a method in any case, as the catalogue or the results call it. Raises UnknownName."""
    plain = name.partition("=")[0] if "@" not in name else name
    with_results = {method for method, _ in results.cells}
    lower = own_rows().get(plain.lower(), plain.lower())
    for one in (plain, lower):
        if one in with_results or one in registered():
            return one
    raise UnknownName("method, or one with results here", name, {*registered(), *with_results})


def ordered(grid: Grid, spec: TableSpec) -> Grid:
    """The grid with the rows of each section sorted as `spec` says: METRIC or METRIC:DATASET, the best first.

    Raises BadMethod for one that no column shows.
    """
    metric, _, dataset = spec.order.partition(":")
    metric = ALIASES.get(metric, metric)
    for place, column in enumerate(spec.columns):
        shows = (column.kind == metric) or (column.kind == "quality" and metric in ("psnr", "ssim"))
        if shows and dataset in ("", column.dataset):
            part = 1 if column.kind == "quality" and metric == "ssim" else 0
            sections = tuple(tuple(sorted(rows, key=lambda row: _rank(row, place, part))) for rows in grid.sections)
            return replace(grid, sections=sections)
    shown = ", ".join(f"{c.kind}:{c.dataset}" if c.dataset else c.kind for c in spec.columns)
    raise BadMethod(f"an order by a column of the table ({shown})", f"'{spec.order}'", "Give --order psnr, say.")


def _rank(row: Row, column: int, part: int) -> float:
    parts = row.entries[column].parts
    if len(parts) <= part or math.isnan(parts[part].value):
        return math.inf
    return parts[part].value if parts[part].lower_is_better else -parts[part].value
