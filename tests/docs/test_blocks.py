"""What the README and the pages print from data is what the data say, and every link inside the project leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.blocks import MADE, TOP, filled, pages

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(TOP)))
def test_a_page_is_up_to_date(page: Path) -> None:
    text = page.read_text()
    assert text == filled(text), "renew it with: make readme"


def test_every_made_part_is_used() -> None:
    used = {name for page in pages() for name in re.findall(r"<!-- made: ([\w-]+) -->", page.read_text())}
    assert used == set(MADE)


def test_a_part_that_is_out_of_date_is_seen() -> None:
    old = "a\n<!-- made: readings -->\nnothing\n<!-- end -->\nb\n"
    new = filled(old)
    assert "| `literal` |" in new
    assert new.startswith("a\n")
    assert new.endswith("-->\nb\n")
    assert filled(new) == new


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(TOP)))
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    made = {"reference"}  # pages that `make docs` makes; its own check follows the links to them
    for target in _LINK.findall(page.read_text()):
        path = target.partition("#")[0]
        if not path or re.match(r"[a-z]+:", path) or made & set(Path(path).parts):
            continue
        assert (page.parent / path).exists(), f"{page.relative_to(TOP)} links to {target}"
