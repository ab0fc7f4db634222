"""What `slkd-bench inspect --signal` does: measures the cases asked for, prints tables, writes them as Markdown and JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmark.core.errors import SlkdBenchError, UnknownName
from benchmark.core.files import write_atomically
from benchmark.core.terminal import print_json, print_whole
from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.studies.inspection.probing import probed
from benchmark.studies.inspection.signal import Case, Signal, Summary, measure_signal, summary

EVERY = "all"
HEADERS = ("teacher", "task", "patch", "clean / 8 px", "clean / 1 px", "noise / clean", "other / clean", "levels, %")
SUMMARY = ("reading", "term", "score", "clean / 8 px", "least", "clean / 1 px", "noise / clean, least", "below 1.5")


@dataclass(frozen=True)
class SignalRequest:
    """The options of `slkd-bench inspect --signal`; without a method, all three teachers, without a task, all three tasks."""

    method: str = ""
    task: Task | None = None
    scale: Scale = Scale.MINI
    photos: Path | None = None
    reading: str = ""
    to: Path = Path("inspection")
    patches: tuple[int, ...] = (64, 128)


def inspect_signal(
    request: SignalRequest, console: Console | None = None, as_json: bool = False
) -> dict[str, list[Signal]]:
    """Prints signal over nuisance of each case, or one line a reading with the reading `all`, and writes it below `to`.

    Raises UnknownName for a reading or a method, SlkdBenchError for a method without a teacher, BadWeights, BadData.
    """
    console = console or Console(stderr=as_json)
    spec = probed(get_method(request.method) if request.method else None)
    known, probe = spec.known_readings(), spec.load_probe()
    if request.reading and request.reading not in (*known, EVERY):
        raise UnknownName("reading", request.reading, [*known, EVERY])
    readings = list(known) if request.reading == EVERY else [request.reading or next(iter(known))]
    measurable = [name for name in readings if not known[name].unfit]
    found: dict[str, list[Signal]] = {name: [] for name in readings}
    for case in cases(request):
        measured = measure_signal(case, measurable, request.photos, request.scale, probe)
        for name, signals in measured.items():
            found[name] += signals
    found = {name: signals for name, signals in found.items() if signals}
    rows = [row for name, signals in found.items() for row in summary_rows(name, signals, probe.terms)]
    if len(found) > 1:
        tables: list[tuple[str, Sequence[str], list[tuple[str, ...]]]] = [
            ("Signal over nuisance by reading", SUMMARY, rows)
        ]
    else:
        (name, signals), *_ = found.items()
        tables = [(f"{said}, reading {name}", HEADERS, case_rows(signals, term)) for term, said in probe.terms.items()]
        tables.append(("All cases", SUMMARY, rows))
        tables.append(
            (
                "Share of each descriptor in the signal, %",
                ("term", "descriptor", "share"),
                share_rows(signals, probe.terms),
            )
        )
    for title, headers, lines in tables:
        print_whole(console, _table(title, headers, lines))
    stem = request.to / f"signal-{EVERY if len(found) > 1 else next(iter(found))}"
    text = "\n\n".join(f"{title}\n\n{as_markdown(headers, lines)}" for title, headers, lines in tables)
    stem.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(stem.with_suffix(".md"), f"{text}\n".encode())
    data = {name: [dataclasses.asdict(signal) for signal in signals] for name, signals in found.items()}
    write_atomically(stem.with_suffix(".json"), json.dumps(data, indent=1).encode())
    if as_json:
        print_json(Console(), data)
    console.print(f"wrote {stem}.md and .json", highlight=False, soft_wrap=True)
    return found


def cases(request: SignalRequest) -> list[Case]:
    """The teachers, tasks and patches that were asked for."""
    teachers = [m.id for m in methods() if m.kind == "teacher"]
    if request.method:
        method = get_method(request.method)
        if method.kind != "teacher" and not method.teacher:
            raise SlkdBenchError("a teacher, or a student of one", method.id, f"Choose of {', '.join(teachers)}.")
        teachers = [method.teacher or method.id]
    tasks = [request.task] if request.task else list(ALL_TASKS)
    return [Case(teacher, task, patch) for teacher in teachers for task in tasks for patch in request.patches]


def case_rows(signals: Sequence[Signal], term: str) -> list[tuple[str, ...]]:
    """One line a case of a term."""
    return [
        (
            s.teacher,
            s.task,
            str(s.patch),
            f"{s.over_far:.2f}",
            f"{s.over_near:.2f}",
            f"{s.noise_over_clean:.2f}",
            f"{s.other / s.clean:.2f}",
            " ".join(f"{100 * share:.0f}" for share in s.levels),
        )
        for s in signals
        if s.term == term
    ]


def summary_rows(reading: str, signals: Sequence[Signal], terms: Mapping[str, str]) -> list[tuple[str, ...]]:
    """One line a term of a reading."""
    return [_line(summary(reading, [s for s in signals if s.term == term]), said) for term, said in terms.items()]


def share_rows(signals: Sequence[Signal], terms: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The mean share of each descriptor over the cases, by term."""
    rows: list[tuple[str, ...]] = []
    for term, said in terms.items():
        told = [s.descriptors for s in signals if s.term == term and s.descriptors]
        for name in told[0] if told else ():
            rows.append((said, name, f"{100 * sum(shares[name] for shares in told) / len(told):.1f}"))
    return rows


def as_markdown(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(found: Summary, term: str) -> tuple[str, ...]:
    numbers = (found.score, found.over_far, found.least_over_far, found.over_near, found.least_noise)
    return (found.reading, term, *(f"{number:.2f}" for number in numbers), str(found.below))


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="", pad_edge=False)
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number < 2 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
