"""The check as workflow commands of GitHub Actions, which show as annotations of the commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.check.findings import Case, Severity

_LEVEL = {Severity.FAILURE: "error", Severity.IMPROVEMENT: "notice"}


def to_github(cases: Sequence[Case]) -> Iterator[str]:
    """One line a failure and an improvement; notes, which may be many, are in the log alone.

    Source: GitHub, "Workflow commands for GitHub Actions", setting an error message.
    """
    for case in cases:
        for finding in case.findings:
            if finding.severity in _LEVEL:
                title = f"{finding.title}: {case.full_name}"
                where = f"file={_property(case.file)}," if case.file else ""
                text = f"{finding.text}\n{finding.remedy}" if finding.remedy else finding.text
                yield f"::{_LEVEL[finding.severity]} {where}title={_property(title)}::{_message(text)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
