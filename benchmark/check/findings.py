"""What the check found: a case for each method and data set, for the scoring of a data set, and for a network's cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """A failure ends the check with exit code 1; improvements, accepted falls and notes are told."""

    FAILURE = "failure"
    IMPROVEMENT = "improvement"
    ACCEPTED = "accepted"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that differs from the reference: `title` in three words, `text` with the numbers, `remedy` to do."""

    severity: Severity
    title: str
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Case:
    """One thing checked: `name` within `group` (a data set, or costs), against the reference file `file`."""

    group: str
    name: str
    findings: tuple[Finding, ...] = ()
    file: str = ""
    seconds: float = 0.0

    @property
    def full_name(self) -> str:
        """The method on its data set, or the network whose cost it is."""
        return self.name if self.group == "costs" else f"{self.name} on {self.group}"

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that fail the check."""
        return self.of(Severity.FAILURE)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)


def failed(cases: Iterable[Case]) -> list[Case]:
    """The cases with a failure."""
    return [case for case in cases if case.failures]
