"""Verdicts and findings for a terminal of 80 columns: a table as the paper's, then the reasons, alike ones together."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchmark.claims.claim import QUALITY, Ledger
from benchmark.claims.finding import Finding, joined
from benchmark.claims.verdict import SYMBOLS, Status, Verdict, about, tally
from benchmark.core.types import Scale
from benchmark.methods.find import get_method

STYLES = {
    Status.REPRODUCED: "green",
    Status.CLOSE: "yellow",
    Status.CONTRADICTED: "red",
    Status.AGREES: "cyan",
    Status.UNDECIDED: "yellow",
    Status.DISAGREES: "magenta",
    Status.UNTESTABLE: "dim",
}
_ORDER = (
    Status.CONTRADICTED,
    Status.CLOSE,
    Status.REPRODUCED,
    Status.DISAGREES,
    Status.UNDECIDED,
    Status.AGREES,
    Status.UNTESTABLE,
)
_MANY = 24  # reasons that are still read one by one
_DIGITS = {"psnr": "{:+.2f}", "ssim": "{:+.3f}"}


def print_verdicts(console: Console, ledger: Ledger, found: Sequence[Verdict], scale: Scale) -> None:
    """Tables of symbols, then reasons, then the counts; a study of this suite's own stands below a rule that says so."""
    if about(scale):
        console.rule(f"scale {scale}")
        console.print(Text(about(scale), "italic"))
    for name in dict.fromkeys(v.claim.table for v in found):
        part = [v for v in found if v.claim.table == name]
        for statement in dict.fromkeys((v.claim.statement, v.claim.reading) for v in part):
            same = [v for v in part if (v.claim.statement, v.claim.reading) == statement]
            judged = any(v.status is not Status.UNTESTABLE for v in same)
            if not judged and (statement[0] or scale is not Scale.PAPER):
                continue  # told among the reasons
            title = f"Table {name}" if not statement[0] else f"{same[0].claim.text} ({same[0].claim.note})"
            console.print(_matrix(same, title if scale is Scale.PAPER else f"Scale {scale}: {title}"))
    for status in _ORDER:
        _print_reasons(console, [v for v in found if v.status is status], status)
    numbers = [v for v in found if v.claim.kind == "number"]
    for name, part in (("numbers", numbers), ("claims in words", [v for v in found if v.claim.kind != "number"])):
        if part:
            console.print(f"{len(part)} {name} of {ledger.short} at scale {scale}: {tally(part)}", highlight=False)


def _matrix(found: Sequence[Verdict], title: str) -> Table:
    """Rows and columns as in the paper; in a cell one line a number: printed or measured, and the verdict's symbol."""
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False, padding=(0, 1, 0, 0)
    )
    cells: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in found:
        cells.setdefault((verdict.claim.row, verdict.claim.column), []).append(verdict)
    rows: dict[str, list[str]] = {}
    for row, column in cells:
        rows.setdefault(row, []).append(column)
    columns = list(dict.fromkeys(c for found in sorted(rows.values(), key=len, reverse=True) for c in found))
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(row, *(_lines(cells.get((row, column), [])) for column in columns))
    return table


def _lines(found: Sequence[Verdict]) -> Text:
    text = Text()
    for number, verdict in enumerate(found):
        text.append("\n" if number else "")
        text.append(f"{_shown(verdict)} ")
        text.append(SYMBOLS[verdict.status], STYLES[verdict.status])
    return text


def _shown(verdict: Verdict) -> str:
    claim = verdict.claim
    if claim.kind == "number":
        return claim.text
    if verdict.measured is None:
        return ""
    if claim.kind == "ratio":
        return f"{verdict.measured:.1f} %"
    return _DIGITS[claim.metric].format(verdict.measured) if claim.metric in QUALITY else ""


def _print_reasons(console: Console, found: Sequence[Verdict], status: Status) -> None:
    if not found:
        return
    console.print(Text.assemble((f"{status} {SYMBOLS[status]}", f"bold {STYLES[status]}")))
    if len(found) > _MANY and status in (Status.CLOSE, Status.REPRODUCED):
        found = _without_orderings(console, found, status)
    groups: dict[str, list[Verdict]] = {}
    for verdict in found:
        groups.setdefault(verdict.told if status is not Status.UNTESTABLE else _lacking(verdict), []).append(verdict)
    for reason, same in groups.items():
        console.print(Padding(Text(f"{_places(same)}: {reason}"), (0, 0, 0, 2)))
        if same[0].remedy:
            for_one = f"for {_first(same)}: " if len({v.remedy for v in same}) > 1 else ""
            console.print(Padding(Text(f"{for_one}{same[0].remedy}", "dim"), (0, 0, 0, 4)))


