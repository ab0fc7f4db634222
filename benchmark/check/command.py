"""What `slkd-bench check` does: evaluate the reference again, compare, tell, and with --update take over what is better."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from benchmark.check.costs import check_costs, costs_root
from benchmark.check.evaluate import Evaluation, check_cell
from benchmark.check.findings import Case, Severity, failed
from benchmark.check.github import to_github, write_summary
from benchmark.check.initial import record_costs
from benchmark.check.jobs import Job, find_jobs, uncovered
from benchmark.check.junit import to_junit
from benchmark.check.own_costs import check_own_costs
from benchmark.check.report import print_case, print_summary
from benchmark.check.scores import tolerance_in_db
from benchmark.core.devices import resolve
from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.terminal import print_json, rows_json
from benchmark.core.types import Task
from benchmark.methods.find import row_method
from benchmark.methods.method import Method
from benchmark.runs.cells import Cell, write_cell
from benchmark.runs.remembered import method_of


@dataclass(frozen=True)
class Request:
    """The options of one call of `slkd-bench check`; with `json` all but the outcome goes to standard error."""

    reference: Path
    fast: bool = False
    tolerance: float | None = None
    update: bool = False
    junit: Path | None = None
    github: bool = False
    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    device: str = "cpu"
    accept: tuple[str, ...] = ()
    json: bool = False


def check_command(request: Request) -> int:
    """Checks and prints as it goes; gives the exit code (0: nothing failed, 1: something did)."""
    if request.fast and (request.update or request.accept):
        option = "--update" if request.update else "--accept"
        remedy = "Leave --fast away: a reference holds every image."
        raise SlkdBenchError(f"one of --fast and {option}", "both", remedy)
    console, started = Console(stderr=request.json), time.perf_counter()
    found = find_jobs(request.reference, request.methods, request.datasets)
    how = Evaluation(request.reference, tolerance_in_db(request.tolerance), request.fast, resolve(request.device))
    cases, updated = [], 0
    with console.status("") if console.is_terminal else nullcontext() as status:
        for checked, job, fresh in _cases(request, found.broken, found.jobs, how):
            accepts = job is not None and fresh is not None and job.cell.method in request.accept
            case = accepted(checked) if accepts else checked
            cases.append(case)
            print_case(console, case)
            if status:
                status.update(f"{len(cases)}: {case.name} on {case.group}")
            if job and fresh and (request.update or accepts) and _worth_keeping(case, job, fresh):
                write_cell(job.path, fresh)
                updated += 1
    whole = costs_root(request.reference) is not None and not (request.methods or request.datasets)
    missing = uncovered(found.jobs) if whole else []  # a reference of one's own holds only itself
    print_summary(console, cases, missing, time.perf_counter() - started)
    for name in request.accept:
        record_costs(request.reference, name)
    if request.update or request.accept:
        taken = "what was accepted, and what is better or equal" if request.accept else "what is better or equal"
        console.print(f"{updated} reference files rewritten: {taken}. No other failure is taken over.", highlight=False)
    _tell_programs(request, cases)
    return 1 if failed(cases) else 0


def _tell_programs(request: Request, cases: list[Case]) -> None:
    """The outcome as JSON, as annotations and the summary of a workflow, and as JUnit XML, where these are asked for."""
    if request.json:
        print_json(Console(), rows_json(cases))
    if request.github:
        for line in to_github(cases):
            print(line, file=sys.stderr if request.json else sys.stdout)
        write_summary(cases, os.environ.get("GITHUB_STEP_SUMMARY", ""))
    if request.junit:
        write_atomically(request.junit, to_junit(cases))


def _cases(
    request: Request, broken: list[Case], jobs: list[Job], how: Evaluation
) -> Iterator[tuple[Case, Job | None, Cell | None]]:
    for case in broken:
        yield case, None, None
    for job in jobs:
        case, fresh = check_cell(job, how)
        yield case, job, fresh
    chosen = {row_method(job.cell.method).network for job in jobs} if request.methods or request.datasets else None
    if costs_root(request.reference) is not None:  # a reference holds only itself
        for case in check_costs(request.reference, {job.cell.scale for job in jobs}, chosen):
            yield case, None, None
    for case in check_own_costs(request.reference, [*_own_methods(jobs, how)]):
        yield (accepted(case, "changed") if case.name in request.accept else case), None, None


def _own_methods(jobs: list[Job], how: Evaluation) -> Iterator[tuple[Method, Task | None]]:
    seen: set[str] = set()
    for job in jobs:
        if job.cell.origin.get("method") and job.cell.method not in seen:
            seen.add(job.cell.method)
            with suppress(SlkdBenchError):  # what cannot be found has failed with its scores
                yield job.method or method_of(job.cell, how.reference), how.dataset(job.cell).task


def accepted(case: Case, ending: str = "fallen") -> Case:
    """`case` with the falls of its scores taken over: they are told, and fail it no more."""
    endings = ("fell", "fallen", ending)
    findings = tuple(
        replace(finding, severity=Severity.ACCEPTED, remedy="")
        if finding.severity == Severity.FAILURE and finding.title.endswith(endings)
        else finding
        for finding in case.findings
    )
    return replace(case, findings=findings)


def _worth_keeping(case: Case, job: Job, fresh: Cell) -> bool:
    """Whether the fresh cell says something new: better scores, or the same ones under other weights or code."""
    told = case.of(Severity.IMPROVEMENT) or case.of(Severity.ACCEPTED)
    return not case.failures and (bool(told) or fresh.key != job.cell.key)
