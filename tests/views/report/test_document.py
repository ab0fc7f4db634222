from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmark.core.types import Scale
from benchmark.views.report.document import _text, to_document
from benchmark.views.report.verdict_lines import verdict_group
from benchmark.views.tables.grid import read_results
from benchmark.views.tables.specs import tables


@pytest.fixture(scope="module")
def text(out: Path) -> str:
    groups = [verdict_group(out, scale) for scale in (Scale.PAPER, Scale.MINI)]
    specs = list(tables().values())
    return to_document(read_results(out, Scale.MINI), specs, groups, r"A_title & $\input{x}$", "Of 3 claims, none.")


def test_all_tables_stand_under_their_names_with_provenance(text: str) -> None:
    for id, spec in tables().items():
        assert rf"\renewcommand{{\thetable}}{{{id}}}" in text
        assert spec.caption.partition(":")[0][:30] in text
    assert "Provenance. mini-rain1400: rain13k-y@1, data dddddddddd, E1" in text


def test_rows_have_their_columns_and_braces_close(text: str) -> None:
    for body, columns in (
        (text.partition("{A}")[2].partition(r"\end{longtable}")[0], 6),
        (text.partition("{C}")[2], 8),
    ):
        rows = [row for row in body.partition(r"\endlastfoot")[2].splitlines() if row.endswith(r"\\")]
        assert len(rows) > 10
        assert all(len(re.findall(r"(?<!\\)&", row)) == columns - 1 for row in rows)
    assert len(re.findall(r"(?<!\\){", text)) == len(re.findall(r"(?<!\\)}", text))


def test_nobodys_words_become_commands(text: str) -> None:
    assert _text(r"$\input{x}$ 50 % of a_b − L_NC ﷽") == (
        r"\$\textbackslash{}input\{x\}\$ 50 \% of a\_b $-$ $L_{NC}$ [U+FDFD]"
    )
    assert r"\input" not in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_pdflatex_takes_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "report.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


def test_the_study_stands_below_a_rule_in_words_of_its_own(text: str) -> None:
    above, rule, below = text.partition(r"\noindent\rule{\textwidth}{.4pt}")
    assert rule
    caption = re.search(r"\\caption\{Verdicts on orderings.*?\}", below, re.S)
    paper = re.search(r"\\caption\{Verdicts on the paper.*?\}", above, re.S)
    assert caption
    assert paper
    assert not re.search(r"reproduced|close|contradicted", caption[0])
    assert not re.search(r"agrees|undecided|disagrees", paper[0])
