"""What a paper's folder says, as data classes. Importing this module imports nothing heavy.

`paper.json` and the ledgers beside it are what the paper prints (`benchmark.claims`). Four TOML files say how it is shown
and what it compares, each of which may be missing:

    shown.toml        the tables: rows, columns, what is ranked together
    figures.toml      the figures, and how methods are drawn
    methods.toml      the rows that the paper compares: families of teacher and student, distillers, ablations; and what
                      `ablate` varies around them
    complexity.toml   what its cost columns count, and what they may have counted instead
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from benchmark.core.toml import CLOSED

Pool = Literal["table", "section", "none"]
Kind = Literal["teacher", "student", "control", "lightweight", "ablation"]


@dataclass(frozen=True)
class ShownSection:
    """Rows between two rules: method ids; `unranked` are those that do not compete for the marks.

    `title` stands above the rows; `known_as` gives rows of the paper's ledger, which are printed as published.
    """

    rows: tuple[str, ...]
    unranked: tuple[str, ...] = ()
    title: str = ""
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class ShownTable:
    """A table as it is to be shown.

    `columns` are data sets (PSNR and SSIM), `METRIC:DATASET` (psnr, ssim, gap or a further metric on a data set), or
    `gmacs`, `parameters`, `latency`, `levels`, `width` of the network. `pool` says what competes for the marks, `titles`
    how a row is called where it is not by its method's title, `short` that students are called by their distiller alone.
    `published` names a table of a ledger (`PAPER/TABLE`) whose printed rows stand below, marked as not measured.
    """

    id: str
    caption: str
    columns: tuple[str, ...]
    section: tuple[ShownSection, ...] = ()
    pool: Pool = "table"
    short: bool = False
    titles: dict[str, str] = field(default_factory=dict, hash=False)
    headers: dict[str, str] = field(default_factory=dict, hash=False)
    published: str = ""
    label: str = ""
    order: str = ""
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class ShownFile:
    """`shown.toml`: the tables in their order."""

    table: tuple[ShownTable, ...] = ()
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class ShownFigure:
    """A figure of restored images: `datasets` from top to bottom, `methods` from left to right; `titles` of columns."""

    id: str
    caption: str
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    titles: dict[str, str] = field(default_factory=dict, hash=False)
    short: bool = False
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Drawn:
    """How a distiller's students are drawn in plots; `name` is what the legend calls them."""

    colour: str
    marker: str
    name: str = ""
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class FiguresFile:
    """`figures.toml`: figures, the distillers' marks and the families' lines, and which distiller is the paper's own.

    `own` is drawn strongest. `pareto` and `convergence` name the tables whose rows those plots show.
    """

    figure: tuple[ShownFigure, ...] = ()
    own: str = ""
    pareto: tuple[str, ...] = ()
    convergence: tuple[str, ...] = ()
    mark: dict[str, Drawn] = field(default_factory=dict, hash=False)
    line: dict[str, str] = field(default_factory=dict, hash=False)
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Family:
    """A student and the `distillers` that train it in this paper; `own` trains it as the paper does.

    The student's name alone means the row of `own`. Its teacher, title and tasks are what its network declares.
    """

    student: str
    distillers: tuple[str, ...]
    own: str = ""
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class DistillerRow:
    """How the paper calls a distiller where it is not as declared: in a row's title (empty: by the student's alone), and
    `short` where the table names the student already."""

    id: str
    kind: Kind | None = None
    source: str | None = None
    title: str | None = None
    short: str | None = None
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Ablation:
    """A row that is another one with other `options` of its distiller."""

    id: str
    of: str
    title: str
    source: str
    tasks: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Axis:
    """One question that `ablate` answers around a row of the paper's own distiller.

    The variants are `rows`, ablations of `methods.toml` which are varied alike for another student, `changes` of options as
    they are typed behind an @, and every combination of the values of `grid` but the declared defaults. `first` says that
    it is answered where none is named.
    """

    name: str
    question: str
    rows: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    grid: dict[str, tuple[Any, ...]] = field(default_factory=dict, hash=False)
    first: bool = False
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class MethodsFile:
    """`methods.toml`: what the paper compares, in the order of its tables.

    `distillers` and `own` are for a student that no family of a paper names.
    """

    distillers: tuple[str, ...] = ()
    own: str = ""
    distiller: tuple[DistillerRow, ...] = ()
    family: tuple[Family, ...] = ()
    ablation: tuple[Ablation, ...] = ()
    axis: tuple[Axis, ...] = ()
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class ComplexityFile:
    """`complexity.toml`: the side of the square image whose cost the paper prints, and what a miscount may have been.

    `sizes` are other image sizes, `units` factors by name that may explain a number which does not agree.
    """

    image_size: int = 512
    sizes: tuple[int, ...] = ()
    units: dict[str, float] = field(default_factory=dict, hash=False)
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Paper:
    """One paper: who it is, where its folder lies, and what its files say."""

    id: str
    short: str
    title: str
    source: str
    folder: Path
    tables: tuple[ShownTable, ...] = ()
    figures: FiguresFile = FiguresFile()
    methods: MethodsFile = MethodsFile()
    complexity: ComplexityFile = ComplexityFile()
