"""The check as JUnit XML, which every CI service reads: one test case for each method and data set, and for each cost."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree  # nosec B405  # it writes XML and reads none

from benchmark.check.findings import Case, Severity


def to_junit(cases: Sequence[Case]) -> str:
    """The XML document; a data set is a test suite, notes and improvements go to its cases' output."""
    root = ElementTree.Element("testsuites", name="slkd-bench check")
    for group in dict.fromkeys(case.group for case in cases):
        members = [case for case in cases if case.group == group]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=group,
            tests=str(len(members)),
            failures=str(sum(bool(case.failures) for case in members)),
            errors="0",
            skipped="0",
            time=f"{sum(case.seconds for case in members):.3f}",
        )
        for case in members:
            _add(suite, case)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add(suite: ElementTree.Element, case: Case) -> None:
    element = ElementTree.SubElement(
        suite, "testcase", classname=f"check.{case.group}", name=case.name, file=case.file, time=f"{case.seconds:.3f}"
    )
    if case.failures:
        title = "; ".join(finding.title for finding in case.failures)
        failure = ElementTree.SubElement(element, "failure", message=_legal(title), type="regression")
        failure.text = _legal("\n".join(f"{f.title}: {f.text}\n{f.remedy}" for f in case.failures))
    told = [f"{f.title}: {f.text}" for f in case.findings if f.severity != Severity.FAILURE]
    if told:
        ElementTree.SubElement(element, "system-out").text = _legal("\n".join(told))


def _legal(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)
