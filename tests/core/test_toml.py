"""A wrong entry of a paper's file is one message with file, line, key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core.errors import BadFile
from benchmark.core.toml import line_of, read_toml
from benchmark.papers.model import ShownFile

GOOD = """# tables
[[table]]
id = "1"
caption = "First."
columns = ["rain100l"]

[[table.section]]
rows = ["prenet"]

[[table]]
id = "2"
caption = "Second."
columns = [
  "gopro",
  "gmacs",
]
pool = "section"

  [[table.section]]
  rows = ["restormer"]

  [[table.section]]
  rows = ["res-sl-slkd"]
  unranked = []
"""


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shown.toml"
    path.write_text(GOOD)
    first, second = read_toml(path, ShownFile).table
    assert (first.pool, second.pool) == ("table", "section")
    assert second.columns == ("gopro", "gmacs")
    assert [section.rows for section in second.section] == [("restormer",), ("res-sl-slkd",)]


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('pool = "section"', 'pool = "sections"', [":17,", "key table.2.pool", "'section'", "'sections'"]),
        ('caption = "Second."', "", [":10,", "key table.2.caption", "a value"]),
        ('caption = "First."', "caption = 3", [":4,", "key table.1.caption", "a valid string", "3"]),
        ("  unranked = []", "  unrank = []", [":24,", "key table.2.section.2.unrank", "known here"]),
        ('rows = ["prenet"]', 'rows = "prenet"', [":8,", "key table.1.section.1.rows", "tuple"]),
        ('  "gmacs",', "  4,", [":13,", "key table.2.columns.2", "a valid string"]),
        ('id = "2"', 'id = "2', [":11", "TOML"]),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(tmp_path: Path, old: str, new: str, names: list[str]) -> None:
    path = tmp_path / "shown.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(BadFile) as error:
        read_toml(path, ShownFile)
    told = str(error.value)
    for name in (str(path), *names):
        assert name in told


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"shown\.toml"):
        read_toml(tmp_path / "shown.toml", ShownFile)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadFile, match=r"bytes\.toml"):
        read_toml(tmp_path / "bytes.toml", ShownFile)


def test_lines_of_what_stands_within_tables() -> None:
    text = '[marks.slkd]\ncolour = "red"\n[marks."a b"]\nx.y = 3\n'
    assert line_of(text, ["marks", "slkd", "colour"]) == 2
    assert line_of(text, ["marks", "a b", "x", "y"]) == 4
    assert line_of(text, ["marks", "slkd", "marker"]) == 1
    assert line_of(text, ["nothing"]) == 0
