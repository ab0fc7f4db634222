"""What stands below a table: the reasons of dashes, what was averaged, what the marks mean and where there are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.statistics import ALPHA, CONFIDENCE
from benchmark.views.tables.marks import Unmarked
from benchmark.views.tables.parts import Marks, Row, symbol
from benchmark.views.tables.results import Results
from benchmark.views.tables.specs import TableSpec, dataset_id


def footnotes(
    spec: TableSpec,
    headers: Sequence[str],
    sections: Sequence[Sequence[Row]],
    results: Results,
    marks: Marks,
    unmarked: Unmarked,
    spread: bool,
) -> tuple[str, ...]:
    """The footnotes of a table in the order in which they are printed."""
    kinds = {column.kind for column in spec.columns}
    notes = [*_dashes(sections)]
    if "gmacs" in kinds:
        sizes = {c.size for c in results.complexity.values()}
        shown = "/".join(f"{s}x{s}" for s in sorted(sizes))
        notes.append(
            f"FLOPs: multiply-accumulates of one {shown} image, as the paper counts them."
            if sizes
            else "FLOPs: not recorded."
        )
    if "latency" in kinds and results.device:
        notes.append(f"Infer time on {results.device}.")
    if kinds & {"quality", "gap"}:
        notes += _averages(spec, sections, results, spread)
    if "gap" in kinds:
        notes.append(
            f"[a,b]: {CONFIDENCE:.0%} interval over scenes (bootstrap of student, scratch and teacher together)."
        )
    if "quality" in kinds and spec.pool != "none":
        notes += _marks(spec, headers, sections, marks, unmarked)
    return tuple(notes)


def _dashes(sections: Sequence[Sequence[Row]]) -> Iterator[str]:
    entries = [entry for section in sections for row in section for entry in row.entries]
    reasons = list(dict.fromkeys(entry.note for entry in entries if entry.note))
    if reasons:
        yield "; ".join(f"–{symbol(reason)} {reason}" for reason in reasons) + "."


def _averages(spec: TableSpec, sections: Sequence[Sequence[Row]], results: Results, spread: bool) -> Iterator[str]:
    datasets = [dataset_id(c, results.scale) for c in spec.columns if c.kind in ("quality", "gap")]
    shown = [(row.method, dataset) for rows in sections for row in rows for dataset in datasets]
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
    if spread and "quality" in {column.kind for column in spec.columns}:
        yield (
            "±: standard deviation over the seeds; without it there is one seed."
            if several
            else "±: one seed everywhere."
        )


def _marks(
    spec: TableSpec, headers: Sequence[str], sections: Sequence[Sequence[Row]], marks: Marks, unmarked: Unmarked
) -> Iterator[str]:
    given = {part.mark for rows in sections for row in rows for e in row.entries for part in e.parts}
    if marks == Marks.paper:
        if "best" in given:
            yield "Marks: best and second at printed precision, whatever chance may explain."
        return
    if "best" in given or unmarked.ties:
        yield (
            "Marks: best and second, each with all rows that do not differ significantly from its first "
            f"(sign-flip test over scenes, Holm-corrected across the data sets, p at most {ALPHA:.2f}). "
            "Chance in training is not in it."
        )
    if unmarked.ties:
        yield f"All rows tie, so none is marked: {_places(spec, headers, unmarked.ties)}."
    if unmarked.unlike:
        places = _places(spec, headers, unmarked.unlike)
        yield f"Scored on different data or under different protocols, so not marked: {places}."


def _places(spec: TableSpec, headers: Sequence[str], places: Sequence[tuple[int, int, str]]) -> str:
    """`after GoPro (PSNR, SSIM; below Restormer)`, one for each column and pool."""
    found: dict[tuple[int, str], list[str]] = {}
    for column, part, first in places:
        found.setdefault((column, first if spec.pool == "section" else ""), []).append(("PSNR", "SSIM")[part])
    return "; ".join(
        f"{headers[column]} ({', '.join(numbers)}{f', below {first}' if first else ''})"
        for (column, first), numbers in found.items()
    )
