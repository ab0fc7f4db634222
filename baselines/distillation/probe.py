"""What a distiller may offer to whoever looks into its losses: maps to draw, why a term is no number, losses to measure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from torch import Tensor, nn

from baselines.distillation.spec import ReadingOfEquations

Pairs = Sequence[tuple[Tensor, Tensor]]
"""Features of student and teacher by level, two (N, C, H, W) of one shape each."""


@dataclass(frozen=True)
class Sheet:
    """A picture of extracted maps, teacher beside student: a sheet for each level of `half`, or one with a row a level.

    Args:
        stem: the name of the file.
        caption: what is shown.
        half: "encoder" or "decoder".
        columns: what stands above the columns.
        rows: the names of the maps by row, "" for a gap; with the row "" alone it is a row a level.
    """

    stem: str
    caption: str
    half: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    @property
    def of_every_level(self) -> bool:
        """Whether each level has a sheet of its own."""
        return list(self.rows) != [""]


@dataclass(frozen=True)
class Trouble:
    """Why terms are no numbers: a sentence by term, what helps, and a table of where."""

    told: Mapping[str, str]
    remedy: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]] = field(default_factory=tuple)


class FeatureTerm(Protocol):
    """A loss of features, called on `Pairs`: what is normal for the teacher is learnt from them until `eval()`."""

    @property
    def names(self) -> Sequence[str]:
        """Its descriptors."""
        ...

    @property
    def standardised(self) -> bool:
        """Whether `by_descriptor` has a meaning."""
        ...

    def __call__(self, pairs: Pairs) -> Tensor:
        """The loss, a scalar."""
        ...

    def eval(self) -> object:
        """Learn no more."""
        ...

    def by_level(self, pairs: Pairs) -> list[tuple[int, Tensor]]:
        """The share of each level that counts, with its number."""
        ...

    def by_descriptor(self, student: Tensor, teacher: Tensor, level: int) -> Tensor:
        """The share of each of `names` in the loss of a level: (D,)."""
        ...


class Converted(Protocol):
    """What brings features of student and teacher, level by level, to comparable pairs."""

    def __call__(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Pairs:
        """The pairs of the levels that both have."""
        ...


class Probe(ABC):
    """What can be looked at in a distiller.

    `beside` names the extracted map that is drawn beside the features of every level; `terms` are its losses of features
    as they are printed, `halves` which half of the network, "encoder" or "decoder", each compares.
    """

    sheets: ClassVar[Sequence[Sheet]]
    beside: ClassVar[str]
    terms: ClassVar[Mapping[str, str]]
    halves: ClassVar[Mapping[str, str]]

    @abstractmethod
    def normalised(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) as the extractors take them."""

    @abstractmethod
    def extracted(self, network: nn.Module, image: Tensor) -> Mapping[str, Mapping[str, Tensor]]:
        """The maps of a pass over `image` (N, 3, H, W), each (N, C, h, w): by level, as "encoder 1", and by name."""

    @abstractmethod
    def trouble(self, objective: nn.Module, degraded: Tensor, clean: Tensor) -> Trouble | None:
        """Why terms of a batch of (N, 3, H, W) are no numbers; None where it has nothing to say."""

    @abstractmethod
    def reading(self, name: str | ReadingOfEquations) -> ReadingOfEquations:
        """The reading of that name, or the reading itself. Raises ValueError."""

    @abstractmethod
    def feature_term(
        self, term: str, reading: ReadingOfEquations, widths: Sequence[int]
    ) -> tuple[Converted, FeatureTerm]:
        """A loss of `terms` between features of `widths` by level, student and teacher alike, and what makes its pairs."""
