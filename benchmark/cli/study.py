"""`slkd-bench study plan|run|status|report|merge`: a whole study from one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import AS_JSON
from benchmark.core.devices import resolve
from benchmark.core.files import write_atomically
from benchmark.core.terminal import print_json
from benchmark.datasets import describe, place
from benchmark.training.data.source import DataSource
from benchmark.training.settings import Settings
from benchmark.training.train import Cluster

if TYPE_CHECKING:
    from benchmark.studies.plans.trainings import Folder

_PLAN = typer.Argument(
    help="The id of a shipped study, or the path of a .toml file; `study list` shows the shipped ones."
)
_OUT = typer.Option(None, help="The study's folder; otherwise studies/ID below the working folder.")


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    study = typer.Typer(no_args_is_help=True, help="Studies as data: what a plan costs, doing it, and what it found.")
    app.add_typer(study, name="study")
    study.command("list")(list_)
    study.command("plan")(plan)
    study.command("run")(run)
    study.command("status")(status)
    study.command("report")(report)
    study.command("merge")(merge)


def list_(as_json: bool = AS_JSON) -> None:
    """List the shipped studies."""
    from benchmark.studies.plans.plan import plans_here, read_plan

    if as_json:
        _print_json([{"study": name, "title": read_plan(name).title} for name in plans_here()])
        return
    for name in plans_here():
        typer.echo(f"{name:24} {read_plan(name).title}")


def plan(
    name: str = _PLAN,
    out: Path | None = _OUT,
    device: str = typer.Option("cpu", help="Where a step is timed."),
    times: Path | None = typer.Option(
        None, help="Recorded seconds of a step in place of timing them: a file, or h100-fp32-tf32."
    ),
    save_times: Path | None = typer.Option(None, help="Write the seconds of a step to this file."),
    as_json: bool = AS_JSON,
) -> None:
    """Say what a study will train and how long it takes here; nothing is trained."""
    from benchmark.studies.plans.plan import read_plan
    from benchmark.studies.plans.times import device_of, measured, one_thread, read_times
    from benchmark.studies.plans.trainings import everything
    from benchmark.studies.plans.words import estimate_lines, plan_data

    asked = read_plan(name)
    wanted = everything(asked, _folder(asked.id, out), DataSource())
    if times is not None:
        found, where = read_times(times), device_of(times)
    else:
        chosen = resolve(device)
        with one_thread(chosen):
            found = measured(wanted, chosen)
        where = "one core, measured now" if chosen == "cpu" else f"one {chosen}, measured now"
        if save_times is not None:
            write_atomically(save_times, json.dumps({"device": where, "seconds": found}, indent=1) + "\n")
    if as_json:
        _print_json(plan_data(asked, wanted, found, where))
        return
    _print(["stage", "trainings", "done", "left takes"], estimate_lines(wanted, found, where))
    typer.echo("Making the data, validation and scoring are apart.")
    for name in asked.verify:
        here = place(describe(name)).is_dir()
        typer.echo(f"data {name}: {'here' if here else 'not here, see `slkd-bench data where ' + name + '`'}")
    for entry in asked.imported:
        typer.echo(f"authors' weights of {entry.method} for {entry.task}: {', '.join(entry.files)}")


def run(
    name: str = _PLAN,
    out: Path | None = _OUT,
    photos: Path | None = typer.Option(None, help="Train on these clean photographs."),
    pairs: Path | None = typer.Option(
        None, "--data", help="Train on pairs: a prepared folder, or that of the official sets."
    ),
    device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
    jobs: int = typer.Option(1, min=1, help="Trainings at the same time, each on one core or all on one GPU."),
    shard: str = typer.Option(
        "", help="I/N: only this part; several machines fill one folder, or `merge` joins theirs."
    ),
    cluster: Cluster = typer.Option(
        "", help="slurm: hand every training, or those side by side, to a SLURM queue; local: to processes here."
    ),
    checkpoints: Path | None = typer.Option(
        None, help="The folder of the authors' files that the plan imports; otherwise your own imported weights."
    ),
    beside: int = typer.Option(
        6, min=1, help="Students of one teacher in one process, on batches and teacher features made once."
    ),
) -> None:
    """Train what is missing of a study, teachers first, score and report it; a killed run goes on where it was.

    Exit code 1 where something stopped, failed or waits, or a teacher is not better than its students by the margin.
    """
    from benchmark.studies.plans.execute import parse_shard, run_study
    from benchmark.studies.plans.how import StudyRun
    from benchmark.studies.plans.plan import read_plan
    from benchmark.studies.plans.views import write_views

    asked = read_plan(name)
    every = max(1, asked.budget.iterations // 8)
    settings = Settings(device=resolve(device), threads=1, validate_every=every, plain=jobs > 1)
    data = DataSource(photos=photos, pairs=pairs)
    how = StudyRun(settings, jobs, parse_shard(shard), data, cluster, checkpoints, beside)
    folder = _folder(asked.id, out)
    outcome = run_study(asked, folder, how)
    typer.echo(f"{outcome.trained} trainings done in this run")
    for what, why in (outcome.stopped | outcome.failed_cells).items():
        typer.echo(f"FAILED {what}: {why}")
    for teacher in outcome.poor_teachers:
        typer.echo(f"not better by {asked.health.teacher_margin:g} dB: {teacher}")
    if outcome.waiting:
        typer.echo(f"waiting for {outcome.waiting}: run the other shards, then give the command again")
    for path in write_views(asked, folder):
        typer.echo(f"wrote {path}")
    raise typer.Exit(0 if outcome.whole else 1)


def merge(
    others: list[Path] = typer.Argument(help="Folders of the same study, from other machines."),
    into: Path = typer.Option(..., "--into", help="The folder that gets what they have."),
    replace: bool = typer.Option(False, "--replace", help="Where two differ the later folder wins."),
) -> None:
    """Put the parts of a study together: weights with cards, decisions and cells; two that differ are refused."""
    from benchmark.studies.plans.merge import merge_studies

    copied = merge_studies(others, into, replace)
    typer.echo(", ".join(f"{count} {what}" for what, count in sorted(copied.items())) or "nothing new")


def status(name: str = _PLAN, out: Path | None = _OUT, as_json: bool = AS_JSON) -> None:
    """Say how far a study is. Exit code 1 while something is missing."""
    from benchmark.studies.plans.plan import read_plan
    from benchmark.studies.plans.trainings import STAGES, everything

    asked = read_plan(name)
    wanted = everything(asked, _folder(asked.id, out), DataSource())
    lines = []
    for stage in STAGES:
        of_stage = [training for training in wanted if training.stage == stage]
        missing = [training.job.title for training in of_stage if not training.done]
        lines.append([stage, str(len(of_stage)), str(len(of_stage) - len(missing)), missing[0] if missing else "-"])
    if as_json:
        _print_json(
            [
                {"training": training.job.title, "stage": str(training.stage), "done": training.done}
                for training in wanted
            ]
        )
    else:
        _print(["stage", "trainings", "done", "next"], lines)
    raise typer.Exit(1 if any(not training.done for training in wanted) else 0)


def report(
    name: str = _PLAN,
    out: Path | None = _OUT,
    markdown: bool = typer.Option(False, "--markdown", help="As Markdown."),
    as_json: bool = AS_JSON,
) -> None:
    """Print what a study found: means with intervals, effects, rankings against budget, health, time."""
    from benchmark.studies.plans import words
    from benchmark.studies.plans.plan import read_plan
    from benchmark.studies.plans.report import report as read

    asked = read_plan(name)
    found = read(asked, _folder(asked.id, out))
    if as_json:
        _print_json(words.as_data(found))
    else:
        typer.echo(words.as_markdown(found) if markdown else _shown(words.as_markdown(found)), nl=False)


def _print_json(value: object) -> None:
    from rich.console import Console

    print_json(Console(), value)


def _folder(name: str, out: Path | None) -> Folder:
    from benchmark.studies.plans.trainings import Folder

    return Folder(out or Path("studies") / name)


def _print(head: list[str], lines: list[list[str]]) -> None:
    widths = [max(len(line[n]) for line in [head, *lines]) for n in range(len(head))]
    for line in [head, *lines]:
        typer.echo("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())


def _shown(markdown: str) -> str:
    """Markdown's tables in columns, for a terminal."""
    lines, table = [], []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("| "):
            table.append([word.strip() for word in line.strip("| ").split(" | ")])
            continue
        if table:
            body = [row for row in table if set("".join(row)) != {"-"}]
            widths = [max(len(row[n]) for row in body) for n in range(len(body[0]))]
            lines += ["  ".join(word.ljust(w) for word, w in zip(row, widths, strict=True)).rstrip() for row in body]
            table = []
        lines.append(line.lstrip("# ") if line.startswith("#") else line)
    return "\n".join(lines)
