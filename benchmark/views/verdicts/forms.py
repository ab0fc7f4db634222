"""Verdicts as markdown, LaTeX, HTML and CSV: one line a claim, with reason and command."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from benchmark.claims.claim import QUALITY, Ledger
from benchmark.claims.finding import Finding
from benchmark.claims.verdict import SYMBOLS, Verdict, about, tally
from benchmark.core.terminal import json_text
from benchmark.views.tables.latex import environment

_DIGITS = {"psnr": 2, "ssim": 4, "gmacs": 3, "parameters": 3, "latency": 4, "width": 0}
_UNITS = {"gmacs": "G", "parameters": "M", "latency": " s", "psnr": " dB"}


def printed(verdict: Verdict) -> str:
    """What the paper says: the number as printed, or the sentence."""
    claim = verdict.claim
    if claim.kind == "number":
        return claim.text
    if claim.kind == "speed-up":
        return f"{claim.value:.2f} times"
    return f"over {claim.value:g} % less" if claim.kind == "ratio" else "better"


def measured(verdict: Verdict) -> str:
    """The measured value in the unit of the claim, or a dash."""
    if verdict.measured is None:
        return "–"
    if verdict.claim.kind == "ratio":
        return f"{verdict.measured:.1f} % less"
    if verdict.claim.kind == "speed-up":
        return f"{verdict.measured:.2f} times"
    digits, unit = _DIGITS[verdict.claim.metric], _UNITS.get(verdict.claim.metric, "")
    sign = "+" if verdict.claim.kind == "ordering" else ""
    return f"{verdict.measured:{sign}.{digits}f}{unit}"


def tolerance(verdict: Verdict) -> str:
    """The tolerance beside it, or nothing where there is none."""
    if not verdict.tolerance or verdict.claim.kind == "ratio":
        return ""
    return f"± {verdict.tolerance:.2g}"


def summary(ledger: Ledger, found: Sequence[Verdict]) -> str:
    """The counts in one sentence, of one scale alone, and what verdicts of that scale are about."""
    scale = found[0].scale if found else "paper"
    told = f"{len(found)} claims of {ledger.title} ({ledger.source}) at scale {scale}: {tally(found)}."
    return f"{told} {about(scale)}".strip()


def to_markdown(ledger: Ledger, found: Sequence[Verdict]) -> str:
    """A GitHub table a paper's table, with the counts above."""
    from tabulate import tabulate

    parts = [*(["---"] if found and about(found[0].scale) else []), summary(ledger, found)]
    for table in dict.fromkeys(v.claim.table for v in found):
        lines = [
            (
                _where(v),
                printed(v),
                measured(v),
                tolerance(v),
                f"{v.status} {SYMBOLS[v.status]}",
                _escaped(v.told),
                f"`{v.remedy}`" if v.remedy else "",
            )
            for v in found
            if v.claim.table == table
        ]
        head = ("claim", "printed", "measured", "", "verdict", "why", "to test it")
        parts.append(f"**{_heading(table)}**\n\n" + tabulate(lines, head, tablefmt="pipe", disable_numparse=True))
    return "\n\n".join(parts) + "\n"


def to_latex(ledger: Ledger, found: Sequence[Verdict]) -> str:
    """A `longtable` a paper's table, then the commands by number. Needs booktabs, longtable and array.

    PSNR and SSIM of one cell share a line where verdict and reason are the same.
    """

    remedies = list(dict.fromkeys(v.remedy for v in found if v.remedy))

    def line(cell: list[Verdict]) -> tuple[str, ...]:
        first = cell[0]
        note = f" [{remedies.index(first.remedy) + 1}]" if first.remedy else ""
        where = _where(first) if len(cell) == 1 else _where(first).removesuffix(" PSNR").removesuffix(",")
        values = "/".join(measured(v) for v in cell) if first.measured is not None else "–"
        shown = "/".join(dict.fromkeys(printed(v) for v in cell))
        return where, shown, values, first.status, first.told + note

    by_table = {
        name: [v for v in found if v.claim.table == name] for name in dict.fromkeys(v.claim.table for v in found)
    }
    return (
        environment()
        .get_template("verdicts.tex")
        .render(
            rule=bool(found and about(found[0].scale)),
            summary=summary(ledger, found),
            tables=[(_heading(name), [line(cell) for cell in _merged(of)]) for name, of in by_table.items()],
            remedies=remedies,
        )
    )


