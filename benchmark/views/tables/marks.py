"""Which numbers of a table are marked best and second.

`significant` marks groups: the best row together with every row that does not differ significantly from it, then the same
among the rest. Where a whole pool is one group, nothing is marked. `paper` marks single numbers at printed precision, as
papers do, whatever chance may explain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from benchmark.statistics import ALPHA, holm, paired, sign_flip
from benchmark.views.tables.parts import Entry, Part, Row
from benchmark.views.tables.results import Results

Sections = list[tuple[Row, ...]]
Place = tuple[int, int]  # section, row


@dataclass
class Significance:
    """The tests behind the marks of one table, each made once: p over scenes, Holm-corrected across its data sets.

    `datasets` are the table's quality columns by their place.
    """

    results: Results
    datasets: dict[int, str]
    _known: dict[tuple[str, str, int], dict[int, float]] = field(default_factory=dict, repr=False)

    def differ(self, a: str, b: str, column: int, part: int) -> bool:
        """Whether two methods differ significantly in PSNR (`part` 0) or SSIM (1) on the data set of `column`."""
        key = min(a, b), max(a, b), part
        if key not in self._known:
            raw = [self._chance(a, b, dataset, part) for dataset in self.datasets.values()]
            self._known[key] = dict(zip(self.datasets, holm(raw), strict=True))
        return self._known[key][column] <= ALPHA

    def comparable(self, methods: Iterable[str], dataset: str) -> bool:
        """Whether all were scored on the same data under the same protocol."""
        return len(set().union(*(self.results.basis(method, dataset) for method in methods))) <= 1

    def _chance(self, a: str, b: str, dataset: str, part: int) -> float:
        if not self.comparable((a, b), dataset):
            return math.nan
        found = paired(self.results.images(a, dataset), self.results.images(b, dataset))
        return sign_flip(found.ssim if part else found.psnr, found.scenes) if found.names else math.nan


@dataclass
class Unmarked:
    """Where nothing is marked, as (column, number, first row of the pool): all rows tie, or cannot be compared."""

    ties: list[tuple[int, int, str]] = field(default_factory=list)
    unlike: list[tuple[int, int, str]] = field(default_factory=list)


def mark(sections: Sections, pool: Sequence[int], columns: int, tests: Significance | None) -> Unmarked:
    """Marks best and second of every number among the ranked rows of `pool`, in place.

    With `tests`, quality columns are marked by groups; every other column, and all without, at printed precision.
    """
    unmarked = Unmarked()
    for column in range(columns):
        places = [(s, r) for s in pool for r, row in enumerate(sections[s]) if row.ranked and row.entries[column].parts]
        depth = max((len(sections[s][r].entries[column].parts) for s, r in places), default=0)
        for part in range(depth):
            shown = {place: _part(sections, place, column, part) for place in places}
            if len(shown) < 2:
                continue
            if tests and column in tests.datasets:
                methods = {place: sections[place[0]][place[1]].method for place in shown}
                where = (column, part, sections[pool[0]][0].title)
                if not tests.comparable(methods.values(), tests.datasets[column]):
                    unmarked.unlike.append(where)
                    continue
                groups = _tie_groups(shown, methods, column, part, tests)
                if len(groups) == 1:
                    unmarked.ties.append(where)
                    continue
            else:
                groups = _printed_groups(shown)
            for name, group in zip(("best", "second"), groups, strict=False):
                for s, r in group:
                    sections[s] = _with_mark(sections[s], r, column, part, name)
    return unmarked


def _tie_groups(
    shown: dict[Place, Part], methods: dict[Place, str], column: int, part: int, tests: Significance
) -> list[list[Place]]:
    """The best with what does not differ from it, then the same of the rest; at most two groups."""
    remaining = sorted(shown, key=lambda place: shown[place].value, reverse=True)
    groups: list[list[Place]] = []
    while remaining and len(groups) < 2:
        leader = methods[remaining[0]]
        tied = [p for p in remaining if methods[p] == leader or not tests.differ(leader, methods[p], column, part)]
        groups.append(tied)
        remaining = [place for place in remaining if place not in tied]
    return groups


def _printed_groups(shown: dict[Place, Part]) -> list[list[Place]]:
    numbers = {place: part for place, part in shown.items() if not math.isnan(part.value)}
    if not numbers:
        return []
    up = not next(iter(numbers.values())).lower_is_better
    ordered = sorted(numbers.values(), key=lambda part: part.value, reverse=up)
    texts = list(dict.fromkeys(part.text for part in ordered))[:2]
    return [[place for place, part in numbers.items() if part.text == text] for text in texts]


def _part(sections: Sections, place: Place, column: int, part: int) -> Part:
    return sections[place[0]][place[1]].entries[column].parts[part]


def _with_mark(rows: tuple[Row, ...], row: int, column: int, part: int, name: str) -> tuple[Row, ...]:
    old = rows[row]
    parts = tuple(replace(p, mark=name) if i == part else p for i, p in enumerate(old.entries[column].parts))
    entries = tuple(Entry(parts) if i == column else e for i, e in enumerate(old.entries))
    return (*rows[:row], replace(old, entries=entries), *rows[row + 1 :])
