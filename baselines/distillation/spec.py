"""What a distiller's file declares of it, at its end. Importing this module does not import torch; `load` does."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baselines.spec import SpecError

if TYPE_CHECKING:
    from baselines.objective import Objective

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True)
class DistillerSpec:
    """One way to train a student: `SPEC = DistillerSpec(...)` at the end of its file, in literals.

    Args:
        id: as typed, and as cards name it.
        title: as printed.
        citation: author and venue, or what kind of control it is.
        target: "module:Class" of the objective.
        licence: of the authors' code; what is here was written afresh.
        needs_teacher: false for the control without one, whose objective takes the student alone.
        options: arguments of the objective that a row may change, with their defaults.
    """

    id: str
    title: str
    citation: str
    target: str
    licence: str = ""
    needs_teacher: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash((self.id, self.target))

    def __post_init__(self) -> None:
        for key in ("id", "title", "citation", "target", "licence"):
            if not isinstance(getattr(self, key), str):
                raise SpecError(key, "text", repr(getattr(self, key))[:80])
        if not _ID.fullmatch(self.id):
            raise SpecError("id", "lower-case letters, digits and dashes", self.id)
        if not _TARGET.fullmatch(self.target):
            raise SpecError("target", '"module:Class"', self.target)
        if not self.title or not self.citation:
            raise SpecError("title" if not self.title else "citation", "text", "nothing")

    def load(self) -> type[Objective]:
        """The class of the objective; imports torch."""
        module, _, attribute = self.target.partition(":")
        kind: type[Objective] = getattr(importlib.import_module(module), attribute)
        return kind