def _merged(found: Sequence[Verdict]) -> list[list[Verdict]]:
    """PSNR and SSIM of one cell together where status, reason and remedy are the same."""
    merged: list[list[Verdict]] = []
    for verdict in found:
        last = merged[-1][0] if merged and len(merged[-1]) == 1 else None
        if last and verdict.claim.metric == "ssim" and last.claim.metric == "psnr" and _same(last, verdict):
            merged[-1].append(verdict)
        else:
            merged.append([verdict])
    return merged


def _same(first: Verdict, second: Verdict) -> bool:
    same_place = (first.claim.row, first.claim.dataset) == (second.claim.row, second.claim.dataset)
    return same_place and (first.status, first.told, first.remedy) == (second.status, second.told, second.remedy)


def to_document(ledger: Ledger, body: str) -> str:
    """A plain article around the verdicts, ready for pdflatex or tectonic."""

    return environment().get_template("verdicts-document.tex").render(title=ledger.title, body=body.strip())


def to_html(ledger: Ledger, found: Sequence[Verdict]) -> str:
    """A fragment: a table a paper's table, each row with its status as a class and as `data-status`."""
    from jinja2 import Environment

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_HTML)
    tables = [
        (_heading(t), [v for v in found if v.claim.table == t]) for t in dict.fromkeys(v.claim.table for v in found)
    ]
    return template.render(
        summary=summary(ledger, found),
        scale=found[0].scale if found else "paper",
        rule=bool(found and about(found[0].scale)),
        tables=tables,
        where=_where,
        printed=printed,
        measured=measured,
        tolerance=tolerance,
        symbols=SYMBOLS,
    )


_HTML = """{% if rule %}
<hr>
{% endif %}
<section class="verdicts" data-scale="{{ scale }}">
<p>{{ summary }}</p>
{% for heading, verdicts in tables %}
<table><caption>{{ heading }}</caption>
<thead><tr><th scope="col">claim</th><th scope="col">printed</th><th scope="col">measured</th>
<th scope="col">verdict</th><th scope="col">why</th></tr></thead><tbody>
{% for v in verdicts %}
<tr class="{{ v.status }}" data-status="{{ v.status }}" data-scale="{{ v.scale }}" id="{{ v.scale }}-{{ v.claim.id }}">
<th scope="row">{{ where(v) }}</th><td>{{ printed(v) }}</td><td>{{ measured(v) }} {{ tolerance(v) }}</td>
<td>{{ symbols[v.status] }} {{ v.status }}</td>
<td>{{ v.told }}{% if v.remedy %}<br><code>{{ v.remedy }}</code>{% endif %}</td></tr>
{% endfor %}
</tbody></table>
{% endfor %}
</section>
"""


def to_csv(ledger: Ledger, found: Sequence[Verdict]) -> str:
    """Everything, unrounded, one line a claim."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    claim_fields = (
        "id",
        "paper",
        "table",
        "row",
        "column",
        "kind",
        "metric",
        "value",
        "text",
        "mark",
        "method",
        "than",
        "dataset",
        "true_dataset",
        "protocol",
        "provenance",
        "reading",
        "family",
    )
    verdict_fields = ("status", "fact", "measured", "tolerance", "reason", "budget", "reading", "remedy", "scale")
    writer.writerow(
        [
            *claim_fields,
            "original",
            "original_where",
            *(f"verdict_{n}" if n == "reading" else n for n in verdict_fields),
        ]
    )
    for v in found:
        original = v.claim.original
        writer.writerow(
            [
                *(getattr(v.claim, name) for name in claim_fields),
                original.text if original else "",
                original.where if original else "",
                *(getattr(v, name) for name in verdict_fields),
            ]
        )
    return buffer.getvalue()


def to_json(ledger: Ledger, found: Sequence[Verdict]) -> str:
    """Every claim of the ledger with everything known about it and its verdict, unrounded; what is no number is null."""
    return json_text([asdict(v) | {"told": v.told, "scope": about(v.scale) or ledger.scope} for v in found]) + "\n"


def findings_to_markdown(findings: Sequence[Finding]) -> str:
    """The findings as one GitHub table."""
    from tabulate import tabulate

    lines = [(f.lint, f.place, _escaped(f.cell), _escaped(f.reason)) for f in findings]
    return tabulate(lines, ("rule", "table", "cell", "why"), tablefmt="pipe", disable_numparse=True) + "\n"


def _where(verdict: Verdict) -> str:
    claim = verdict.claim
    if claim.kind != "number":
        return f"{claim.row}, {claim.column}"
    return f"{claim.row}, {claim.column}" + (f", {claim.metric.upper()}" if claim.metric in QUALITY else "")


def _heading(table: str) -> str:
    return "Claims in words" if table == "text" else f"Table {table}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
