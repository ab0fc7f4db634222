"""What `slkd-bench audit complexity` does: the printed complexity beside the measured one, with what explains a difference."""

from __future__ import annotations

import time

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.claims.complexity.audit import Finding, audit
from benchmark.claims.complexity.readings import write_readings
from benchmark.claims.verdict import Status
from benchmark.core.terminal import print_json
from benchmark.papers.read import get_paper


def audit_complexity(save: bool = False, paper: str = "", as_json: bool = False) -> int:
    """Prints a paper's complexity columns beside the measured ones; 0 always: a finding is not a failure."""
    console = Console()
    started = time.perf_counter()
    read = get_paper(paper)
    size = read.complexity.image_size
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"Complexity at {size} x {size}: printed and measured",
        title_justify="left",
        title_style="",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in ("table", "row", "paper", "measured", "verdict"):
        table.add_column(name, justify="right" if name in ("paper", "measured") else "left", overflow="fold")
    findings = list(audit(read.id))
    if as_json:
        print_json(console, [_data(finding) for finding in findings])
        if save:
            write_readings(read.id, findings)
        return 0
    for finding in findings:
        claim = finding.claim
        printed, measured = f"{claim.gmacs:.1f}G", f"{finding.gmacs:.1f}G"
        if claim.parameters is not None:
            printed, measured = f"{printed}/{claim.parameters}M", f"{measured}/{finding.parameters:.1f}M"
        table.add_row(claim.table, claim.row, printed, measured, _word(finding))
    if not findings:
        console.print(f"the ledger of {read.short} has no cost columns", highlight=False, soft_wrap=True)
        return 0
    console.print(table)
    console.print(
        f"Measured: multiply-accumulates of one {size} x {size} image, counted as the paper counts them "
        f"({time.perf_counter() - started:.0f} s).",
        highlight=False,
        soft_wrap=True,
    )
    if save:
        path = write_readings(read.id, findings)
        console.print(f"recorded in {escape(str(path))}", highlight=False, soft_wrap=True)
    return 0


def _data(finding: Finding) -> dict[str, object]:
    """A row for programs: what is printed and what was measured, in 1e9 multiply-accumulates and 1e6 parameters."""
    claim = finding.claim
    return {
        "table": claim.table,
        "row": claim.row,
        "printed_gmacs": claim.gmacs,
        "printed_parameters": claim.parameters,
        "gmacs": finding.gmacs,
        "parameters": finding.parameters,
        "status": finding.status,
        "explanation": finding.explanation,
        "readings_tried": finding.tried,
    }


def _word(finding: Finding) -> str:
    """The verdict's own word, with what explains a difference."""
    if finding.status is Status.REPRODUCED:
        return f"[green]{finding.status}[/]"
    if finding.status is Status.CLOSE:
        return f"[yellow]{finding.status}[/]: {abs(finding.gmacs / finding.claim.gmacs - 1):.2%} away"
    if finding.explanation:
        return f"[red]{finding.status}[/]: {escape(finding.explanation)}"
    return f"[red]{finding.status}[/]: unexplained, none of {finding.tried} readings gives it"
