"""What `slkd-bench claims`, `verdict` and `audit paper` do: read, choose one form, print or save."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmark.claims.judge import select, verdicts
from benchmark.claims.ledger import papers, read_ledger
from benchmark.claims.lints.audit import audit_paper
from benchmark.claims.published import title
from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.terminal import print_json, rows_json
from benchmark.core.types import Scale
from benchmark.views.verdicts import forms as written
from benchmark.views.verdicts import terminal
from benchmark.views.verdicts.forms import findings_to_markdown


def print_papers(as_json: bool = False) -> None:
    """One line a ledger."""
    if as_json:
        ledgers = [read_ledger(paper) for paper in papers()]
        told = [
            {"paper": one.id, "claims": len(one.claims), "title": one.title, "source": one.source, "scope": one.scope}
            for one in ledgers
        ]
        print_json(Console(), told)
        return
    table = Table(box=None, pad_edge=False)
    for name in ("paper", "claims", "what"):
        table.add_column(name, justify="right" if name == "claims" else "left", overflow="fold")
    for paper in papers():
        ledger = read_ledger(paper)
        table.add_row(f"[bold]{paper}[/]", str(len(ledger.claims)), f"{ledger.title} ({ledger.source}): {ledger.scope}")
    Console(highlight=False).print(table)


def validate(paper: str) -> None:
    """Reads the ledgers, which raises at the first wrong entry, and says how many claims they hold."""
    console = Console(highlight=False)
    for name in [paper] if paper else papers():
        ledger = read_ledger(name)
        numbers, copied = len(ledger.numbers), sum(c.copied for c in ledger.numbers)
        words = f", {len(ledger.claims) - numbers} claims in words" if len(ledger.claims) > numbers else ""
        console.print(f"{ledger.id}: {numbers} numbers ({copied} copied){words}; every entry is sound", soft_wrap=True)


def print_claims(table: str, paper: str, as_json: bool = False) -> None:
    """Every claim as printed, with its set and its provenance."""

    ledger = read_ledger(paper)
    if as_json:
        print_json(Console(), rows_json(select(ledger, table)))
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("claim", "printed", "really of", "from"):
        shown.add_column(name, justify="right" if name == "printed" else "left", overflow="fold")
    for claim in select(ledger, table):
        real = title(claim.true_dataset) if claim.true_dataset else ""
        if claim.true_dataset != claim.dataset:
            real = f"[yellow]{real}[/]"
        mark = {"second": f"[underline]{claim.text}[/]", "best": f"[bold]{claim.text}[/]"}.get(claim.mark, claim.text)
        beside = f"; published: {claim.original.text}" if claim.original and not claim.copied else ""
        shown.add_row(claim.where, mark if claim.kind == "number" else claim.kind, real, claim.provenance + beside)
    Console(highlight=False).print(shown)


@dataclass(frozen=True)
class VerdictRequest:
    """Which verdicts are wanted: `forms` of output (the terminal's where none is named), from `out`, into `save`."""

    table: str = "all"
    scale: Scale = Scale.PAPER
    paper: str = ""
    forms: tuple[str, ...] = ()
    document: bool = False
    out: Path | None = None
    save: Path | None = None


def print_verdicts(request: VerdictRequest) -> None:
    """Prints or saves the verdicts. Raises SlkdBenchError for two forms at once."""
    forms, save = request.forms, request.save
    if len(forms) > 1:
        found = " and ".join(f"--{form}" for form in forms)
        raise SlkdBenchError("one form of output", found, "Ask for one at a time.")
    ledger = read_ledger(request.paper)
    judged = verdicts(request.out, request.scale, request.table, request.paper)
    if not forms and save is None:
        terminal.print_verdicts(Console(), ledger, judged, request.scale)
        return

    form = forms[0] if forms else "markdown"
    text: str = getattr(written, f"to_{form}")(ledger, judged)
    if form == "latex" and request.document:
        text = written.to_document(ledger, text)
    if save is None:
        sys.stdout.write(text)
    else:
        write_atomically(save, text)


def print_findings(paper: str, markdown: bool, as_json: bool = False) -> None:
    """Prints what the rules find in a paper; a finding is not a failure. Raises SlkdBenchError for two forms at once."""

    if markdown and as_json:
        raise SlkdBenchError("one form of output", "--markdown and --json", "Ask for one at a time.")
    ledger, findings = read_ledger(paper), audit_paper(paper)
    if as_json:
        print_json(Console(), [asdict(finding) | {"place": finding.place} for finding in findings])
        return
    if markdown:
        sys.stdout.write(findings_to_markdown(findings))
        return
    terminal.print_findings(Console(), ledger, findings)
