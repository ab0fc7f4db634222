"""Someone who follows a tutorial literally, in a fresh clone, gets what it shows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.follow import PAGES, TOP, blocks, follow, same
from docs.warm import served


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Path | None]:
    """What runs the commands: with --slow the interpreter itself, else (on Linux) one that has imported torch already."""
    if request.config.getoption("--slow") or sys.platform != "linux":
        yield None
    else:
        with served(tmp_path_factory.mktemp("warm")) as program:
            yield program


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_shows_what_one_gets(page: Path, python: Path | None, request: pytest.FixtureRequest) -> None:
    """The blocks of a page that are marked slow run with --slow."""
    found = follow(page, slow=request.config.getoption("--slow"), python=python)
    assert not found, "\n\n".join(f"{page.relative_to(TOP)}:{d.line}: {d.what}" for d in found)


NEEDS_GPUS = ("reproduce-the-paper",)  # its plan is tried end to end by tests/studies/plans/test_paper.py


@pytest.mark.parametrize("page", [p for p in PAGES if p.stem not in NEEDS_GPUS], ids=lambda page: page.stem)
def test_every_tutorial_has_commands_and_shows_their_output(page: Path) -> None:
    kinds = [block.kind for block in blocks(page.read_text())]
    assert kinds.count("run") >= 2
    assert "shows" in kinds


def test_outputs_are_compared_word_by_word_and_numbers_nearly() -> None:
    assert same("PSNR  26.71/0.796\n", " PSNR 26.72/0.796")
    assert same("(+0.312 dB)", "(+0.318 dB)")
    assert not same("26.71/0.796", "26.81/0.796")
    assert not same("wins 3", "wins 4")
    assert not same("a b", "a b c")
    assert not same("restormer 26.71", "uformer 26.71")


def test_a_page_that_shows_something_else_is_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    fence = "```"
    page.write_text(
        f"<!-- file note.txt -->\n{fence}text\nsalt\nand 1.00\n{fence}\n"
        f"<!-- run -->\n{fence}sh\ncat note.txt\n{fence}\n<!-- shows head=1 -->\n{fence}text\nsalt\n…\n{fence}\n"
        f"<!-- shows -->\n{fence}text\nsalt\nand 3.00\n{fence}\n<!-- run exit=2 -->\n{fence}sh\nexit 3\n{fence}\n"
    )
    assert [found.line for found in follow(page)] == [15, 20]
    follow(page, renew=True)
    assert [found.line for found in follow(page)] == [20]
