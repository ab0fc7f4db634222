"""The ledgers of `results/paper`: one folder a publication, one file a table, each number as it is printed.

A table's file names its columns (metrics, the set the column names, the set it really is, protocol), then its rows with
their cells as printed: `34.18/0.944`, `619.5G`, `<u>85.0G</u>` where the second-best mark is known, `<b>` for the best.
What a column, a row or a cell does not say, the table does. `statements.json` holds what is claimed in words,
`equations.json` what is written as equations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.claims.claim import QUALITY, Claim, Ledger, Original
from benchmark.claims.published import Published, loose_results
from benchmark.claims.schema import EquationsFile, PaperFile
from benchmark.claims.statements import REMEDY, read_statements
from benchmark.claims.tables import bad_entry, read_table
from benchmark.core.errors import UnknownName
from benchmark.core.models import read_json
from benchmark.papers.read import default_paper, known_papers, paper_folders, paper_ids

__all__ = ["Claim", "Ledger", "Original", "papers", "read_ledger"]


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
            raise bad_entry(folder, claim.where, "provenance", f"a published result equal to {claim.text}", where)
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
    about = read_json(folder / "paper.json", PaperFile, REMEDY)
    claims: list[Claim] = []
    for path in sorted(folder.glob("table-*.json")):
        claims += read_table(paper, path)
    if (folder / "statements.json").is_file():
        claims += read_statements(paper, folder / "statements.json", claims)
    ids = [claim.id for claim in claims]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise bad_entry(folder, twice[0], "id", "entries that differ", "two that are the same")
    return Ledger(
        about.id,
        about.short,
        about.title,
        about.source,
        about.scope,
        about.complete,
        about.image_size,
        {name: asdict(state) for name, state in about.states.items()},
        tuple(claims),
        _equations(folder / "equations.json"),
    )


def _equations(path: Path) -> EquationsFile | None:
    if not path.is_file():
        return None
    equations = read_json(path, EquationsFile, REMEDY)
    known = {one.number for one in equations.equations}
    for one in equations.equations:
        for number in one.adds:
            if number not in known:
                raise bad_entry(path, f"equation {one.number}", "adds", f"some of {', '.join(known)}", f"'{number}'")
    return equations
