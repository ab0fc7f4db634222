"""The parts of the README and of the pages that are made from the project's own data, so that they cannot go stale.

    python docs/blocks.py             write them anew
    python docs/blocks.py --check     only say which are out of date

A part stands between `<!-- made: NAME -->` and `<!-- end -->`; NAME is a function of MADE below.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.claims.verdict import Verdict
    from benchmark.datasets.passport import Passport

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

_PART = re.compile(r"(<!-- made: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """Every page that may hold a made part."""
    return [*sorted(TOP.glob("*.md")), *sorted((TOP / "docs").rglob("*.md"))]


def filled(text: str) -> str:
    """A page's text with every made part as it should be. Raises KeyError for a part that nothing makes."""
    return _PART.sub(lambda part: f"{part[1]}\n{MADE[part[2]]().strip()}\n\n{part[4]}", text)


def stale() -> list[Path]:
    """The pages that are out of date."""
    return [page for page in pages() if filled(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")]


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(str(entry).replace("|", "\\|") for entry in line) + " |" for line in lines)


def measured() -> str:
    """The README's table of the mini study: the Restormer family and a few others, from the reference results."""
    from benchmark.core import paths
    from benchmark.core.types import Scale
    from benchmark.views.tables.grid import make_grid, read_results
    from benchmark.views.tables.markdown import cell
    from benchmark.views.tables.specs import Section, TableSpec, quality_columns

    free = ("identity", "restormer")
    students = tuple(f"res-sl-{name}" for name in ("scratch", "logits", "dfkd", "dckd-cross", "slkd"))
    others = ("prenet", "rcdnet", "dmphn", "mt-rnn", "vdn", "deamnet", "mprnet")
    sections = (
        Section(free, frozenset(free)),
        Section(students, title="students of Restormer"),
        Section(others, frozenset(others), "lightweight networks"),
    )
    grid = make_grid(
        TableSpec("README", "", sections, quality_columns(), pool="section"),
        read_results(paths.results() / "mini", Scale.MINI),
    )
    headers = ["method", *(f"{group.lower()}, {name}" for group, name in zip(grid.groups, grid.headers, strict=True))]
    rows = []
    for place, section in enumerate(grid.sections):
        if grid.title_of(place):
            rows.append([f"*{grid.title_of(place)}*", *[""] * len(grid.headers)])
        rows += [[row.title, *map(cell, row.entries)] for row in section]
    legend = [note for note in grid.footnotes if note.startswith(("Bold", "No row", "Scored on"))]
    return table(headers, rows) + "\n\n" + " ".join(legend)


def claimed() -> str:
    """The README's first tables: what the paper claims and what was measured, at scale paper; then, below a rule and in
    words of its own, what the mini study says of the paper's orderings."""
    from benchmark.claims.judge import verdicts
    from benchmark.claims.verdict import tally
    from benchmark.core import paths
    from benchmark.core.types import Scale

    reference = paths.results() / "mini"
    found, mini = verdicts(reference, Scale.PAPER), verdicts(reference, Scale.MINI, "text")
    rows = [*_complexity(found), *_ratios(found), *_costs(found), *_contradicted(found), *_confused(found)]
    numbers = [verdict for verdict in found if verdict.claim.kind == "number"]
    head = ["claim of the paper", "measured", "verdict"]
    budgets = dict.fromkeys(v.budget for v in mini if v.status != "untestable" and v.budget)
    readings = dict.fromkeys(
        part
        for v in mini
        for part in v.reading.split("; ")
        if v.status != "untestable" and part.startswith("losses") and part != v.claim.reading
    )
    return (
        f"{table(head, rows)}\n\n"
        f"All {len(numbers)} numbers of Tables I to IV, at scale `paper`: {tally(numbers)}. A fitted entry was found by "
        "fitting the cost that its row prints, and a repeated one stands in an earlier table: neither is a fact of its own. "
        "Most of what is untestable waits for the official data, which cannot be shipped.\n\n"
        "---\n\n"
        "**Apart from the paper: what this suite's own study at scale `mini` says of its orderings.** Small networks, "
        f"{' or '.join(budgets)}; {' or '.join(readings)}. Such a study can agree or disagree, never reproduce or contradict, "
        "and these counts belong to no sum with those above.\n\n"
        + table(["ordering", "comparisons", "agrees / undecided / disagrees / untestable"], _orderings(mini))
    )


def _complexity(found: Sequence[Verdict]) -> Iterable[Sequence[str]]:
    """Table I, a line a teacher with its student."""
    by_row: dict[str, list[Verdict]] = {}
    for verdict in found:
        if verdict.claim.table == "I" and verdict.claim.metric in ("gmacs", "parameters"):
            by_row.setdefault(verdict.claim.row, []).append(verdict)
    rows = list(by_row.items())
    for pair in zip(rows[::2], rows[1::2], strict=True):
        claims = ", ".join(f"{row} {'/'.join(v.claim.text for v in of)}" for row, of in pair)
        measured = ", ".join("/".join(map(_as_printed, of)) for _, of in pair)
        yield claims, measured, " and ".join(dict.fromkeys(v.status for _, of in pair for v in of))


def _ratios(found: Sequence[Verdict]) -> Iterable[Sequence[str]]:
    """Each claim in words of so many per cent less, with the smallest and the largest that was measured."""
    for says, of in _by_statement(found, "ratio").items():
        measured = [v.measured for v in of if v.measured is not None]
        if measured:
            yield (
                says,
                f"{min(measured):.1f} to {max(measured):.1f} %",
                " and ".join(dict.fromkeys(v.status for v in of)),
            )


def _costs(found: Sequence[Verdict]) -> Iterable[Sequence[str]]:
    """Each claim in words of less complexity or more speed, a line a metric."""
    words = {"gmacs": "FLOPs", "parameters": "parameters", "latency": "inference time"}
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in found:
        claim = verdict.claim
        if claim.kind in ("ordering", "speed-up") and claim.metric in words:
            groups.setdefault((claim.text, words[claim.metric]), []).append(verdict)
    for (says, metric), of in groups.items():
        if all(v.status == "untestable" for v in of):
            continue
        if of[0].claim.kind == "speed-up":
            printed = ", ".join(f"{v.claim.value:.2f}" for v in of)
            ranges = ("{} to {}".format(*_factors(v)) for v in of)
            says, measured = f"{says}: {printed}", f"{', '.join(ranges)} on the device cards"
        else:
            measured = f"{len(of)} pairs" + (", on the device cards" if metric == "inference time" else "")
            says = f"{says}: {metric}"
        yield says, measured, _counted(of)


def _factors(verdict: Verdict) -> tuple[str, str]:
    """The smallest and the largest factor among the device cards of a reason."""
    found = re.findall(r"(\d+\.\d+) \(", verdict.reason)
    return min(found, key=float), max(found, key=float)


def _counted(of: Sequence[Verdict]) -> str:
    """The counts of one scale that are not zero, or the one word that all have."""
    from benchmark.claims.verdict import counts

    told = {status: count for status, count in counts(of).items() if count}
    return next(iter(told)) if len(told) == 1 else ", ".join(f"{count} {status}" for status, count in told.items())


def _contradicted(found: Sequence[Verdict]) -> Iterable[Sequence[str]]:
    """Every printed number that was contradicted, with the reason."""
    for verdict in found:
        if verdict.claim.kind == "number" and verdict.status == "contradicted":
            claim = f"Table {verdict.claim.table}, {verdict.claim.row}: {verdict.claim.text}"
            counted, _, why = verdict.reason.partition("; ")
            several = re.findall(r"[\d.]+G", counted)  # one number that is said to hold for several variants
            measured = ", ".join(several) if len(several) > 1 else _as_printed(verdict)
            yield claim, measured, f"contradicted: {(why or counted).removeprefix('unexplained: ')}"


def _confused(found: Sequence[Verdict]) -> Iterable[Sequence[str]]:
    """Columns whose numbers are of another set than their title says."""
    from benchmark.claims.published import title

    numbers = [v.claim for v in found if v.claim.kind == "number" and v.claim.dataset != v.claim.true_dataset]
    for said, really in dict.fromkeys((c.dataset, c.true_dataset) for c in numbers):
        of = [c for c in numbers if (c.dataset, c.true_dataset) == (said, really)]
        match = sum(c.copied and c.original is not None and c.original.value == c.value for c in of)
        told = f"{match} match {title(really)} digit for digit, {len(of) - match} are inferred to be of it"
        yield f"{len(of)} numbers on {title(said)}", told, "another set, under another protocol"


def _orderings(found: Sequence[Verdict]) -> Iterable[Sequence[str]]:
    """Each ordering of quality, over all sets and teachers, a line a reading: a study of small networks can judge no other."""
    from benchmark.claims.verdict import counts

    for says, of in _by_statement(found, "ordering").items():
        if of[0].claim.dataset:
            sizes = " (its networks' sizes are this suite's choice)" if of[0].claim.by_size else ""
            yield f"{says}{sizes}", str(len(of)), " / ".join(str(count) for count in counts(of).values())


def _by_statement(found: Sequence[Verdict], kind: str) -> dict[str, list[Verdict]]:
    grouped: dict[str, list[Verdict]] = {}
    for verdict in found:
        if verdict.claim.kind == kind:
            grouped.setdefault(verdict.claim.text, []).append(verdict)
    return grouped


def _as_printed(verdict: Verdict) -> str:
    """What was measured, in the digits of the claim."""
    if verdict.measured is None:
        return "–"
    digits = len(verdict.claim.text.rstrip("GMs").partition(".")[2])
    unit = verdict.claim.text[-1] if verdict.claim.text[-1] in "GMs" else ""
    return f"{verdict.measured:.{digits}f}{unit}"


def protocols() -> str:
    """Every protocol with all that decides its numbers."""
    from benchmark.protocols import get_protocol, protocol_ids

    rows = []
    for protocol in map(get_protocol, protocol_ids()):
        ssim = protocol.ssim
        window = f"{ssim.size} x {ssim.size}, " + (f"Gaussian, sigma {ssim.sigma:g}" if ssim.sigma else "uniform")
        window += ", also across colours" if ssim.volumetric else ""
        notes = [f"border {ssim.border}", f"L = {ssim.data_range:g}"]
        notes += ["down-sampled first"] * ssim.downsampled + ["sample covariance"] * ssim.sample_covariance
        rows.append(
            (
                f"`{protocol.id}` v{protocol.version}",
                protocol.channel,
                protocol.rounding,
                f"{protocol.peak:g}",
                window,
                ", ".join(notes),
                protocol.used_by,
            )
        )
    return table(["protocol", "compared", "rounding", "peak", "SSIM window", "SSIM otherwise", "used by"], rows)


def readings() -> str:
    """Every reading of the losses."""
    from slkd.readings import READINGS

    return table(["reading", "what it is"], ((f"`{name}`", reading.summary) for name, reading in READINGS.items()))


def distillers() -> str:
    """Every distiller of baselines with its publication."""
    from baselines.distillation.catalogue import distillers

    return table(
        ["name", "what it is", "publication"], ((f"`{d.id}`", d.title, d.citation) for d in distillers().values())
    )


def embedded() -> str:
    """The mini sets."""
    from benchmark.core.types import Scale
    from benchmark.datasets import dataset_ids, describe

    records = [record for record in map(describe, dataset_ids()) if record.scale is Scale.MINI]
    return table(
        ["data set", "printed as", "task", "protocol", "pairs"],
        ((f"`{r.id}`", r.title.removeprefix("mini, "), str(r.task), f"`{r.protocol}`", str(r.count)) for r in records),
    )


def official() -> str:
    """The official data sets: owner's page, terms, publication, pairs."""
    from benchmark.datasets.passport import passports

    found: dict[str, Passport] = {}
    for passport in passports().values():  # the noise levels of one set share a passport file
        found.setdefault(passport.folder or passport.id, passport)
    rows = []
    for name, passport in found.items():
        licence = passport.licence if "unknown" not in passport.licence else f"{passport.licence}: ask the owner"
        key = re.search(r"author = \{(.*?)[,}]", passport.bibtex)
        year = re.search(r"year = \{(\d+)\}", passport.bibtex)
        cited = f"{key[1]} et al., {year[1]}" if key and year else passport.citation
        rows.append((f"`{name}`", cited, f"<{passport.source}>", licence))
    return table(["data set", "publication", "owner's page", "terms, as far as known"], rows)


MADE: dict[str, Callable[[], str]] = {
    "claimed": claimed,
    "measured": measured,
    "protocols": protocols,
    "readings": readings,
    "distillers": distillers,
    "embedded": embedded,
    "official": official,
}


def main() -> int:
    """Writes the parts, or with --check says which pages are out of date (exit code 1)."""
    behind = stale()
    for page in behind:
        if "--check" not in sys.argv:
            page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"{page.relative_to(TOP)}: {'out of date' if '--check' in sys.argv else 'written'}")
    return int(bool(behind) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
