"""Marks by significance, spread over seeds, and the gap closed, on cells whose differences are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core.types import Scale
from benchmark.runs.cells import Cell, ImageScore, cell_path, write_cell
from benchmark.views.tables.frame import grid_frame
from benchmark.views.tables.grid import Grid, Marks, make_grid, read_results
from benchmark.views.tables.html import to_html
from benchmark.views.tables.latex import to_latex
from benchmark.views.tables.markdown import to_markdown
from benchmark.views.tables.specs import tables
from benchmark.views.tables.terminal import to_rich

SETS = ("mini-rain1400", "mini-test1200", "mini-gopro", "mini-hide", "mini-sidd")
NOISY = tuple(0.5 if i % 2 else -0.5 for i in range(8))  # by scene: no difference that eight scenes could show


def put(
    out: Path,
    method: str,
    gain: float = 0.0,
    noise: tuple[float, ...] = (0.0,) * 8,
    seed: int = 0,
    datasets: tuple[str, ...] = SETS,
    **key: object,
) -> None:
    for dataset in datasets:
        scores = tuple(
            ImageScore(f"s{i}-{k}", f"s{i}", 28 + i + gain + noise[i], 0.8 + (gain + noise[i]) / 100)
            for i in range(8)
            for k in range(3)
        )
        cell = Cell(method, dataset, "mini", seed, {"limit": None, **key}, {}, scores)
        write_cell(cell_path(out, method, dataset, "mini", seed), cell)


def grid(out: Path, table: str = "II", marks: Marks = Marks.significant, spread: bool = False) -> Grid:
    return make_grid(tables()[table], read_results(out, Scale.MINI), marks, spread)


def marked(found: Grid, column: int = 0, part: int = 0) -> dict[str, str]:
    return {
        row.method: row.entries[column].parts[part].mark
        for section in found.sections
        for row in section
        if row.entries[column].parts
    }


@pytest.fixture
def out(tmp_path: Path) -> Path:
    put(tmp_path, "restormer", 2.0)
    put(tmp_path, "res-sl-slkd", 1.0)
    put(tmp_path, "res-sl-dckd-cross", 0.98, NOISY)
    put(tmp_path, "res-sl-logits", 0.5)
    put(tmp_path, "res-sl-dfkd", 0.49, NOISY)
    put(tmp_path, "res-sl-scratch", -1.0)
    return tmp_path


def test_a_row_that_chance_may_explain_is_marked_as_tied_and_takes_the_place_of_a_second(out: Path) -> None:
    for column in range(5):
        assert {method: mark for method, mark in marked(grid(out), column).items() if mark} == {
            "res-sl-slkd": "best",
            "res-sl-dckd-cross": "tied",  # it stands second, so no third is underlined
        }
        assert {method: mark for method, mark in marked(grid(out), column, 1).items() if mark} == {
            "res-sl-slkd": "best",
            "res-sl-dckd-cross": "best",  # .810 both
            "res-sl-logits": "second",
            "res-sl-dfkd": "second",  # .805 both
        }
    printed = marked(grid(out, marks=Marks.paper))
    assert (printed["res-sl-slkd"], printed["res-sl-dckd-cross"], printed["res-sl-logits"]) == ("best", "second", "")


def test_a_row_far_above_the_noise_stands_alone(out: Path) -> None:
    put(out, "res-sl-dfkd-progressive", 3.0)
    found = marked(grid(out))
    assert found["res-sl-dfkd-progressive"] == "best"
    assert [method for method, mark in found.items() if mark == "second"] == ["res-sl-slkd"]
    assert "tied" not in found.values()


def test_where_all_rows_tie_none_is_marked_and_a_footnote_says_so(tmp_path: Path) -> None:
    put(tmp_path, "res-sl-slkd", 1.0)
    put(tmp_path, "res-sl-scratch", 0.98, NOISY)
    put(tmp_path, "ufor-sl-slkd", 1.0)
    put(tmp_path, "ufor-sl-scratch", 0.5)
    found = grid(tmp_path)
    assert marked(found) == {
        "res-sl-slkd": "",
        "res-sl-scratch": "",
        "ufor-sl-slkd": "best",
        "ufor-sl-scratch": "second",
    }
    note = next(note for note in found.footnotes if note.startswith("No row differs significantly"))
    assert "after Rain1400 (PSNR, SSIM, below Restormer)" in note
    assert "Uformer" not in note


def test_psnr_and_ssim_are_marked_each_on_their_own(out: Path) -> None:
    read = read_results(out, Scale.MINI)
    for cell in read.cells["res-sl-scratch", "mini-rain1400"]:
        scores = tuple(ImageScore(s.name, s.scene, s.psnr, 0.95) for s in cell.scores)
        write_cell(
            cell_path(out, "res-sl-scratch", "mini-rain1400", "mini"),
            Cell(cell.method, cell.dataset, cell.scale, 0, cell.key, {}, scores),
        )
    assert marked(grid(out), part=0)["res-sl-scratch"] == ""
    assert marked(grid(out), part=1)["res-sl-scratch"] == "best"
    assert marked(grid(out), part=1)["res-sl-slkd"] == "second"


def test_five_data_sets_ask_more_of_eight_scenes_than_one(tmp_path: Path) -> None:
    one_against = (1.0,) * 7 + (-0.1,)  # p = 2 * 2/2^8 = .0156, times five
    put(tmp_path, "res-sl-ablation-nc", datasets=("mini-rain1400",))
    put(tmp_path, "res-sl-slkd", 0.0, one_against)
    put(tmp_path, "res-sl-scratch")
    assert marked(grid(tmp_path))["res-sl-slkd"] == ""
    assert marked(grid(tmp_path, "IV"))["res-sl-slkd"] == "best"


def test_other_data_are_not_marked_against(out: Path) -> None:
    put(out, "res-sl-dfkd-progressive", 3.0, datasets=("mini-rain1400",), data="other photographs")
    found = grid(out)
    assert set(marked(found).values()) == {""}
    assert "best" in marked(found, 1).values()
    assert any("different data" in note and "after Rain1400" in note for note in found.footnotes)


def test_the_footnote_tells_what_marks_mean_in_every_form(out: Path) -> None:
    found = grid(out)
    for text in (to_markdown(found), to_latex(found), to_html([found]), str(to_rich(found).caption)):
        assert "not significantly worse" in text
        assert "Holm" in text
        assert "Ranked within each block, never across blocks; not ranked: Restormer" in text
    assert "32.48°/" in to_markdown(found)
    assert r"\textsuperscript{$\circ$}" in to_latex(found)
    assert "<sup>°</sup>" in to_html([found])
    assert any(
        "All rows are ranked together; not ranked: Degraded input." in note for note in grid(out, "III").footnotes
    )
    assert any("whatever chance" in note for note in grid(out, marks=Marks.paper).footnotes)


def test_spread_over_seeds_beside_methods_with_one(out: Path) -> None:
    put(out, "res-sl-slkd", 1.4, seed=1)
    put(out, "res-sl-slkd", 1.8, seed=2, datasets=("mini-rain1400", "mini-test1200"))
    plain, found = grid(out), grid(out, spread=True)
    entry = next(row for section in found.sections for row in section if row.method == "res-sl-slkd").entries
    assert entry[0].parts[0].value == pytest.approx(28 + 3.5 + 1.4)
    assert entry[0].parts[0].after == "±0.40"
    assert entry[2].parts[0].after == "±0.28"
    assert [entry.parts[0].text for entry in entry] == [
        e.parts[0].text for s in plain.sections for r in s if r.method == "res-sl-slkd" for e in r.entries
    ]
    assert "±" not in to_markdown(plain)
    assert "32.90**±0.40/" in to_markdown(found)
    assert r"$\pm$0.40" in to_latex(found)
    assert "<small>±0.40</small>" in to_html([found])
    assert any("standard deviation" in note for note in found.footnotes)
    assert any("seeds 0, 1, 2 in 5 of 30 cells" in note for note in found.footnotes)
    frame = grid_frame(found).set_index("method")
    assert frame.loc["res-sl-slkd", "after Rain1400 PSNR sd"] == pytest.approx(0.4)


def test_the_gap_closed(out: Path) -> None:
    found = grid(out, "gap")
    rows = {row.method: row.entries[0] for section in found.sections for row in section}
    assert (rows["res-sl-slkd"].parts[0].text, rows["res-sl-slkd"].parts[0].after) == ("67", " [67,67]")
    assert rows["res-sl-logits"].parts[0].value == pytest.approx(50)
    assert rows["res-sl-fakd"].dash == "–†"
    assert "res-sl-scratch" not in rows
    assert {part.mark for entry in rows.values() for part in entry.parts} == {""}
    frame = grid_frame(found).set_index("method")
    low, high = (frame[f"after Rain1400 {end}"].loc["res-sl-dckd-cross"] for end in ("low", "high"))
    assert low < 66 < high


def test_no_gap_without_a_teacher_ahead(out: Path) -> None:
    put(out, "restormer", -0.99, NOISY, datasets=("mini-gopro",))
    put(out, "restormer", -2.0, datasets=("mini-hide",))
    rows = {row.method: row.entries for section in grid(out, "gap").sections for row in section}
    assert rows["res-sl-slkd"][2].dash == rows["res-sl-slkd"][3].dash == "–§"
    assert rows["res-sl-slkd"][4].parts
    assert "not significantly above scratch" in to_markdown(grid(out, "gap"))
    assert r"\textsuperscript{\S}" in to_latex(grid(out, "gap"))
