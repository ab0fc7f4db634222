"""A paper's figures of restored images: which sets are the rows, which methods the columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmark.core.errors import UnknownName
from benchmark.methods.catalogue import short_titles
from benchmark.methods.method import Method
from benchmark.papers.read import get_paper

PLOTS = ("pareto", "convergence")  # figures that every paper has


@dataclass(frozen=True)
class FigureSpec:
    """A qualitative comparison: `datasets` from top to bottom, `methods` from left to right where they are for its task.

    `titles` are the columns' where they differ from the method's own.
    """

    id: str
    caption: str
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    titles: dict[str, str] = field(default_factory=dict, hash=False)

    def title(self, method: Method) -> str:
        """What stands above the column of `method`."""
        return self.titles.get(method.id, method.title)


OWN = FigureSpec("own", "Restored images.", (), ())
"""Any methods on any data sets, as `--method` and `--dataset` name them."""


def figures(paper: str = "") -> dict[str, FigureSpec]:
    """The figures of a paper by id. Raises UnknownName for a paper that is not known."""
    read = get_paper(paper)
    return {
        shown.id: FigureSpec(
            shown.id,
            shown.caption,
            shown.datasets,
            shown.methods,
            (short_titles(read) if shown.short else {}) | shown.titles,
        )
        for shown in read.figures.figure
    }


def get_figure(name: str, paper: str = "") -> FigureSpec:
    """The figure called `name`. Raises UnknownName."""
    known = figures(paper)
    if name not in known:
        raise UnknownName(f"figure of {get_paper(paper).short}", name, [*known, *PLOTS, OWN.id])
    return known[name]
