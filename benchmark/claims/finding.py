"""What a lint reports: which rule, which table and cell, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One slip or gap of a publication. `lint` is the rule's name; `cell` says where in `table`; `reason` why."""

    lint: str
    table: str
    cell: str
    reason: str
    claims: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The table, tables, equation or section in words."""
        if self.table.startswith(("Equation", "Section")):
            return self.table
        return f"{'Tables' if ' and ' in self.table else 'Table'} {self.table}"


def joined(names: Iterable[str]) -> str:
    """`I`, `I and III`, or `I, II and III`, each once."""
    unique = list(dict.fromkeys(names))
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)