def _without_orderings(console: Console, found: Sequence[Verdict], status: Status) -> list[Verdict]:
    """Counts orderings of quality by statement, for the tables above show each; gives the verdicts that are left."""
    counted: dict[str, int] = {}
    for verdict in found:
        if verdict.claim.kind == "ordering" and verdict.claim.metric in QUALITY:
            counted[verdict.claim.text] = counted.get(verdict.claim.text, 0) + 1
    for text, count in counted.items():
        what = "not decided" if status is Status.CLOSE else "beyond chance"
        console.print(Padding(Text(f"{text}: {count} {what}"), (0, 0, 0, 2)))
    if counted:
        console.print(Padding(Text("each with its p-value, images, scenes and seeds: --markdown", "dim"), (0, 0, 0, 4)))
    return [v for v in found if v.claim.kind != "ordering" or v.claim.metric not in QUALITY]


def _lacking(verdict: Verdict) -> str:
    """What an untestable claim lacks, alike for alike ones; its own reason and command stand in every other form."""
    claim = verdict.claim
    if verdict.reason.startswith("not better than its input"):
        return "not better than its input: trained, and no gain over the degraded images"
    if verdict.scale != str(Scale.PAPER):
        if claim.kind == "number":
            return f"absolute numbers are not compared at scale {verdict.scale}"
        not_run = claim.metric in QUALITY and verdict.reason.startswith("not run")
        return f"not run at scale {verdict.scale}" if not_run else verdict.reason
    if claim.kind != "number":
        return "not run: result files of both methods are needed" if claim.metric in QUALITY else verdict.reason
    if claim.metric not in QUALITY:
        return verdict.reason.partition("; ")[0]
    if not claim.method:
        return "this suite has no such method"
    if "not run" not in verdict.reason:
        return verdict.reason
    if get_method(claim.method).distiller:
        return "not run: needs a training run and the official set, for no weights of these students are published"
    if claim.copied or claim.provenance != "unsourced":
        return "not run: needs the official set and the weights of the network's authors"
    return "not run: in no publication on record, and nobody on record publishes weights for it"


def _first(found: Sequence[Verdict]) -> str:
    claim = found[0].claim
    return f"{claim.row}, {claim.column}"


def _places(found: Sequence[Verdict]) -> str:
    """Where verdicts stand: one place in full, more by table and column."""
    if len(found) == 1:
        claim = found[0].claim
        return f"{claim.where} ({claim.text})" if claim.kind == "number" else claim.where
    if found[0].claim.kind != "number":
        names = list(dict.fromkeys(v.claim.where for v in found))
        said = list(dict.fromkeys(v.claim.text for v in found))
        return f"{len(found)} claims in words ({'; '.join(said)})" if len(names) > 3 else "; ".join(names)
    if len({v.claim.table for v in found}) > 3:
        return f"{len(found)} numbers of Tables {joined(v.claim.table for v in found)}"
    tables: dict[str, dict[str, list[str]]] = {}
    for verdict in found:
        rows = tables.setdefault(verdict.claim.table, {})
        rows.setdefault(verdict.claim.row, []).append(verdict.claim.column)
    parts = []
    for table, rows in tables.items():
        columns = {tuple(dict.fromkeys(c)) for c in rows.values()}
        shared = f", {', '.join(next(iter(columns)))}" if len(columns) == 1 and len(next(iter(columns))) < 3 else ""
        parts.append(f"Table {table}{shared}: {', '.join(rows)}" if len(rows) < 11 else f"Table {table}{shared}")
    return f"{len(found)} numbers ({'; '.join(parts)})"


def print_findings(console: Console, ledger: Ledger, findings: Sequence[Finding]) -> None:
    """The findings of each rule: where and why."""
    for lint in dict.fromkeys(f.lint for f in findings):
        console.print(Text(lint, "bold"))
        for finding in findings:
            if finding.lint == lint:
                text = Text.assemble((f"{finding.place}, {finding.cell}", "yellow"), f": {finding.reason}")
                console.print(Padding(text, (0, 0, 0, 2)))
    rules = len({f.lint for f in findings})
    many = f"{len(findings)} findings by {rules} rules" if findings else "nothing found"
    console.print(f"{many} in {ledger.title} ({ledger.source}); {ledger.scope}.", highlight=False)
