"""The check in a terminal or a log: failures first to last, then what rose, what else changed, and the count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from benchmark.check.findings import Case, Finding, Severity, failed

_STYLE = {
    Severity.FAILURE: "bold red",
    Severity.IMPROVEMENT: "bold green",
    Severity.NOTE: "bold",
    Severity.ACCEPTED: "bold yellow",
}


def print_case(console: Console, case: Case) -> None:
    """Prints the failures and improvements of one case, as soon as it is known."""
    shown = (*case.failures, *case.of(Severity.ACCEPTED), *case.of(Severity.IMPROVEMENT))
    if not shown:
        return
    console.print(f"\n[bold]{escape(case.full_name)}[/]", highlight=False)
    for finding in shown:
        _print(console, finding)
    for remedy in dict.fromkeys(finding.remedy for finding in shown if finding.remedy):
        console.print(f"  [bold]do[/] {escape(remedy)}", highlight=False, soft_wrap=True)


def print_summary(console: Console, cases: Sequence[Case], uncovered: Sequence[str], seconds: float) -> None:
    """Prints the notes by kind and how many cases failed, rose and stayed."""
    notes: dict[str, list[str]] = {}
    for case in cases:
        for finding in case.of(Severity.NOTE):
            notes.setdefault(finding.title, []).append(case.full_name)
    console.print()
    for title, names in notes.items():
        console.print(f"[bold]{escape(title)}[/] {_some(names)}", highlight=False)
    if uncovered:
        console.print(f"[bold]not in the reference[/] {_some(uncovered)}", highlight=False)
    bad = failed(cases)
    rose = [case for case in cases if not case.failures and case.of(Severity.IMPROVEMENT)]
    counts = Counter(finding.title for case in bad for finding in case.failures)
    console.print(
        f"{len(cases)} checked in {seconds:.0f} s: {len(cases) - len(bad) - len(rose)} as in the reference, "
        f"{len(rose)} better, {len(bad)} failed"
        + (f" ({', '.join(f'{title} {count}' for title, count in counts.items())})" if bad else "")
        + ".",
        highlight=False,
    )
    if rose:
        console.print("`slkd-bench check --update` accepts what is better.", highlight=False)


def _print(console: Console, finding: Finding) -> None:
    begins = finding.text.startswith(finding.title)  # most texts do
    text = finding.text.removeprefix(finding.title) if begins else f": {finding.text}"
    if finding.severity == Severity.ACCEPTED:
        text = f"{text} Taken over."
    console.print(f"  [{_STYLE[finding.severity]}]{escape(finding.title)}[/]{escape(text)}", highlight=False)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(escape(name) for name in names[:4])
    return f"({len(names)}): {shown}" + (", ..." if len(names) > 4 else "")
