from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmark.claims.judge import verdicts
from benchmark.core.types import Scale
from benchmark.runs.cells import read_cells
from benchmark.views.report.command import Request, write_report
from benchmark.views.report.page import in_script
from benchmark.views.tables.grid import make_grid, read_results
from benchmark.views.tables.specs import tables
from tests.views.report.conftest import HOSTILE, HOSTILE_SET, METHODS, SETS, fabricate

VOID = {"meta", "link", "img", "input", "br", "hr"}
SVG_LEAVES = {"path", "rect", "circle"}


class Reader(HTMLParser):
    """Checks nesting as it reads; keeps every element and the text of every cell."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read(text: str) -> Reader:
    return Reader(text)


def test_elements_nest_ids_are_unique_and_every_inner_link_has_its_place(read: Reader) -> None:
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"] for a in read.all("a")]
    assert len(links) > 20
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_nothing_is_loaded_from_anywhere(read: Reader, text: str) -> None:
    for tag, attributes in read.elements:
        for name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), f"{tag} {name}={attributes[name][:60]}"
    style = re.search(r"<style>(.*?)</style>", text, re.S)
    script = re.search(r"<script>(.*?)</script>", text, re.S)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert script is not None
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(", script[1])


def test_the_page_stays_small(text: str) -> None:
    assert len(text.encode()) < 6e6


def test_the_verdicts_come_first_and_every_claim_has_its_line(read: Reader, text: str, out: Path) -> None:
    found = verdicts(out=out, scale=Scale.PAPER)
    rows = [a for a in read.all("tr") if re.fullmatch(r"claims-\d+", a.get("id", ""))]
    assert len(rows) == len(found)
    assert [row["data-status"] for row in rows] == [verdict.status for verdict in found]
    assert (
        text.index('id="claims"') < text.index('id="table-II"') < text.index('id="cost"') < text.index('id="reproduce"')
    )
    for verdict in found:
        assert in_page(verdict.reason, text)


def test_mini_orderings_stand_apart_and_hold_no_number_of_the_paper(read: Reader, out: Path) -> None:
    rows = [a for a in read.all("tr") if re.fullmatch(r"mini-claims-\d+", a.get("id", ""))]
    wanted = [
        v
        for v in verdicts(out=out, scale=Scale.MINI)
        if v.claim.kind == "ordering" and v.claim.metric in ("psnr", "ssim")
    ]
    assert len(rows) == len(wanted) > 0
    assert {row["data-table"] for row in rows} == {v.claim.table for v in wanted}


def test_the_two_vocabularies_share_no_table_and_no_sum(text: str, read: Reader) -> None:
    """What agrees with a small study is never counted with what is reproduced of the paper."""
    above, rule, below = text.partition('<hr class="scale">')
    assert rule
    study, paper = {"agrees", "undecided", "disagrees"}, {"reproduced", "close", "contradicted"}
    rows = {
        name: {a["data-status"] for a in read.all("tr") if a.get("id", "").startswith(name)}
        for name in ("claims-", "mini-claims-")
    }
    assert not rows["claims-"] & study
    assert not rows["mini-claims-"] & paper
    heads = re.search(r'<ul class="counts".*?</ul>', above, re.S)
    tally = re.search(r'<p class="tally" data-scale="mini">.*?</p>', below, re.S)
    assert heads
    assert tally
    assert not set(re.findall(r"\w+", heads[0])) & study
    assert not set(re.findall(r"\w+", tally[0])) & paper
    statement = re.search(r'<p class="statement">(.*?)</p>', above, re.S)
    assert statement
    assert not set(re.findall(r"\w+", statement[1])) & study


def test_every_row_of_every_table_stands_with_its_numbers(text: str, out: Path) -> None:
    results = read_results(out, Scale.MINI)
    for spec in tables().values():
        grid = make_grid(spec, results)
        table = text[text.index(f'id="table-{spec.id}"') :].partition("</figure>")[0]
        shown = re.findall(r'<tr[^>]*data-method="([^"]*)">(.*?)</tr>', table, re.S)
        rows = [row for section in grid.sections for row in section]
        assert [method for method, _ in shown] == [row.method for row in rows]
        for row, (_, cells) in zip(rows, shown, strict=True):
            numbers = [
                re.sub(r"<svg.*?</svg>|<[^>]+>|\s", "", cell) for cell in re.findall(r"<td.*?</td>", cells, re.S)
            ]
            printed = ["/".join(p.text + getattr(p, "after", "") for p in e.parts) or e.dash for e in row.entries]
            assert numbers == [re.sub(r"\s", "", one) for one in printed]


def test_the_numbers_are_the_cells(text: str, out: Path) -> None:
    cells, _ = read_cells(out, Scale.MINI)
    for cell in cells:
        assert f"{cell.psnr:.4f}" in text
        assert f"{cell.ssim:.5f}" in text
    mean = (33.24 + 33.5) / 2  # two seeds of one method
    assert f"{mean:.2f}" in text.partition('id="table-II"')[2].partition("</figure>")[0]


def test_every_result_file_has_a_command_with_its_hashes(read: Reader, text: str, out: Path) -> None:
    cells, _ = read_cells(out, Scale.MINI)
    rows = [a for a in read.all("tr") if a.get("id", "").startswith("cell-")]
    assert len(rows) == len(cells) == 2 * len(METHODS) + 2
    words = " ".join("".join(read.texts).split())
    assert "slkd-bench run --method res-sl-slkd --dataset rain1400 --scale mini --seed 1" in words
    assert f'title="{"d" * 64}"' in text


def test_hostile_names_stay_text(text: str, read: Reader) -> None:
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text
    assert all("onerror" not in attributes for _, attributes in read.elements)
    assert HOSTILE in "".join(read.texts)
    assert HOSTILE_SET in "".join(read.texts)
    assert "&lt;b&gt;x86" in text


def test_distributions_name_their_images(text: str) -> None:
    table = text.partition('id="table-II"')[2].partition("</figure>")[0]
    assert f'aria-label="8 images, {34.18 - 3.5:.2f} to {34.18 + 3.5:.2f} dB, median 34.18"' in table


def test_results_beyond_the_tables_are_not_lost(text: str) -> None:
    beyond = text.partition('id="table-beyond"')[2].partition("</figure>")[0]
    assert "30.00" in beyond
    assert "20.00" in beyond


def test_protocols_environments_and_missing_device_cards_are_told(text: str) -> None:
    from benchmark.protocols import get_protocol, protocol_ids

    for id in protocol_ids():
        assert f"{id}@{get_protocol(id).version}" in text
    assert "<b><code>rain13k-y@1</code></b>" in text
    assert "2.13.0+cpu" in text


def test_headers_and_controls_are_named(read: Reader) -> None:
    assert sum("aria-sort" in a for a in read.all("th")) > 15
    slider = next(a for a in read.all("input") if a.get("type") == "range")
    assert slider["aria-label"]
    assert all("alt" in a for a in read.all("img"))
    assert (
        all(a.get("aria-label") for a in read.elements_with("role", "region"))
        if hasattr(read, "elements_with")
        else True
    )
    assert next(iter(read.all("html")))["lang"] == "en"


def test_data_for_the_script_cannot_end_it() -> None:
    value = {"name": "</script><script>alert(1)</script><!--", "number": 1.5, "none": None}
    written = str(in_script(value))
    assert "<" not in written
    assert ">" not in written
    assert json.loads(written) == value


def test_without_pictures_the_page_says_which_command_writes_them(tmp_path: Path) -> None:
    fabricate(tmp_path, "res-sl-slkd", SETS[0], 33.0, 0.93)
    to, latex = tmp_path / "r.html", tmp_path / "r.tex"
    write_report(Request(Scale.MINI, tmp_path, to, latex=latex, title="A <title>"))
    words = " ".join("".join(Reader(to.read_text(encoding="utf-8")).texts).split())
    assert f"--save-images {tmp_path / 'images'}" in words
    assert "There are no restored images" in words
    assert "A &lt;title&gt;" in to.read_text(encoding="utf-8")
    assert r"\begin{document}" in latex.read_text()


def in_page(words: str, text: str) -> bool:
    from markupsafe import escape

    return str(escape(words)) in text
