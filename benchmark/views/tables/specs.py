"""Tables as they are made: which rows, which columns, what is ranked against what. Papers give them as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale
from benchmark.datasets import dataset_ids, describe
from benchmark.methods.catalogue import short_titles
from benchmark.papers.model import Paper, Pool, ShownTable
from benchmark.papers.read import get_paper

COSTS = ("gmacs", "parameters", "latency", "ms", "levels", "width")  # columns of a network, not of a data set
LOWER_IS_BETTER = frozenset({"gmacs", "parameters", "latency", "ms", "lpips", "niqe", "brisque", "piqe", "dists"})


@dataclass(frozen=True)
class Column:
    """One column. `kind` is `quality` (PSNR and SSIM), `gap` (closed), `printed` (a column of a ledger) or the name of a
    metric, each of the data set `dataset`; or one of `COSTS`. `group` stands above it.
    """

    kind: str
    dataset: str = ""
    group: str = ""

    @property
    def measures(self) -> bool:
        """Whether it holds scores of a data set."""
        return self.kind not in (*COSTS, "printed", "gap")


@dataclass(frozen=True)
class Section:
    """Rows between two rules: method ids, those among them that are not ranked, and what stands above them."""

    rows: tuple[str, ...]
    unranked: frozenset[str] = frozenset()
    title: str = ""


@dataclass(frozen=True)
class TableSpec:
    """One table: sections from top to bottom, columns from left to right; `pool` says what is ranked together.

    `titles` and `headers` are what rows and columns are called where it is not by their own titles. `published` names a
    ledger's table whose rows stand below. `named` is false for a table that is not one of a paper's, which has no number.
    """

    id: str
    caption: str
    sections: tuple[Section, ...]
    columns: tuple[Column, ...]
    pool: Pool = "table"
    titles: dict[str, str] = field(default_factory=dict, hash=False)
    headers: dict[str, str] = field(default_factory=dict, hash=False)
    published: str = ""
    label: str = ""
    named: bool = True
    order: str = ""


def tables(paper: str = "") -> dict[str, TableSpec]:
    """The tables of a paper by id, in its order. Raises UnknownName for a paper or a data set that is not known."""
    read = get_paper(paper)
    return {shown.id: spec_of(shown, read) for shown in read.tables}


def spec_of(shown: ShownTable, paper: Paper, known: frozenset[str] = frozenset()) -> TableSpec:
    """A table of a paper's file, its columns' groups from the passports. Raises UnknownName for an unknown data set."""
    columns = tuple(column_of(text, known) for text in shown.columns)
    sections = tuple(Section(s.rows, frozenset(s.unranked), s.title) for s in shown.section)
    titles = (short_titles(paper) if shown.short else {}) | shown.titles
    published = shown.published if "/" in shown.published or not shown.published else f"{paper.id}/{shown.published}"
    return TableSpec(
        shown.id,
        shown.caption,
        sections,
        columns,
        shown.pool,
        titles,
        shown.headers,
        published,
        shown.label,
        bool(shown.id),
        shown.order,
    )


def column_of(text: str, known: frozenset[str] = frozenset()) -> Column:
    """The column that `text` names: a cost, a data set, or METRIC:DATASET.

    `known` are data sets that no passport is of. Raises UnknownName.
    """
    kind, separator, dataset = text.partition(":")
    if not separator:
        kind, dataset = (text, "") if text in COSTS else ("quality", text)
    if kind == "printed" or not dataset:
        return Column(kind, dataset)
    if dataset not in known and dataset not in dataset_ids():
        raise UnknownName("data set or cost", dataset, [*dataset_ids(), *COSTS, *known])
    return Column(kind, dataset, str(describe(dataset).task).capitalize() if dataset in dataset_ids() else "")


def get_tables(name: str, paper: str = "") -> list[TableSpec]:
    """The paper's table called `name`, in any case, or all of them for `all`. Raises UnknownName."""
    specs = tables(paper)
    if name.lower() == "all":
        return list(specs.values())
    found = [spec for id, spec in specs.items() if id.lower() == name.lower()]
    if not found:
        raise UnknownName(f"table of {get_paper(paper).short}", name, [*specs, "all"])
    return found


def quality_columns(paper: str = "") -> tuple[Column, ...]:
    """The data sets that a paper's tables score, each once, in their order."""
    columns = (column for spec in tables(paper).values() for column in spec.columns if column.kind == "quality")
    return tuple(dict.fromkeys(columns))


def rows_of(paper: str = "", named: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The methods of a paper's tables (of those `named`, or of all), each once, in their order."""
    specs = [spec for id, spec in tables(paper).items() if not named or id in named]
    return tuple(dict.fromkeys(row for spec in specs for section in spec.sections for row in section.rows))


def dataset_id(column: Column, scale: Scale | str) -> str:
    """The data set of a column at `scale`: the embedded one made after it at scale mini, where there is one."""
    mini = f"mini-{column.dataset}"
    return mini if str(scale) == "mini" and mini in dataset_ids() else column.dataset
