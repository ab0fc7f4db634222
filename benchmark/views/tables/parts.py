"""What a printed table is made of: numbers with marks, cells, rows, and the whole grid."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

NOT_RUN = "not run: no result file at this scale"
NOT_ITS_TASK = "not a task of this method"
NOT_MEASURED = "not measured"
NOT_PRINTED = "not printed"
NO_GAP = "no gap to close: the teacher is not significantly above scratch"
UNLIKE = "not compared: scored on different data or under different protocols"
_SYMBOLS = {NOT_RUN: "†", NOT_MEASURED: "‡", NO_GAP: "§", UNLIKE: "*", NOT_PRINTED: ""}
TIED = "°"  # raised behind a number that is not significantly worse than the best

Mark = Literal["", "best", "tied", "second"]


class Marks(StrEnum):
    """How best and second are found: by significance over scenes, or at printed precision as papers do."""

    significant = "significant"
    paper = "paper"


@dataclass(frozen=True)
class Part:
    """One printed number: its value for ranking, its text, and its mark.

    `best` is the numerically best, `tied` what is not significantly worse than it, `second` a second that is. `after` is
    printed behind the number and never marked: a deviation or an interval, whose unrounded numbers stand in `details` by
    name. `metric` names it where a cell has several.
    """

    value: float
    text: str
    lower_is_better: bool = False
    mark: Mark = ""
    after: str = ""
    details: tuple[tuple[str, float], ...] = ()
    metric: str = ""


@dataclass(frozen=True)
class Entry:
    """One table cell: its parts joined by a slash, or a dash with the reason in `note`."""

    parts: tuple[Part, ...] = ()
    note: str = ""

    @property
    def dash(self) -> str:
        """What is printed when there is no number: a dash and the symbol of its footnote."""
        return "–" + symbol(self.note)


@dataclass(frozen=True)
class Row:
    """A printed row; `ranked` rows compete for the marks; `source` says where a published row is from."""

    title: str
    method: str
    entries: tuple[Entry, ...]
    ranked: bool = True
    source: str = ""


@dataclass(frozen=True)
class Grid:
    """A table ready for printing: two header rows, sections of rows with their titles, footnotes.

    `number` is what stands before the caption, such as "Table 1", or nothing.
    """

    id: str
    caption: str
    groups: tuple[str, ...]
    headers: tuple[str, ...]
    sections: tuple[tuple[Row, ...], ...]
    footnotes: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    label: str = ""
    number: str = ""

    def title_of(self, section: int) -> str:
        """What stands above the rows of a section, or nothing."""
        return self.titles[section] if section < len(self.titles) else ""


def symbol(note: str) -> str:
    """The footnote symbol behind a dash."""
    return _SYMBOLS.get(note, "")
