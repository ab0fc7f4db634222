"""The paper's four tables, and two of ours, as data: which rows, which columns, what is ranked against what."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale


@dataclass(frozen=True)
class Column:
    """One column: `quality` or `gap` (closed) of a data set, or `gmacs`, `parameters`, `latency`, `levels`, `width` of
    a network.
    """

    kind: str
    dataset: str = ""
    group: str = ""


@dataclass(frozen=True)
class Section:
    """Rows between two rules: method ids, and those among them that are not ranked (teachers, the degraded input)."""

    rows: tuple[str, ...]
    unranked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TableSpec:
    """One table: sections from top to bottom, columns from left to right; `pool` says what is ranked together."""

    id: str
    caption: str
    sections: tuple[Section, ...]
    columns: tuple[Column, ...]
    pool: str = "table"  # or "section"
    titles: dict[str, str] = field(default_factory=dict, hash=False)  # method id -> row title, where it differs


_FIVE = (
    Column("quality", "rain1400", "Deraining"),
    Column("quality", "test1200", "Deraining"),
    Column("quality", "gopro", "Deblurring"),
    Column("quality", "hide", "Deblurring"),
    Column("quality", "sidd", "Denoising"),
)
_FURTHER = ("dckd-dynamic", "fakd", "at", "fitnets", "pisr")
_COMPRESSED = ("scratch", "logits", "dfkd", "dfkd-progressive", "dckd-cross", "slkd")
_FAMILIES = (("restormer", "res-sl"), ("uformer", "ufor-sl"), ("drsformer", "drs-sl"))


def _short(student: str) -> dict[str, str]:
    return {
        f"{student}-scratch": "scratch",
        f"{student}-logits": "logits",
        f"{student}-dfkd": "DFKD",
        f"{student}-dfkd-progressive": "DFKD prog.",
        f"{student}-dckd-cross": "DCKD",
        f"{student}-dckd-dynamic": "DCKD dyn.",
        f"{student}-fakd": "FAKD",
        f"{student}-at": "AT",
        f"{student}-fitnets": "FitNets",
        f"{student}-pisr": "PISR",
    }


TABLES: dict[str, TableSpec] = {
    "I": TableSpec(
        "I",
        "Hyper-parameters and complexity of teachers and students.",
        tuple(Section((teacher, f"{student}-slkd")) for teacher, student in _FAMILIES),
        (Column("levels"), Column("width"), Column("gmacs"), Column("parameters"), Column("latency")),
        pool="none",
    ),
    "II": TableSpec(
        "II",
        "Comparison of distillation methods, with a plainly trained student (scratch) and logits as controls.",
        tuple(
            Section((teacher, *(f"{student}-{d}" for d in _COMPRESSED)), frozenset({teacher}))
            for teacher, student in _FAMILIES
        ),
        _FIVE,
        pool="section",
        titles={k: v for _, student in _FAMILIES for k, v in _short(student).items()},
    ),
    "III": TableSpec(
        "III",
        "Comparison with lightweight networks.",
        (
            Section(("identity",), frozenset({"identity"})),
            Section(
                (
                    "prenet",
                    "rcdnet",
                    "dmphn",
                    "mt-rnn",
                    "vdn",
                    "deamnet",
                    "mprnet",
                    "res-sl-slkd",
                    "ufor-sl-slkd",
                    "drs-sl-slkd",
                )
            ),
        ),
        (*_FIVE, Column("gmacs"), Column("latency")),
    ),
    "IV": TableSpec(
        "IV",
        "Ablation of the decoder's source and of the two feature losses.",
        (
            Section(
                (
                    "res-sl-ablation-rainy",
                    "res-sl-ablation-clean",
                    "res-sl-ablation-nc",
                    "res-sl-ablation-et",
                    "res-sl-slkd",
                )
            ),
        ),
        (Column("quality", "rain1400", "Deraining"),),
        titles={"res-sl-slkd": r"Res-SL, clean + $L_{NC}$ + $L_{ET}$"},
    ),
    "V": TableSpec(
        "V",
        "Every distiller on Res-SL, beside its teacher and the controls (not in the paper).",
        (
            Section(("identity", "restormer"), frozenset({"identity", "restormer"})),
            Section(tuple(f"res-sl-{d}" for d in (*_COMPRESSED[:-1], *_FURTHER, "slkd"))),
        ),
        _FIVE,
    ),
    "gap": TableSpec(
        "gap",
        "Part of the gap between the scratch student and its teacher that each distiller closes: "
        "(student - scratch)/(teacher - scratch) in percent of PSNR (not in the paper).",
        tuple(
            Section(tuple(f"{s}-{d}" for d in (*_COMPRESSED[1:-1], *(_FURTHER if s == "res-sl" else ()), "slkd")))
            for _, s in _FAMILIES
        ),
        tuple(Column("gap", column.dataset, column.group) for column in _FIVE),
        pool="none",
        titles={k: v for _, student in _FAMILIES for k, v in _short(student).items()},
    ),
}


def get_tables(name: str) -> list[TableSpec]:
    """The table called `name` (I to V or gap, in any case), or all of them for `all`. Raises UnknownName."""
    if name.lower() == "all":
        return list(TABLES.values())
    found = [spec for id, spec in TABLES.items() if id.lower() == name.lower()]
    if not found:
        raise UnknownName("table", name, [*TABLES, "all"])
    return found


def dataset_id(column: Column, scale: Scale | str) -> str:
    """The data set of a quality column at `scale`."""
    return f"mini-{column.dataset}" if str(scale) == "mini" else column.dataset
