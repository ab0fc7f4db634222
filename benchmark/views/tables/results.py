"""Everything the tables are made of, read from files: quality cells, complexity, latencies of one device."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmark.core.types import Scale
from benchmark.costs.records import Complexity, Latency, read_complexity, read_latencies, shown_card
from benchmark.runs.cells import Cell, ImageScore, read_cells
from benchmark.statistics import averaged


@dataclass
class Results:
    """Quality cells by (method, data set), one a seed; complexity and latency by (network, task).

    `partial` are the cells that have not all images of their set, and stand for it nowhere. `folder` is the
    name of the folder that all are from.
    """

    scale: Scale
    cells: dict[tuple[str, str], list[Cell]]
    complexity: dict[tuple[str, str], Complexity] = field(default_factory=dict)
    latency: dict[tuple[str, str], Latency] = field(default_factory=dict)
    device: str = ""
    broken: list[str] = field(default_factory=list)
    partial: list[Cell] = field(default_factory=list)
    folder: str = "runs"
    _images: dict[tuple[str, str], dict[str, ImageScore]] = field(default_factory=dict, repr=False)

    def images(self, method: str, dataset: str) -> dict[str, ImageScore]:
        """Image by image the mean over the method's seeds; empty where it was not run."""
        key = method, dataset
        if key not in self._images:
            self._images[key] = averaged(self.cells[key]) if self.cells.get(key) else {}
        return self._images[key]

    def basis(self, method: str, dataset: str) -> set[tuple[str, str]]:
        """The data and protocols behind the method's scores: only equal ones may be set against each other."""
        return {(str(c.key.get("data")), str(c.key.get("protocol"))) for c in self.cells.get((method, dataset), [])}


def read_results(
    out: Path, scale: Scale, card: str | None = None, limit: int | None = None, size: int = 512
) -> Results:
    """Reads the result files below `out` and the recorded costs; `card` chooses among several device cards.

    Costs are those of the suite and what `profile --save --out OUT` recorded beside the results; where there are times
    of one's own, their card is shown before the suite's. `size` is the side of the image whose complexity is meant.
    """
    cells, broken = read_cells(out, scale)
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.key.get("limit") == limit and (limit is not None or not cell.partial):
            grouped.setdefault((cell.method, cell.dataset), []).append(cell)
    partial = [cell for cell in cells if limit is None and cell.partial and cell.key.get("limit") is None]
    counted = read_complexity(scale, size=size) | read_complexity(scale, out, size)
    results = Results(scale, grouped, counted, broken=broken, partial=partial, folder=out.resolve().name)
    own = read_latencies(scale, out)
    cards = read_latencies(scale) | own
    chosen = card or shown_card(own) or shown_card(cards)
    if chosen in cards:
        results.device = cards[chosen].words
        results.latency = {(r.network, r.task): r for r in cards[chosen].records}
    return results
