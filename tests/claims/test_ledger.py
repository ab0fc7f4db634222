"""The ledgers: complete, sound, consistent with each other, and wrong ones are named to the field."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.claims.ledger import cells_of, papers, read_ledger
from benchmark.core.errors import BadResult, UnknownName
from benchmark.methods.catalogue import methods
from benchmark.views.tables.specs import tables

Edit = Callable[[Path, Callable[[Any], None]], None]


def test_every_number_of_the_four_tables_is_there() -> None:
    found = Counter(claim.table for claim in read_ledger("slkd").numbers)
    rows = {"I": 6, "II": 12, "III": 10, "IV": 5}
    assert found == {
        "I": rows["I"] * 5,
        "II": rows["II"] * 5 * 2,
        "III": 30 * 2 + rows["III"] * 2,
        "IV": rows["IV"] * 2,
    }


def test_the_ledger_has_the_rows_that_the_suite_prints() -> None:
    for table in ("I", "III", "IV"):
        ours = [row for section in tables()[table].sections for row in section.rows if row != "identity"]
        printed = list(dict.fromkeys(c.method for c in read_ledger().numbers if c.table == table))
        assert printed == ours


@pytest.mark.parametrize("paper", papers())
def test_ids_are_unique_and_every_claim_is_whole(paper: str) -> None:
    claims = read_ledger(paper).claims
    assert len({c.id for c in claims}) == len(claims)
    known = {m.id for m in methods()}
    for claim in claims:
        assert claim.method.partition("@")[0] in known or not claim.method  # a row of no network that is here
        assert claim.text
        assert claim.provenance
        assert claim.kind == "number" or claim.than.partition("@")[0] in known
        assert claim.value is not None or claim.metric == "layers"


@pytest.mark.parametrize("paper", papers())
def test_what_is_copied_equals_its_original(paper: str) -> None:
    for claim in read_ledger(paper).numbers:
        if claim.copied:
            assert claim.original is not None
            assert claim.original.value == claim.value
            assert claim.true_dataset == claim.original.dataset


def test_the_rain1400_column_is_test2800() -> None:
    claims = [c for c in read_ledger().numbers if c.dataset == "rain1400"]
    assert len(claims) == 46
    assert {c.true_dataset for c in claims} == {"test2800"}
    assert {c.protocol for c in claims if c.copied} == {"rain13k-y"}


def test_half_a_digit_follows_the_print() -> None:
    claims = {c.text: c for c in read_ledger().numbers}
    assert claims["33.24"].half_digit == pytest.approx(0.005)
    assert claims["0.937"].half_digit == pytest.approx(0.0005)
    assert claims["619.5G"].half_digit == pytest.approx(0.05)
    assert claims["0.0540s"].half_digit == pytest.approx(0.00005)
    assert claims["48"].half_digit == pytest.approx(0.5)


def test_marks_are_those_of_the_text() -> None:
    marked = {(c.table, c.row, c.column) for c in read_ledger().numbers if c.mark == "second"}
    assert ("III", "MT-RNN", "Infer time") in marked
    assert ("II", "DCKD of Uformer", "SIDD") in marked
    assert len(marked) == 18
    assert not [c for c in read_ledger().numbers if c.mark == "best"]  # the bold ones are not known


def test_words_agree_with_the_sets_and_name_two_methods() -> None:
    words = [c for c in read_ledger().claims if c.kind != "number"]
    assert {c.kind for c in words} == {"ordering", "ratio", "speed-up"}
    for claim in words:
        assert claim.method != claim.than
        assert bool(claim.dataset) == (claim.metric in ("psnr", "ssim"))


def test_a_second_paper_is_read_the_same_way() -> None:
    ledger = read_ledger("restormer")
    assert not ledger.complete
    assert {c.number for c in cells_of(ledger)} >= {"34.18/0.944", "32.92/0.961", "40.02/0.960"}


def test_reading_is_light() -> None:
    code = (
        "import sys; from benchmark.claims.ledger import read_ledger; from benchmark.claims.judge import verdicts;"
        "read_ledger(); verdicts(); print([m for m in ('torch', 'pandas', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    top = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=top)
    assert done.stdout.strip() == "[]"


def test_an_unknown_paper_is_an_error() -> None:
    with pytest.raises(UnknownName, match="restormer"):
        read_ledger("restormr")


def _row(raw: Any, title: str) -> Any:
    return next(row for row in raw["rows"] if row["row"] == title)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda r: _row(r, "Restormer").update(method="restormr"), ["table-ii.json", "row Restormer", "field method"]),
        (
            lambda r: _row(r, "Restormer")["cells"].update(SIDD="40.02"),
            ["row Restormer, SIDD", "field text", "2 numbers"],
        ),
        (lambda r: _row(r, "Restormer")["cells"].update(SIDD="40,02/0.960"), ["row Restormer, SIDD", "field psnr"]),
        (lambda r: _row(r, "Restormer")["cells"].update(SIDD="40.02/1.960"), ["row Restormer, SIDD", "field ssim"]),
        (lambda r: _row(r, "Restormer")["cells"].update(SIDD="40.12/0.960"), ["Restormer, SIDD", "field provenance"]),
        (lambda r: _row(r, "Restormer").update(provenance="somewhere"), ["row Restormer", "field provenance"]),
        (lambda r: _row(r, "Restormer").update(colour="red"), ["row Restormer", "field colour"]),
        (lambda r: r["columns"]["SIDD"].update(dataset="sid"), ["column SIDD", "field dataset"]),
        (lambda r: r["columns"]["SIDD"].update(protocol="rgbb"), ["column SIDD", "field protocol"]),
        (lambda r: r["columns"]["SIDD"].update(metrics=["psnrr"]), ["column SIDD", "field metrics"]),
        (lambda r: r["rows"].append(r["rows"][0]), ["field id", "the same"]),
        (lambda r: r.pop("rows"), ["the file", "field rows", "a value"]),
        (lambda r: _row(r, "Restormer").update(provenence="x"), ["row Restormer", "did you mean 'provenance'?"]),
        (lambda r: r["rows"][1].update(colour="red"), ["row DFKD of Restormer", "field colour"]),
        (lambda r: _row(r, "Restormer")["cells"].update(SIDD={"txt": "40.02/0.960"}), ["row Restormer, SIDD"]),
        (lambda r: _row(r, "Restormer").update(alternatives={"other": "nobody"}), ["row Restormer", "'nobody'"]),
    ],
)
def test_a_wrong_entry_is_named(reference: Path, edit: Edit, change: Callable[[Any], None], names: list[str]) -> None:
    edit(reference / "paper" / "slkd" / "table-ii.json", change)
    with pytest.raises(BadResult) as error:
        read_ledger("slkd")
    for name in names:
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda r: r["statements"][0]["pairs"][0].update(better=["res"]), ["slkd-over-dfkd", "field pairs"]),
        (lambda r: r["statements"][0].update(datasets=["gpro"]), ["slkd-over-dfkd", "field datasets"]),
        (lambda r: r["statements"][0].pop("datasets"), ["slkd-over-dfkd", "field datasets"]),
        (lambda r: r["statements"][0].update(kind="guess"), ["slkd-over-dfkd", "field kind"]),
        (lambda r: r["statements"][-1].update(percent=180), ["over-80-percent-smaller", "field percent"]),
        (lambda r: r["statements"][0].pop("where"), ["slkd-over-dfkd", "field where"]),
        (lambda r: r["statements"][5]["readings"][1]["methods"].update({"res-sl-slkd": "res-sl-slkd@x=1"}), ["x=1"]),
        (lambda r: r["statements"][0].update(metrics=["psnrr"]), ["slkd-over-dfkd", "field metrics", "'psnrr'"]),
        (lambda r: r["statements"][0].update(sayz="x"), ["slkd-over-dfkd", "field sayz", "did you mean 'says'?"]),
        (lambda r: r["statements"][0].update(depends_on="luck"), ["slkd-over-dfkd", "field depends_on", "'luck'"]),
        (lambda r: r["statements"][0]["readings"].append({"name": "x", "methods": {"prenet": "vdn"}}), ["readings"]),
        (lambda r: r["statements"][0]["pairs"][0].pop("than"), ["slkd-over-dfkd", "pair 1", "field than"]),
    ],
)
def test_a_wrong_statement_is_named(
    reference: Path, edit: Edit, change: Callable[[Any], None], names: list[str]
) -> None:
    edit(reference / "paper" / "slkd" / "statements.json", change)
    with pytest.raises(BadResult) as error:
        read_ledger("slkd")
    for name in ("statements.json", *names):
        assert name in str(error.value)


def test_a_file_that_is_cut_off(reference: Path) -> None:
    path = reference / "paper" / "slkd" / "table-i.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(BadResult, match=r"table-i\.json"):
        read_ledger("slkd")
