"""Some images of a data set, chosen by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.core.types import Pair, Scale, Task
from benchmark.datasets.pairs import Dataset
from benchmark.runs.cells import ImageScore

FEW = 4  # images of a cell in a fast check


@dataclass(frozen=True)
class Excerpt:
    """The images `chosen` of `whole`, a data set like it."""

    whole: Dataset
    chosen: tuple[str, ...]

    @property
    def id(self) -> str:
        """The whole data set's id."""
        return self.whole.id

    @property
    def title(self) -> str:
        """The whole data set's title."""
        return self.whole.title

    @property
    def task(self) -> Task | None:
        """The whole data set's task."""
        return self.whole.task

    @property
    def protocol(self) -> str:
        """The whole data set's protocol."""
        return self.whole.protocol

    @property
    def scale(self) -> Scale:
        """The whole data set's scale."""
        return self.whole.scale

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: int) -> Pair:
        return self.whole[self._places[self.chosen[index]]]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.whole.names())}

    def names(self) -> list[str]:
        """The chosen names, in the whole data set's order."""
        return list(self.chosen)

    def fingerprint(self) -> str:
        """The whole data set's fingerprint: an excerpt of other data is other data."""
        return self.whole.fingerprint()


def few_images(scores: Sequence[ImageScore], turn: int, count: int = FEW) -> list[str]:
    """`count` names from as many scenes as there are; `turn`, the number of the cell, moves the choice on.

    So each cell is looked at on different scenes, and neighbouring cells together on all of them.
    """
    scenes: dict[str, list[str]] = {}
    for score in scores:
        scenes.setdefault(score.scene or score.name, []).append(score.name)
    groups = list(scenes.values())
    first = turn * count
    picked: dict[str, None] = {}
    for step in range(len(scores)):
        place = first + step
        group = groups[place % len(groups)]
        picked.setdefault(group[(place // len(groups)) % len(group)])
        if len(picked) == min(count, len(scores)):
            break
    order = {score.name: i for i, score in enumerate(scores)}
    return sorted(picked, key=order.__getitem__)
