"""The page in headless Chromium: sort, filter, slider, theme, plots, keyboard, at a phone's width and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.views.report.browser import Browser, chromium, started
from tests.views.report.conftest import SETS

pytestmark = pytest.mark.skipif(chromium() is None, reason="needs chromium and chromedriver (Debian: chromium-driver)")
RIGHT, DOWN, TAB, ENTER, SPACE = "\ue014", "\ue015", "\ue004", "\ue007", " "


@pytest.fixture(scope="module")
def session() -> Iterator[Browser]:
    found = chromium()
    assert found is not None
    with started(*found) as browser:
        yield browser


@pytest.fixture
def browser(session: Browser, page: Path) -> Browser:
    session.emulate(1440, 900)
    session.open(page)
    if session.run("const kept = localStorage.length; localStorage.clear(); return kept"):
        session.open(page)
    return session


def column(browser: Browser, table: str, number: int) -> list[str]:
    return browser.texts(f"{table} tbody tr > :nth-child({number})")


def test_nothing_is_wrong_and_nothing_is_requested(browser: Browser) -> None:
    assert browser.log() == []
    loaded = browser.run(
        "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'))"
    )
    assert loaded == []


def test_verdicts_sort_by_a_click_and_back(browser: Browser) -> None:
    browser.click("[data-more=claims]")
    before = column(browser, "#claims", 3)
    head = "#claims thead th:nth-child(3)"
    browser.click(f"{head} button")
    assert browser.attribute(head, "aria-sort") == "ascending"
    values = browser.run("return [...document.querySelectorAll('#claims tbody tr')].map(r => r.cells[2].dataset.sort)")
    numbers = [float(v) for v in values if v]
    assert numbers == sorted(numbers)
    assert len(numbers) > 100
    assert all(v == "" for v in values[len(numbers) :])  # what has no number stands last
    browser.click(f"{head} button")
    assert browser.attribute(head, "aria-sort") == "descending"
    browser.click(f"{head} button")
    assert browser.attribute(head, "aria-sort") == "none"
    assert column(browser, "#claims", 3) == before


def test_a_comparison_table_sorts_by_the_keyboard_within_its_sections(browser: Browser) -> None:
    head = "#table-II thead tr:last-child th:nth-child(2)"
    sections = "return [...document.querySelectorAll('#table-II tbody')].map(b => b.rows.length)"
    before = browser.run(sections)
    browser.run("document.querySelector(arguments[0] + ' button').focus()", head)
    browser.press(ENTER)
    assert browser.attribute(head, "aria-sort") == "descending"
    shown = browser.run(
        "return [...document.querySelector('#table-II tbody').rows].map(r => r.cells[1].dataset.sort).filter(Boolean)"
    )
    assert len(shown) == 5
    assert [float(v) for v in shown] == sorted(map(float, shown), reverse=True)
    assert browser.run(sections) == before


def test_filters_by_text_table_and_verdict(browser: Browser) -> None:
    browser.type('[data-filters=claims] [data-filter="text"]', "res-sl ssim")
    rows = browser.texts("#claims tbody tr")
    assert rows
    assert all("res-sl" in row.lower() and "ssim" in row.lower() for row in rows)
    browser.run(
        "const f = document.querySelector('[data-filters=claims] [data-filter=table]');"
        "f.value = 'II'; f.dispatchEvent(new Event('input'))"
    )
    assert set(column(browser, "#claims", 1)) == {"II"}
    browser.type('[data-filters=claims] [data-filter="text"]', " nothing-like-this")
    assert browser.texts("#claims tbody tr") == []
    assert browser.texts("[data-count=claims]")[0].startswith("none of ")


def test_a_count_filters_and_says_so(browser: Browser) -> None:
    browser.click(".counts button[data-status=reproduced]")
    assert browser.attribute(".counts button[data-status=reproduced]", "aria-pressed") == "true"
    assert {text.split()[-1] for text in column(browser, "#claims", 5)} == {"reproduced"}
    browser.click(".counts button[data-status=reproduced]")
    assert browser.attribute(".counts button[data-status=reproduced]", "aria-pressed") == "false"


def test_a_long_table_opens(browser: Browser) -> None:
    few = len(browser.texts("#claims tbody tr"))
    browser.click("[data-more=claims]")
    assert few == 16 < len(browser.texts("#claims tbody tr"))


def test_the_slider_moves_by_arrow_keys_and_mouse(browser: Browser) -> None:
    at = "return getComputedStyle(document.getElementById('stage')).getPropertyValue('--at').trim()"
    assert browser.run(at) == "50%"
    browser.run("document.getElementById('slider').focus()")
    browser.press(*[RIGHT] * 7)
    assert browser.run(at) == "57%"
    assert "57 %" in (browser.attribute("#slider", "aria-valuetext") or "")
    clip = browser.run("return getComputedStyle(document.getElementById('image-right')).clipPath")
    assert "57%" in clip
    browser.click("#slider")  # its middle
    assert browser.run(at) == "50%"


def test_the_viewer_shows_what_is_chosen(browser: Browser) -> None:
    assert browser.texts("#caption-left")[0].startswith("Degraded input, ")
    assert browser.texts("#caption-right")[0].startswith("Res-SL, ")
    first = browser.run("return document.getElementById('image-right').src")
    browser.run(
        "const f = document.getElementById('view-right'); f.value = 'clean'; f.dispatchEvent(new Event('input'))"
    )
    assert browser.texts("#caption-right") == ["Clean"]
    assert browser.run("return document.getElementById('image-right').src") != first
    sizes = browser.run(
        "return ['left', 'right', 'clean'].map(s => document.getElementById('image-' + s).naturalWidth)"
    )
    assert sizes == [192, 192, 192]


def test_dark_by_preference_and_by_the_button(browser: Browser, page: Path) -> None:
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    light = browser.run(ground)
    browser.click("#theme")
    dark = browser.run(ground)
    assert dark != light
    browser.open(page)
    assert browser.run(ground) == dark  # kept
    browser.run("localStorage.clear()")
    browser.emulate(1440, 900, "dark")
    browser.open(page)
    assert browser.run(ground) == dark


def test_plots_answer_to_the_arrow_keys(browser: Browser) -> None:
    browser.run("document.querySelector('#cost-gmacs .point[tabindex=\"0\"]').focus()")
    first = browser.run("return document.querySelector('#cost-gmacs .tip').textContent")
    browser.press(RIGHT)
    second = browser.run("return document.querySelector('#cost-gmacs .tip').textContent")
    assert " dB at " in first
    assert " dB at " in second
    assert first != second
    assert browser.run("return getComputedStyle(document.getElementById('cost-parameters')).display") == "none"
    browser.run("document.querySelector('#costs input[value=parameters]').click()")
    assert browser.run("return getComputedStyle(document.getElementById('cost-parameters')).display") == "block"


def test_a_number_leads_to_its_command_even_when_that_is_not_shown(browser: Browser) -> None:
    browser.type('[data-filters=cells] [data-filter="text"]', "nothing-like-this")
    browser.run("document.querySelector('#table-II tbody a').click()")
    browser.run("return new Promise(done => setTimeout(done, 100))")
    target = browser.run("return document.querySelector(location.hash).innerText")
    assert "slkd-bench run --method restormer" in target
    assert SETS[0] in target


def test_a_command_is_copied(browser: Browser) -> None:
    browser.run(
        "window.copied = ''; Object.defineProperty(navigator, 'clipboard', {value: {writeText: async t => { copied = t; }}})"
    )
    browser.click("#cells tbody tr:first-child [data-copy]")
    assert browser.run("return copied").startswith("slkd-bench run --method ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_spills_over_a_phone(browser: Browser, page: Path, scheme: str) -> None:
    browser.emulate(390, 844, scheme)
    browser.open(page)
    assert browser.run("return document.documentElement.scrollWidth") == 390
    assert browser.texts("#claims tbody tr")[0].startswith("I")


def test_paper_shows_every_row_and_no_control(browser: Browser, page: Path) -> None:
    browser.emulate(800, 1100, media="print")
    browser.open(page)
    shown = (
        "return [...document.querySelectorAll(arguments[0])].filter(e => getComputedStyle(e).display !== 'none').length"
    )
    count = "return document.querySelectorAll(arguments[0]).length"
    for row in ("#claims tbody tr", "#cells tbody tr", ".panels"):
        assert browser.run(shown, row) == browser.run(count, row) > 2
    for control in (".filters", ".choice", "#theme", "nav", ".viewer"):
        assert browser.run(count, control) > 0
        assert browser.run(shown, control) == 0


def test_a_filter_stands_in_the_address_and_comes_back_with_it(browser: Browser, page: Path) -> None:
    browser.run(
        "const f = document.querySelector('[data-filters=claims] [data-filter=status]');"
        "f.value = 'untestable'; f.dispatchEvent(new Event('input'))"
    )
    address = browser.run("return location.hash")
    assert address == "#filter&claims.status=untestable"
    browser.open(page)
    browser.run(f"location.hash = '{address}'")
    browser.run("return document.body.offsetHeight")
    assert browser.run("return document.querySelector('[data-filters=claims] [data-filter=status]').value") == (
        "untestable"
    )


def test_a_table_wider_than_a_telephone_says_that_it_scrolls(browser: Browser, page: Path) -> None:
    browser.emulate(390, 844)
    browser.open(page)
    said = "return [...document.querySelectorAll('.scroll')].filter(b => b.scrollWidth > b.clientWidth + 1)"
    assert browser.run(said + ".length") > 0
    assert browser.run(said + ".every(b => b.classList.contains('wider'))")


def test_no_script_but_the_pages_own_runs(browser: Browser) -> None:
    browser.run(
        "window.ran = false; const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        "document.body.append(s)"
    )
    assert not browser.run("return window.ran")
