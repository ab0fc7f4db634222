from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale
from benchmark.methods.catalogue import methods
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.views.tables.grid import Grid, Marks, make_grid, read_results
from benchmark.views.tables.html import to_html
from benchmark.views.tables.latex import escape, to_document, to_latex
from benchmark.views.tables.markdown import to_markdown
from benchmark.views.tables.specs import get_tables, tables

SCORES = {  # Table II, Restormer family: PSNR, SSIM
    "restormer": (34.18, 0.944),
    "res-sl-scratch": (32.9, 0.931),
    "res-sl-dfkd": (32.56, 0.928),
    "res-sl-dckd-cross": (32.67, 0.930),
    "res-sl-slkd": (33.24, 0.937),
    "prenet": (31.75, 0.916),
    "identity": (20.0, 0.7),
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for method, (psnr, ssim) in SCORES.items():
        scores = (ImageScore("a", "s", psnr - 1, ssim - 0.01), ImageScore("b", "t", psnr + 1, ssim + 0.01))
        cell = Cell(method, "mini-rain1400", "mini", 0, {"limit": None}, {}, scores)
        write_cell(cell_path(tmp_path, method, "mini-rain1400", "mini"), cell)
    return tmp_path


def grid(out: Path, table: str) -> Grid:
    return make_grid(tables()[table], read_results(out, Scale.MINI), Marks.paper)


def row(text: str, method: str) -> str:
    return next(line for line in text.splitlines() if re.match(rf"\|? ?{re.escape(method)} ", line))


def test_best_is_bold_second_underlined_and_the_teacher_is_not_ranked(out: Path) -> None:
    text = to_markdown(grid(out, "II"))
    assert "**33.24**/**0.937**" in row(text, "Res-SL")
    assert "<u>32.90</u>/<u>0.931</u>" in row(text, "scratch")
    assert "34.18/0.944" in row(text, "Restormer")
    assert "32.67/0.930" in row(text, "DCKD")


def test_a_number_is_marked_by_itself_not_with_its_neighbour(out: Path) -> None:
    scores = (ImageScore("a", "s", 40.0, 0.5),)
    cell = Cell("res-sl-logits", "mini-rain1400", "mini", 0, {"limit": None}, {}, scores)
    write_cell(cell_path(out, "res-sl-logits", "mini-rain1400", "mini"), cell)
    text = to_markdown(grid(out, "II"))
    assert "**40.00**/0.500" in row(text, "logits")
    assert "<u>33.24</u>/**0.937**" in row(text, "Res-SL")


def test_what_was_not_run_is_a_dash_with_a_footnote(out: Path) -> None:
    text = to_markdown(grid(out, "II"))
    assert "–" in row(text, "Uformer")
    assert "not run" in text
    third = to_markdown(grid(out, "III"))
    assert "not a task of this method" in third


def test_mini_is_never_printed_as_the_official_set(out: Path) -> None:
    for form in (to_markdown(grid(out, "II")), to_latex(grid(out, "II")), to_html([grid(out, "II")])):
        assert "after Rain1400" in form
        assert re.search(r"(?<!after )Rain1400", form) is None


def test_seeds_are_averaged(out: Path) -> None:
    scores = (ImageScore("a", "s", 34.24, 0.947), ImageScore("b", "t", 36.24, 0.967))
    cell = Cell("res-sl-slkd", "mini-rain1400", "mini", 1, {"limit": None}, {}, scores)
    write_cell(cell_path(out, "res-sl-slkd", "mini-rain1400", "mini", 1), cell)
    assert "**34.24**/**0.947**" in row(to_markdown(grid(out, "II")), "Res-SL")


def test_a_limited_run_does_not_enter_the_table(out: Path) -> None:
    cell = Cell("res-sl-logits", "mini-rain1400", "mini", 0, {"limit": 1}, {}, (ImageScore("a", "s", 50.0, 0.99),))
    write_cell(cell_path(out, "res-sl-logits", "mini-rain1400", "mini", 0, 1), cell)
    assert "50.00" not in to_markdown(grid(out, "II"))


def test_latex_is_booktabs_and_balanced(out: Path) -> None:
    for table in tables():
        text = to_latex(grid(out, table))
        for environment in re.findall(r"\\begin\{(.+?)\}", text):
            assert text.count(rf"\end{{{environment}}}") == text.count(rf"\begin{{{environment}}}")
        assert text.count("{") == text.count("}")
        assert r"\toprule" in text
        columns = len(grid(out, table).headers) + 1
        for line in text.splitlines():
            if line.endswith(r"\\") and "multicolumn" not in line:
                assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
    assert r"\textbf{33.24}/\textbf{0.937}" in to_latex(grid(out, "II"))
    assert r"\begin{document}" in to_document([to_latex(grid(out, "II"))])


def test_latex_escapes_text_but_not_mathematics() -> None:
    assert escape("100 % of a_b & $L_{NC}$") == r"100 \% of a\_b \& $L_{NC}$"


def test_html_escapes(out: Path) -> None:
    text = to_html([grid(out, "IV")])
    assert "<i>L</i><sub>NC</sub>" in text
    assert "<script" not in text


def test_every_row_of_every_table_is_a_method_and_the_paper_is_complete() -> None:
    known = {m.id for m in methods()}
    for spec in tables().values():
        for section in spec.sections:
            assert set(section.rows) <= known
    assert [len(s.rows) for s in tables()["I"].sections] == [2, 2, 2]
    assert sum(len(s.rows) for s in tables()["III"].sections) == 11  # the paper's ten and the degraded input
    assert len(tables()["IV"].sections[0].rows) == 5


def test_unknown_table() -> None:
    with pytest.raises(UnknownName, match="VI"):
        get_tables("VI")
    assert len(get_tables("all")) == len(tables())
    assert get_tables("ii")[0].id == "II"
    assert get_tables("GAP")[0].id == "gap"
