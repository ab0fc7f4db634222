"""Which numbers of a table are marked best and second.

`significant` marks the numerically best, what is not significantly worse than it, and a second that is. Where a whole
pool is not significantly worse than its best, nothing is marked. `paper` marks single numbers at printed precision, as
papers do, whatever chance may explain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from benchmark.runs.cells import ImageScore
from benchmark.statistics import ALPHA, holm, paired, sign_flip
from benchmark.views.tables.parts import Entry, Mark, Part, Row
from benchmark.views.tables.results import Results

Sections = list[tuple[Row, ...]]
Place = tuple[int, int]  # section, row


@dataclass
class Significance:
    """The tests behind the marks of one table, each made once: p over scenes, Holm-corrected across its data sets.

    `datasets` are the table's columns of data sets by their place, `metrics` what stands in each of them.
    """

    results: Results
    datasets: dict[int, str]
    metrics: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _known: dict[tuple[str, str, str], dict[int, float]] = field(default_factory=dict, repr=False)

    def differ(self, a: str, b: str, column: int, part: int) -> bool:
        """Whether two methods differ significantly in the metric `part` of `column` on its data set."""
        metric = self.metrics.get(column, ("psnr", "ssim"))[part]
        key = min(a, b), max(a, b), metric
        if key not in self._known:
            alike = [c for c in self.datasets if metric in self.metrics.get(c, ("psnr", "ssim"))]
            raw = [self._chance(a, b, self.datasets[c], metric) for c in alike]
            self._known[key] = dict(zip(alike, holm(raw), strict=True))
        return self._known[key][column] <= ALPHA

    def comparable(self, methods: Iterable[str], dataset: str) -> bool:
        """Whether all were scored on the same data under the same protocol."""
        return len(set().union(*(self.results.basis(method, dataset) for method in methods))) <= 1

    def _chance(self, a: str, b: str, dataset: str, metric: str) -> float:
        if not self.comparable((a, b), dataset):
            return math.nan
        first, second = (_as_psnr(self.results.images(method, dataset), metric) for method in (a, b))
        found = paired(first, second)
        if not found.names:
            return math.nan
        return sign_flip(found.ssim if metric == "ssim" else found.psnr, found.scenes)


def _as_psnr(images: dict[str, ImageScore], metric: str) -> dict[str, ImageScore]:
    """The images with a further metric in the place of PSNR, where one is asked for; those without it left out."""
    if metric in ("psnr", "ssim"):
        return images
    return {name: replace(s, psnr=s.extra[metric]) for name, s in images.items() if metric in s.extra}


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
            if len(_ordered(shown)) < 2:
                continue
            if tests and column in tests.datasets:
                methods = {place: sections[place[0]][place[1]].method for place in shown}
                where = (column, part, sections[pool[0]][0].title)
                if not tests.comparable(methods.values(), tests.datasets[column]):
                    unmarked.unlike.append(where)
                    continue
                tied = _tied(shown, methods, column, part, tests)
                if len(tied) == len(shown):
                    unmarked.ties.append(where)
                    continue
            else:
                tied = set()
            for (s, r), name in _named(shown, tied).items():
                sections[s] = _with_mark(sections[s], r, column, part, name)
    return unmarked


def _tied(
    shown: dict[Place, Part], methods: dict[Place, str], column: int, part: int, tests: Significance
) -> set[Place]:
    """The best and what does not differ from it significantly."""
    best = methods[_ordered(shown)[0]]
    return {p for p in shown if methods[p] == best or not tests.differ(best, methods[p], column, part)}


def _ordered(shown: dict[Place, Part]) -> list[Place]:
    """From the best to the worst; what is no number is left out."""
    numbers = [place for place, part in shown.items() if not math.isnan(part.value)]
    return sorted(numbers, key=lambda p: -shown[p].value if not shown[p].lower_is_better else shown[p].value)


def _named(shown: dict[Place, Part], tied: set[Place]) -> dict[Place, Mark]:
    """The mark of each number: at printed precision the best, and the second where it is not tied with the best."""
    ordered = _ordered(shown)
    texts = list(dict.fromkeys(shown[place].text for place in ordered))
    found: dict[Place, Mark] = {}
    for place in ordered:
        if shown[place].text == texts[0]:
            found[place] = "best"
        elif place in tied:
            found[place] = "tied"
        elif shown[place].text == texts[1] and not any(shown[p].text == texts[1] for p in tied):
            found[place] = "second"
    return found


def _part(sections: Sections, place: Place, column: int, part: int) -> Part:
    return sections[place[0]][place[1]].entries[column].parts[part]


def _with_mark(rows: tuple[Row, ...], row: int, column: int, part: int, name: Mark) -> tuple[Row, ...]:
    old = rows[row]
    parts = tuple(replace(p, mark=name) if i == part else p for i, p in enumerate(old.entries[column].parts))
    entries = tuple(Entry(parts) if i == column else e for i, e in enumerate(old.entries))
    return (*rows[:row], replace(old, entries=entries), *rows[row + 1 :])
