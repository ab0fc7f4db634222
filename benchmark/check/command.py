"""What `slkd-bench check` does: evaluate the reference again, compare, tell, and with --update take over what is better."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmark.check.costs import check_costs
from benchmark.check.evaluate import Evaluation, check_cell
from benchmark.check.findings import Case, Severity, failed
from benchmark.check.github import to_github
from benchmark.check.jobs import Job, find_jobs, uncovered
from benchmark.check.junit import to_junit
from benchmark.check.report import print_case, print_summary
from benchmark.check.scores import tolerance_in_db
from benchmark.core.devices import resolve
from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.methods.find import row_method
from benchmark.runs.cells import Cell, write_cell


@dataclass(frozen=True)
class Request:
    """The options of one call of `slkd-bench check`."""

    reference: Path
    fast: bool = False
    tolerance: float | None = None
    update: bool = False
    junit: Path | None = None
    github: bool = False
    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    device: str = "cpu"


def check_command(request: Request) -> int:
    """Checks and prints as it goes; gives the exit code (0: nothing failed, 1: something did)."""
    if request.fast and request.update:
        remedy = "Leave --fast away: a reference holds every image."
        raise SlkdBenchError("one of --fast and --update", "both", remedy)
    console, started = Console(), time.perf_counter()
    found = find_jobs(request.reference, request.methods, request.datasets)
    how = Evaluation(request.reference, tolerance_in_db(request.tolerance), request.fast, resolve(request.device))
    cases, updated = [], 0
    with console.status("") if console.is_terminal else nullcontext() as status:
        for case, job, fresh in _cases(request, found.broken, found.jobs, how):
            cases.append(case)
            print_case(console, case)
            if status:
                status.update(f"{len(cases)}: {case.name} on {case.group}")
            if request.update and job and fresh and _worth_keeping(case, job, fresh):
                write_cell(job.path, fresh)
                updated += 1
    missing = uncovered(found.jobs) if not (request.methods or request.datasets) else []
    print_summary(console, cases, missing, time.perf_counter() - started)
    if request.update:
        console.print(f"{updated} reference files rewritten; failures are never taken over.", highlight=False)
    if request.github:
        for line in to_github(cases):
            print(line)
    if request.junit:
        write_atomically(request.junit, to_junit(cases))
    return 1 if failed(cases) else 0


def _cases(
    request: Request, broken: list[Case], jobs: list[Job], how: Evaluation
) -> Iterator[tuple[Case, Job | None, Cell | None]]:
    for case in broken:
        yield case, None, None
    for job in jobs:
        case, fresh = check_cell(job, how)
        yield case, job, fresh
    chosen = {row_method(job.cell.method).network for job in jobs} if request.methods or request.datasets else None
    for case in check_costs(request.reference, {job.cell.scale for job in jobs}, chosen):
        yield case, None, None


def _worth_keeping(case: Case, job: Job, fresh: Cell) -> bool:
    """Whether the fresh cell says something new: better scores, or the same ones under other weights or code."""
    return not case.failures and (bool(case.of(Severity.IMPROVEMENT)) or fresh.key != job.cell.key)
