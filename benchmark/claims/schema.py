"""The files of a paper's folder and of the published results, as data classes that pydantic checks.

What must hold between files (ids of methods, sets and protocols; originals of copied numbers) is checked where they are
read (`benchmark.claims.ledger`, `statements`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Gt, Lt, MinLen

from benchmark.claims.claim import Metric
from benchmark.core.models import CLOSED

Text = Annotated[str, MinLen(1)]
Words = Annotated[tuple[Text, ...], MinLen(1)]


@dataclass(frozen=True)
class State:
    """What a publication tells or leaves out: whether it is stated, which metrics hang on it, and what it is in words."""

    stated: bool
    concerns: tuple[Metric, ...]
    what: Text
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class PaperFile:
    """`paper.json`: who the publication is, and what it tells and leaves out."""

    id: Text
    short: Text
    title: Text
    source: Text
    scope: Text
    complete: bool
    image_size: Annotated[int, Gt(-1)] = 0
    states: dict[str, State] = field(default_factory=dict)
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Column:
    """A column: what it prints, the set it names, the set it really is of."""

    metrics: Annotated[tuple[Metric, ...], MinLen(1)]
    dataset: str = ""
    true_dataset: str | None = None
    protocol: str | None = None
    provenance: str | None = None
    note: str = ""
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class _Cell:
    """A cell of which more is known than what is printed."""

    text: Text
    provenance: str | None = None
    protocol: str | None = None
    true_dataset: str | None = None
    note: str = ""
    checked: bool | None = None
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Row:
    """A row: `of` is the teacher's block it stands in, `method` ours, `known_as` its name in other publications.

    `alternatives` are other methods of ours that the row may mean, by the reading that makes them so.
    """

    row: Text
    cells: dict[str, str | _Cell]
    of: str = ""
    method: str = ""
    alternatives: dict[str, str] = field(default_factory=dict)
    known_as: str = ""
    provenance: str | None = None
    protocol: str | None = None
    pool: str | None = None
    note: str = ""
    checked: bool | None = None
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class TableFile:
    """`table-*.json`: one table as it is printed."""

    table: Text
    columns: dict[str, Column]
    rows: tuple[Row, ...]
    provenance: str | None = None
    pool: str | None = None
    note: str = ""
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Pair:
    """Each of `better` is said to be ahead of each of `than`, on `datasets` where they are not those of the statement."""

    better: Words
    than: Words
    datasets: tuple[str, ...] = ()
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Alternative:
    """One way to read a statement: `methods` stand in for others by id; the first reading changes none."""

    name: Text
    methods: dict[str, str] = field(default_factory=dict)
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Statement:
    """What is claimed in words. `table` is the one it rests on: the comparisons of one are tested together.

    `depends_on` is `size` where how large the compared networks are decides it, which a smaller study chooses itself.
    """

    id: Text
    kind: Literal["ordering", "ratio", "speed-up"]
    table: Text
    where: Text
    says: Text
    metrics: Annotated[tuple[Metric, ...], MinLen(1)]
    pairs: Annotated[tuple[Pair, ...], MinLen(1)]
    datasets: tuple[str, ...] = ()
    percent: Annotated[float, Gt(0), Lt(100)] | None = None
    readings: tuple[Alternative, ...] = ()
    depends_on: Literal["size", ""] = ""
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class StatementsFile:
    """`statements.json`."""

    statements: tuple[Statement, ...]
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Equation:
    """One equation in its parts, with the line it stands in.

    A `normalisation` divides by a variance or a standard deviation. A `divergence` is S log(S/T), a `distance` a norm, `of`
    the first from the second (`from_`); `range` says which values they take and `sums_to_one` whether they are
    distributions; `terms` are the levels it sums over and `count` their number's symbol. A `total` `adds` others.
    """

    number: Text
    kind: Literal["normalisation", "divergence", "distance", "total"]
    where: Text
    says: Text
    divides_by: Literal["variance", "standard deviation", ""] = ""
    of: str = ""
    from_: str = ""
    range: Literal["signed", "positive", ""] = ""
    sums_to_one: bool = False
    terms: str = ""
    count: str = ""
    signed_because: str = ""
    adds: tuple[str, ...] = ()
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Undefined:
    """What equations rest on and is not defined: the line that uses it, and what is missing."""

    what: Text
    where: Text
    says: Text
    missing: Text
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class EquationsFile:
    """`equations.json`: `truth` is the symbol of the clean image, `levels` how deep each part of the network is."""

    equations: tuple[Equation, ...]
    truth: str = ""
    levels: dict[str, str] = field(default_factory=dict)
    undefined: tuple[Undefined, ...] = ()
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class PublishedCell:
    """One entry of `published.json`."""

    method: Text
    dataset: Text
    protocol: str | None
    psnr: Annotated[float, Gt(0), Lt(100)]
    ssim: Annotated[float, Gt(0), Lt(1)] | None
    ssim_decimals: int | None
    where: Text
    checked: bool
    note: str
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class PublishedFile:
    """`published.json`: results that stand in no ledger."""

    about: str
    cells: tuple[PublishedCell, ...]
    __pydantic_config__: ClassVar[Any] = CLOSED
