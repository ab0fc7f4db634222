"""What a distiller's file declares of it, at its end. Importing this module does not import torch; `load` does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from baselines.spec import SpecError, named

if TYPE_CHECKING:
    from baselines.distillation.probe import Probe
    from baselines.objective import Objective

Kind = Literal["student", "control"]
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_TARGET = re.compile(r"([A-Za-z_][\w.]*)?:[A-Za-z_]\w*")


class ReadingOfEquations(Protocol):
    """One understanding of what a paper leaves open, and why nothing, or nothing with printed weights, is trained with it."""

    @property
    def name(self) -> str:
        """As typed and recorded."""
        ...

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        ...

    @property
    def unfit(self) -> str:
        """Why nothing can be trained with it; empty where it can."""
        ...

    @property
    def unbalanced(self) -> str:
        """Why its printed weights are refused; empty where they can be used."""
        ...


@dataclass(frozen=True, kw_only=True)
class DistillerSpec:
    """One way to train a student: `SPEC = DistillerSpec(...)` at the end of its file, in literals.

    A target is "module:Name"; ":Name" means the file of the declaration itself, wherever it lies.

    Args:
        id: as typed, and as cards name it.
        title: what it is, in a few words.
        citation: author and venue, or what kind of control it is.
        target: target of the objective's class.
        row: how a row's title calls it, behind the student's; empty: by `title`. A paper may call it otherwise.
        short: how a table calls it that names the student already; empty: as in `row`.
        kind: "student" for a published way to train one, "control" for what such a one has to beat.
        licence: of the authors' code; what is here was written afresh.
        needs_teacher: false for the control without one, whose objective takes the student alone.
        options: arguments of the objective that a row may change, with their defaults.
        choices: the words that such an argument may be, where it is a word.
        readings: target of its `ReadingOfEquations` by name, the default first, for a distiller whose option `reading`
            names one. Importing the target's module must not import torch.
        probe: target of the `Probe` that looks into its losses; empty: none.
    """

    id: str
    title: str
    citation: str
    target: str
    row: str = ""
    short: str = ""
    kind: Kind = "student"
    licence: str = ""
    needs_teacher: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    readings: str = ""
    probe: str = ""
    file: Path | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash((self.id, self.target))

    def __post_init__(self) -> None:
        for key in ("id", "title", "citation", "target", "row", "short", "licence", "readings", "probe"):
            if not isinstance(getattr(self, key), str):
                raise SpecError(key, "text", repr(getattr(self, key))[:80])
        if not _ID.fullmatch(self.id):
            raise SpecError("id", "lower-case letters, digits and dashes", self.id)
        for key in ("target", "readings", "probe"):
            if not _TARGET.fullmatch(getattr(self, key)) and (key == "target" or getattr(self, key)):
                raise SpecError(key, '"module:Name" or ":Name"', getattr(self, key))
        if not self.title or not self.citation:
            raise SpecError("title" if not self.title else "citation", "text", "nothing")
        if self.kind not in get_args(Kind):
            raise SpecError("kind", f"one of {', '.join(get_args(Kind))}", repr(self.kind))
        self._check_options()

    def _check_options(self) -> None:
        for key in ("options", "choices"):
            value = getattr(self, key)
            if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
                raise SpecError(key, "a dictionary with text as its keys", repr(value)[:80])
        for name, words in self.choices.items():
            if self.options.get(name) not in words:
                expected = f"words for the option {name}, its default among them"
                raise SpecError("choices", expected, f"{words!r}, default {self.options.get(name)!r}"[:80])
        if self.readings and "reading" not in self.options:
            raise SpecError("readings", "an option `reading` that names one", f"{list(self.options)}"[:80])

    def find(self, target: str) -> Any:
        """What a target of this declaration names. Raises AttributeError or ImportError where it names nothing."""
        return named(target, self.file)

    def load(self) -> type[Objective]:
        """The class of the objective; imports torch."""
        kind: type[Objective] = self.find(self.target)
        return kind

    def known_readings(self) -> Mapping[str, ReadingOfEquations]:
        """Its readings by name, the default first; none for a distiller without. Imports no torch."""
        found: Mapping[str, ReadingOfEquations] = self.find(self.readings) if self.readings else {}
        return found

    def load_probe(self) -> Probe:
        """What looks into its losses; imports torch. Raises ValueError for a distiller without."""
        if not self.probe:
            raise ValueError(f"expected a distiller with a probe; found {self.id}, which declares none.")
        found: Probe = self.find(self.probe)()
        return found
