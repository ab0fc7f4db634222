"""The ledgers of `results/paper`: one folder a publication, one file a table, each number as it is printed.

A table's file names its columns (metrics, the set the column names, the set it really is, protocol), then its rows with
their cells as printed: `34.18/0.944`, `619.5G`, `<u>85.0G</u>` where the second-best mark is known, `<b>` for the best.
What a column, a row or a cell does not say, the table does. `statements.json` holds what is claimed in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.claims.claim import METRICS, QUALITY, Claim, Ledger, Original
from benchmark.claims.published import Published, loose_results
from benchmark.claims.statements import read_statements
from benchmark.core.errors import BadResult, UnknownName
from benchmark.datasets.passport import passports
from benchmark.methods.catalogue import methods
from benchmark.papers.read import default_paper, known_papers, paper_folders, paper_ids
from benchmark.protocols import protocol_ids

__all__ = ["Claim", "Ledger", "Original", "papers", "read_ledger"]

_TABLE = {"table", "columns", "provenance", "pool", "rows", "note"}
_COLUMN = {"metrics", "dataset", "true_dataset", "protocol", "provenance", "note"}
_ROW = {"row", "of", "method", "known_as", "provenance", "protocol", "pool", "note", "checked", "cells"}
_CELL = {"text", "provenance", "protocol", "true_dataset", "note", "checked"}
_PROVENANCE = ("measured by the authors", "unsourced", "not traced")
_MARKS = {"<u>": "second", "<b>": "best"}


def papers(root: Path | None = None) -> list[str]:
    """The ids of the publications that have a ledger, the user's own among them where no `root` is given."""
    return paper_ids(root)


def read_ledger(paper: str = "", root: Path | None = None) -> Ledger:
    """The ledger of `paper` (the default one without a name), each claim with the published original beside it.

    `root` is another folder of reference data. Raises UnknownName for a paper without ledger, BadResult naming the file, the
    entry and the field that is wrong.
    """
    return _ledger((paper or default_paper()).lower(), root, known_papers())


@cache
def _ledger(paper: str, root: Path | None, known: tuple[str, ...]) -> Ledger:
    ledger = _plain(paper, root, known)
    record = others_results(paper, root)
    partners = {(c.cell, c.metric): c.value for c in ledger.numbers}
    claims = []
    for claim in ledger.claims:
        found = _original(claim, partners, record) if claim.kind == "number" and claim.metric in QUALITY else None
        if claim.copied and (found is None or abs(found.value - (claim.value or 0)) > 1e-9):
            where = "none on record" if found is None else f"{found.text} of {found.where}"
            folder = paper_folders(root)[paper]
            raise _bad(folder, claim.where, "provenance", f"a published result equal to {claim.text}", where)
        if found and claim.copied:
            claim = replace(claim, protocol=claim.protocol or found.protocol, true_dataset=found.dataset)
        claims.append(replace(claim, original=found))
    return replace(ledger, claims=tuple(claims))


def others_results(paper: str, root: Path | None = None) -> tuple[Published, ...]:
    """Every published result on record but `paper`'s own."""
    return _others(paper, root, known_papers())


@cache
def _others(paper: str, root: Path | None, known: tuple[str, ...]) -> tuple[Published, ...]:
    ledgers = [_plain(other, root, known) for other in papers(root) if other != paper]
    return (*loose_results(), *(cell for ledger in ledgers for cell in cells_of(ledger)))


def cells_of(ledger: Ledger) -> Iterator[Published]:
    """The ledger's PSNR/SSIM cells that are not copied from elsewhere, each under the set that its column names."""
    ssims = {c.cell: c for c in ledger.numbers if c.metric == "ssim"}
    for claim in ledger.numbers:
        if claim.metric != "psnr" or not claim.dataset or claim.value is None or claim.copied:
            continue
        ssim = ssims.get(claim.cell)
        decimals = len(ssim.text.partition(".")[2]) if ssim else None
        where = f"{ledger.short}, Table {claim.table}, column {claim.column}"
        yield Published(
            claim.known_as or claim.row,
            claim.dataset,
            claim.protocol,
            claim.value,
            ssim.value if ssim else None,
            decimals,
            where,
            claim.checked,
            (),
            claim.note,
        )


