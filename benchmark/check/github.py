"""The check as workflow commands of GitHub Actions, which show as annotations of the commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

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


def write_summary(cases: Sequence[Case], file: str) -> None:
    """Appends what was found as a table in Markdown to `file`, the page of a workflow's run; nothing where it is empty.

    Source: GitHub, "Workflow commands for GitHub Actions", adding a job summary.
    """
    if not file:
        return
    lines = ["## slkd-bench check", "", "| | what | finding |", "| --- | --- | --- |"]
    for case in cases:
        for finding in case.findings:
            if finding.severity != Severity.NOTE:
                lines.append(f"| {_SIGN[finding.severity]} | {_cell(case.full_name)} | {_cell(finding.text)} |")
    bad = sum(bool(case.failures) for case in cases)
    lines += ["", f"{len(cases)} checked, {bad} failed.", ""]
    with Path(file).open("a", encoding="utf-8") as page:
        page.write("\n".join(lines))


_SIGN = {Severity.FAILURE: "failed", Severity.IMPROVEMENT: "better", Severity.ACCEPTED: "accepted"}


def _cell(text: str) -> str:
    """`text` in a table of Markdown: no bar ends the cell, no tag begins."""
    for sign, other in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("\n", " ")):
        text = text.replace(sign, other)
    return text


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
