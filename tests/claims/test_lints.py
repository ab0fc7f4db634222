"""The rules that read a paper for slips: each finds what it is for, lets sound tables pass, and none is a false alarm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.claims.lints.audit import LINTS, audit_paper
from benchmark.claims.lints.numbers import _residual
from benchmark.claims.published import Published
from benchmark.core.errors import BadResult

Edit = Callable[[Path, Callable[[Any], None]], None]

# Each was verified by hand against the paper's tables and the publications they copy from.
KNOWN = {
    ("tables disagree", "II and III", "Ufor-SL, Gopro, SSIM"),
    ("two seconds", "II", "SIDD"),
    ("two seconds", "III", "HIDE"),
    ("wrong second", "III", "DRS-SL, Test1200"),
    ("wrong second", "III", "Ufor-SL, Gopro"),
    ("wrong second", "III", "Ufor-SL, SIDD"),
    ("another set's number", "II", "Restormer, Rain1400 34.18/0.944"),
    ("another set's number", "III", "PReNet, Rain1400 31.75/0.916"),
    ("another set's number", "III", "MPRNet, Rain1400 33.64/0.938"),
    ("unlike the published", "II", "Uformer, Rain1400 33.63/0.939"),
    ("unlike the published", "II", "Uformer, Test1200 33.04/0.923"),
    ("unlike the published", "II", "DRSformer, Rain1400 34.33/0.947"),
    ("unlike the published", "III", "RCDNet, Rain1400 32.35/0.926"),
    ("no source", "II", "DRSformer: Test1200 33.31/0.927, Gopro 32.76/0.958, HIDE 31.17/0.940, SIDD 40.03/0.960"),
    ("no source", "III", "RCDNet: Test1200 32.13/0.909"),
    ("off the PSNR-SSIM line", "II and III", "Res-SL, Gopro 31.91/0.957"),
    ("off the PSNR-SSIM line", "II", "Uformer, Gopro 33.06/0.967"),
    ("cost of no variant", "III", "DMPHN, FLOPs 113.0G"),
    ("cost of another variant", "III", "PReNet, FLOPs 176.7G"),
    ("cost of another variant", "III", "DeamNet, FLOPs 582.9G"),
    ("cost of another variant", "III", "MPRNet, deblurring, FLOPs 565.0G"),
    ("cost of another variant", "III", "MPRNet, denoising, FLOPs 565.0G"),
    ("words against numbers", "III", "Ufor-SL, SSIM 0.956"),
    ("words against numbers", "III", "DRS-SL, SSIM 0.956"),
    ("words against numbers", "III", "Ufor-SL, infer time 0.0540s"),
    ("words against numbers", "III", "DRS-SL, FLOPs 132.0G"),
    ("words against numbers", "III", "DRS-SL, infer time 0.0599s"),
    ("estimators mixed", "II", "Gopro, SSIM"),
    ("estimators mixed", "II", "HIDE, SSIM"),
    ("part of a set", "II", "Restormer, SIDD"),
    ("part of a set", "III", "DeamNet, SIDD"),
    ("overlap with training", "II, III and IV", "column Rain1400"),
    ("missing controls", "II, III and IV", "Res-SL, Ufor-SL and DRS-SL"),
    ("not stated", "II, III and IV", "190 numbers: protocol"),
    ("not stated", "I and III", "16 numbers: device"),
    ("not stated", "II, III and IV", "190 numbers: training sets"),
    ("not stated", "II, III and IV", "190 numbers: iterations"),
    ("not stated", "II, III and IV", "190 numbers: spread"),
}
EQUATIONS = {
    ("divides by a variance", "Equation 1", "the denominator"),
    ("logarithm of signed values", "Equation 2", "S_ec and TA_ec"),
    ("logarithm of signed values", "Equation 3", "S_dc and TB_dc"),
    ("minimum elsewhere", "Equation 4", "S_r at TA_r"),
    ("no ground truth", "Equation 6", "its terms"),
    ("one count for two depths", "Equations 2 and 3", "the count n"),
    ("undefined", "Section II-B, above Equation 1", "the Scale Conversion Module"),
    ("undefined", "Section II-C, above Equation 3", "the weights of Teacher B"),
}


def found(paper: str = "slkd") -> set[tuple[str, str, str]]:
    return {(f.lint, f.table, f.cell) for f in audit_paper(paper)}


def test_what_is_found_is_what_was_verified() -> None:
    assert len(KNOWN) == 38
    assert found() == KNOWN | EQUATIONS


def test_every_finding_has_a_place_and_a_reason() -> None:
    for finding in audit_paper():
        assert finding.table
        assert finding.cell
        assert len(finding.reason) > 15
        assert finding.lint in LINTS


def test_an_equation_is_told_with_its_line_and_shown_by_numbers() -> None:
    reasons = {(f.lint, f.table): f.reason for f in audit_paper()}
    assert "local mean and variance" in reasons["divides by a variance", "Equation 1"]
    assert "on [0, 255]" in reasons["divides by a variance", "Equation 1"]
    assert "50% have a ratio below zero" in reasons["logarithm of signed values", "Equation 2"]
    assert "0 at 0.6 and -0.221 at 0.221, 37% of the brightness" in reasons["minimum elsewhere", "Equation 4"]
    assert "S_r with TB_r (Equation 5)" in reasons["no ground truth", "Equation 6"]
    assert "4 encoder levels has 3 in its decoder" in reasons["one count for two depths", "Equations 2 and 3"]


MENDED_EQUATIONS = [
    (lambda e: e[0].update(divides_by="standard deviation"), "divides by a variance"),
    (lambda e: e[2].update(range="positive", sums_to_one=True), "Equation 3"),
    (lambda e: e[3].update(sums_to_one=True), "minimum elsewhere"),
    (lambda e: e[4].update(from_="G"), "no ground truth"),
    (lambda e: e[2].update(count="m"), "one count for two depths"),
]


@pytest.mark.parametrize(("change", "gone"), MENDED_EQUATIONS)
def test_a_mended_equation_is_not_found(reference: Path, edit: Edit, change: Callable[[Any], None], gone: str) -> None:
    edit(reference / "paper" / "slkd" / "equations.json", lambda raw: change(raw["equations"]))
    assert not any(gone in (lint, table) for lint, table, _ in found())


def test_an_equation_that_is_not_there_cannot_be_added_up(reference: Path, edit: Edit) -> None:
    edit(reference / "paper" / "slkd" / "equations.json", lambda raw: raw["equations"][5]["adds"].append("7"))
    with pytest.raises(BadResult, match="equation 6, field adds"):
        audit_paper()


def test_a_sound_ledger_raises_no_alarm() -> None:
    assert found("restormer") == set()


TABLES = {"II": "table-ii.json", "III": "table-iii.json", "I": "table-i.json"}


def _cell(raw: Any, row: str, column: str, text: str, of: str = "") -> None:
    line = next(r for r in raw["rows"] if r["row"] == row and r.get("of", "") == of)
    line["cells"][column] = text


MENDED = [
    ("III", ("Ufor-SL", "Gopro", "<u>32.24/0.953</u>", ""), "tables disagree", "Ufor-SL, Gopro, SSIM"),
    ("III", ("DRS-SL", "HIDE", "30.26/0.935", ""), "two seconds", "HIDE"),
    ("II", ("DFKD", "SIDD", "39.27/0.952", "Uformer"), "two seconds", "SIDD"),
    ("III", ("DRS-SL", "Test1200", "32.71/0.917", ""), "wrong second", "DRS-SL, Test1200"),
    ("III", ("DRS-SL", "FLOPs", "112.9G", ""), "words against numbers", "DRS-SL, FLOPs 132.0G"),
]


@pytest.mark.parametrize(("table", "change", "lint", "cell"), MENDED)
def test_a_mended_slip_is_not_found(
    reference: Path, edit: Edit, table: str, change: tuple[str, str, str, str], lint: str, cell: str
) -> None:
    edit(reference / "paper" / "slkd" / TABLES[table], lambda raw: _cell(raw, *change))
    assert (lint, cell) in {(name, where) for name, _, where in KNOWN}
    assert not any(name == lint and where == cell for name, _, where in found())


MADE = [
    ("I", ("Res-SL", "FLOPs", "85.1G", ""), "tables disagree", "Res-SL, FLOPs, FLOPs"),
    ("III", ("VDN", "FLOPs", "<u>147.9G</u>", ""), "two seconds", "FLOPs"),
    ("III", ("MT-RNN", "Infer time", "0.0387s", ""), "", ""),
    ("III", ("Res-SL", "SIDD", "<b>39.60/0.957</b>", ""), "wrong best", "Res-SL, SIDD"),
    ("II", ("DCKD", "HIDE", "<u>29.20/0.928</u>", "Restormer"), "wrong second", "DCKD of Restormer, HIDE"),
    ("II", ("Res-SL", "Gopro", "31.91/0.930", ""), "off the PSNR-SSIM line", "Res-SL, Gopro 31.91/0.930"),
]


@pytest.mark.parametrize(("table", "change", "lint", "cell"), MADE)
def test_a_slip_that_is_made_is_found(
    reference: Path, edit: Edit, table: str, change: tuple[str, str, str, str], lint: str, cell: str
) -> None:
    edit(reference / "paper" / "slkd" / TABLES[table], lambda raw: _cell(raw, *change))
    assert not lint or any(name == lint and where == cell for name, _, where in found())


def test_controls_are_seen(reference: Path, edit: Edit) -> None:
    def add(raw: Any) -> None:
        for student, kind in (("res-sl", "scratch"), ("res-sl", "logits"), ("ufor-sl", "scratch")):
            raw["rows"].append(
                {"row": f"{student} {kind}", "method": f"{student}-{kind}", "cells": {"SIDD": "39.00/0.950"}}
            )

    edit(reference / "paper" / "slkd" / "table-ii.json", add)
    (finding,) = (f for f in audit_paper() if f.lint == "missing controls")
    assert "ufor-sl lacks logits" in finding.reason
    assert "drs-sl lacks scratch and logits" in finding.reason
    assert "res-sl lacks" not in finding.reason


def test_what_is_stated_is_not_missed(reference: Path, edit: Edit) -> None:
    def tell(raw: Any) -> None:
        for state in raw["states"].values():
            state["stated"] = True

    edit(reference / "paper" / "slkd" / "paper.json", tell)
    lints = {name for name, _, _ in found()}
    assert "not stated" not in lints
    assert "part of a set" not in lints


def test_costs_come_from_the_recorded_audit(reference: Path, edit: Edit) -> None:
    def agree(raw: Any) -> None:
        for reading in raw["slkd"]:
            reading["agrees"] = True

    edit(reference / "costs" / "readings.json", agree)
    assert not any(name.startswith("cost") for name, _, _ in found())


def test_the_line_allows_for_its_own_noise() -> None:
    def point(psnr: float, ssim: float) -> Published:
        return Published("m", "gopro", "p", psnr, ssim, 4, "here", True, (), "")

    line = [point(30 + i / 2, 1 - 10 ** (-(12 + i / 2 + (0.05 if i % 2 else -0.05)) / 10)) for i in range(8)]
    on = 1 - 10 ** (-13.5 / 10)
    assert _residual(line, 31.5, on, 10) == 0
    assert _residual(line, 31.5, on + 0.006, 10) == pytest.approx(0.006, abs=0.001)
    assert _residual(line, 31.5, on - 0.006, 10) == pytest.approx(-0.006, abs=0.001)
    assert _residual(line, 31.5, on + 0.0005, 10) == 0  # its rounding