def _original(claim: Claim, partners: dict[Any, float | None], record: Sequence[Published]) -> Original | None:
    """The equal published result of the method, else the one on the set it is of, else on the set the column names."""
    psnr, ssim = partners.get((claim.cell, "psnr")), partners.get((claim.cell, "ssim"))
    own = [cell for cell in record if cell.method == claim.known_as]
    equal = [cell for cell in own if psnr is not None and cell.equals(psnr, ssim)]
    near = [cell for name in (claim.true_dataset, claim.dataset) for cell in own if name and cell.dataset == name]
    for cell in (*equal, *near):
        value = cell.psnr if claim.metric == "psnr" else cell.ssim
        if value is not None:
            decimals = 2 if claim.metric == "psnr" else cell.ssim_decimals
            return Original(value, f"{value:.{decimals}f}", cell.where, cell.dataset, cell.protocol, cell.checked)
    return None


@cache
def _plain(paper: str, root: Path | None, known: tuple[str, ...]) -> Ledger:
    """The ledger as its files say, without originals."""
    folders = paper_folders(root)
    if paper not in folders:
        raise UnknownName("paper with a ledger", paper, folders)
    folder = folders[paper]
    about = _read(folder / "paper.json")
    claims: list[Claim] = []
    for path in sorted(folder.glob("table-*.json")):
        claims += _table(paper, path)
    if (folder / "statements.json").is_file():
        claims += read_statements(paper, folder / "statements.json", claims)
    ids = [claim.id for claim in claims]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise _bad(folder, twice[0], "id", "entries that differ", "two that are the same")
    try:
        return Ledger(
            about["id"],
            about["short"],
            about["title"],
            about["source"],
            about["scope"],
            about["complete"],
            about.get("image_size", 0),
            about["states"],
            tuple(claims),
        )
    except KeyError as problem:
        raise _bad(folder / "paper.json", "the file", str(problem).strip("'"), "a value", "none") from problem


def _table(paper: str, path: Path) -> Iterator[Claim]:
    raw = _read(path)
    _known(path, "the table", raw, _TABLE, ("table", "columns", "rows"))
    for name, column in raw["columns"].items():
        _known(path, f"column {name}", column, _COLUMN, ("metrics",))
        _check_column(path, name, column)
    for row in raw["rows"]:
        _known(path, f"row {row.get('row', '?')}", row, _ROW, ("row", "cells"))
        entry = f"row {_row_title(row)}"
        if row.get("method") and row["method"] not in {m.id for m in methods()}:
            raise _bad(path, entry, "method", "an id of `slkd-bench list methods`", f"'{row['method']}'")
        for name, cell in row["cells"].items():
            if name not in raw["columns"]:
                raise _bad(path, entry, "cells", f"one of {', '.join(raw['columns'])}", f"'{name}'")
            cell = {"text": cell} if isinstance(cell, str) else cell
            _known(path, f"{entry}, {name}", cell, _CELL, ("text",))
            yield from _cell(paper, path, raw, row, name, raw["columns"][name], cell)


def _row_title(row: dict[str, Any]) -> str:
    return f"{row['row']} of {row['of']}" if row.get("of") else str(row.get("row", "?"))


def _check_column(path: Path, name: str, column: dict[str, Any]) -> None:

    for metric in column["metrics"]:
        if metric not in METRICS:
            raise _bad(path, f"column {name}", "metrics", f"some of {', '.join(METRICS)}", f"'{metric}'")
    for field in ("dataset", "true_dataset"):
        if column.get(field) and column[field] not in passports():
            raise _bad(path, f"column {name}", field, "an id of `slkd-bench list datasets`", f"'{column[field]}'")
    if column.get("protocol") and column["protocol"] not in protocol_ids():
        raise _bad(
            path, f"column {name}", "protocol", "an id of `slkd-bench list protocols`", f"'{column['protocol']}'"
        )


def _cell(
    paper: str,
    path: Path,
    table: dict[str, Any],
    row: dict[str, Any],
    name: str,
    column: dict[str, Any],
    cell: dict[str, Any],
) -> Iterator[Claim]:
    title = _row_title(row)
    text, mark = str(cell["text"]), ""
    for tag, what in _MARKS.items():
        if text.startswith(tag) and text.endswith(tag.replace("<", "</")):
            text, mark = text[len(tag) : -len(tag) - 1], what
    parts = text.split("/") if len(column["metrics"]) > 1 else [text]
    if len(parts) != len(column["metrics"]):
        raise _bad(path, f"row {title}, {name}", "text", f"{len(column['metrics'])} numbers", f"'{text}'")

    def said(field: str, default: Any = None) -> Any:
        found = (level[field] for level in (cell, column if field != "note" else {}, row, table) if field in level)
        return next(found, default)

    provenance = str(cell.get("provenance") or column.get("provenance") or said("provenance", "unsourced"))
    if provenance not in _PROVENANCE and not provenance.startswith("copied from "):
        raise _bad(
            path,
            f"row {title}, {name}",
            "provenance",
            f"{', '.join(_PROVENANCE)} or copied from ...",
            f"'{provenance}'",
        )
    notes = [level["note"] for level in (column, row, cell) if level.get("note")]
    dataset = column.get("dataset", "")
    for metric, part in zip(column["metrics"], parts, strict=True):
        id = f"{table['table']}.{row.get('method') or title.lower().replace(' ', '-')}.{name.lower().replace(' ', '-')}"
        yield Claim(
            f"{id}.{metric}",
            paper,
            table["table"],
            title,
            name,
            metric,
            _value(path, title, name, metric, part),
            part,
            mark,
            row.get("method", ""),
            dataset,
            cell.get("true_dataset") or column.get("true_dataset") or dataset,
            said("protocol"),
            provenance,
            None,
            " ".join(notes),
            pool=said("pool", ""),
            known_as=row.get("known_as", ""),
            checked=said("checked", True),
        )


def _value(path: Path, title: str, name: str, metric: str, text: str) -> float | None:
    unit = {"gmacs": "G", "parameters": "M", "latency": "s"}.get(metric, "")
    try:
        if metric == "layers":
            [int(part) for part in text.split(",")]
            return None
        value = float(text.removesuffix(unit) if text.endswith(unit) else "no unit")
    except ValueError:
        raise _bad(
            path, f"row {title}, {name}", metric, f"a number{f' with the unit {unit}' if unit else ''}", f"'{text}'"
        ) from None
    if not 0 < value < (1 if metric == "ssim" else 100 if metric == "psnr" else 1e6):
        raise _bad(path, f"row {title}, {name}", metric, "a value that is possible", text)
    return value


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadResult(
            f"a ledger file in JSON: {path}", f"{type(problem).__name__}: {problem}", "Mend the file."
        ) from problem
    if not isinstance(raw, dict):
        raise BadResult(f"a JSON object in {path}", type(raw).__name__, "Mend the file.")
    return raw


def _known(path: Path, entry: str, raw: dict[str, Any], fields: set[str], needed: tuple[str, ...]) -> None:
    for field in needed:
        if field not in raw:
            raise _bad(path, entry, field, "a value", "none")
    for field in raw:
        if field not in fields:
            raise _bad(path, entry, field, f"one of {', '.join(sorted(fields))}", f"'{field}'")


def _bad(path: Path, entry: str, field: str, expected: str, found: str) -> BadResult:
    return BadResult(
        f"in {path}, {entry}, field {field}: {expected}", found, "Mend the entry; `slkd-bench claims validate`."
    )
