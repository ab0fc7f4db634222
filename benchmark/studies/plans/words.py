"""A plan and its report in words: for the terminal, as Markdown, as data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmark.statistics.effect import Conclusion
from benchmark.studies.plans.health import State
from benchmark.studies.plans.margins import Margin
from benchmark.studies.plans.plan import Plan
from benchmark.studies.plans.report import SHARES, Judged, Mean, Report, RowReport
from benchmark.studies.plans.times import StepTimes, seconds_of
from benchmark.studies.plans.trainings import STAGES, Training


def told_time(seconds: float) -> str:
    """Seconds in the unit that a person would take."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def estimate_lines(trainings: Sequence[Training], times: StepTimes, device: str) -> list[list[str]]:
    """By stage and for the whole: trainings, how many are done, and the time that the others take on one device."""
    lines = []
    every = [seconds_of(training, times) for training in trainings if not training.done]
    hours = math.fsum(value for value in every if value is not None) / 3600
    more = f", and {every.count(None)} of unknown time" if None in every else ""
    for stage in STAGES:
        of_stage = [training for training in trainings if training.stage == stage]
        left = [training for training in of_stage if not training.done]
        seconds = [seconds_of(training, times) for training in left]
        known = math.fsum(value for value in seconds if value is not None)
        unknown = sum(value is None for value in seconds)
        said = told_time(known) + (f" and {unknown} of unknown time" if unknown else "") if left else "done"
        lines.append([stage, str(len(of_stage)), str(len(of_stage) - len(left)), said])
    return [*lines, ["whole", str(len(trainings)), "", f"{hours:.1f} hours on {device}{more}"]]


def plan_data(plan: Plan, trainings: Sequence[Training], times: StepTimes, device: str) -> dict[str, Any]:
    """The plan for programs: every training with whether it is done and the seconds that it takes on one device.

    Seconds are null where they are not known.
    """
    lines = [
        {
            "training": training.job.title,
            "stage": str(training.stage),
            "done": training.done,
            "seconds": seconds_of(training, times),
        }
        for training in trainings
    ]
    return {"study": plan.id, "device": device, "trainings": lines}


def row_cells(row: RowReport, sets: Sequence[str]) -> list[str]:
    """A row of the table of means."""
    means = [f"{_told(row.psnr.get(name))} / {_told(row.ssim.get(name), 4)}" for name in sets]
    shares = [_told(value) for value in row.at_shares]
    return [row.label, *means, *shares, _states(row), f"{row.rate:g}", str(row.steps), told_time(row.seconds)]


def header(sets: Sequence[str]) -> list[str]:
    """The header of the table of means."""
    return ["row", *sets, *(f"val. {share:.0%}" for share in SHARES), "runs", "rate", "steps", "time"]


def judged_cells(one: Judged) -> list[str]:
    """A row of the table of effects."""
    digits = 2 if one.metric == "psnr" else 4
    found = one.effect
    return [
        one.label,
        one.dataset,
        one.metric.upper(),
        f"{found.mean:+.{digits}f}",
        f"[{found.low:+.{digits}f}, {found.high:+.{digits}f}]",
        f"{found.seeds} x {found.scenes}",
        str(one.conclusion),
    ]


JUDGED_HEADER = ["row against reference", "set", "metric", "difference", "95 %", "seeds x scenes", "conclusion"]


def as_markdown(found: Report) -> str:
    """The whole report as Markdown."""
    parts = [f"# {found.plan.title}", "", found.plan.question, ""]
    for task in found.plan.tasks:
        rows = [row for row in found.rows if row.task == task]
        sets = list(dict.fromkeys(name for row in rows for name in row.psnr))
        parts += [f"## {task}", "", *_table(header(sets), [row_cells(row, sets) for row in rows]), ""]
        for number, share in enumerate(SHARES):
            ranking = found.ranking(task, number)
            told = ", ".join(f"{label} {_told(mean)}" for label, mean in ranking)
            parts += [f"Ranking at {share:.0%} of the budget (validation, dB): {told or 'none yet'}.", ""]
    if found.judged:
        title = f"## Against {found.plan.reference}"
        parts += [title, "", *_table(JUDGED_HEADER, [judged_cells(one) for one in found.judged]), ""]
        equal = [f"{one.label} on {one.dataset} ({one.metric.upper()})" for one in found.judged if _is_equal(one)]
        parts += [f"Equivalent within the floor: {', '.join(equal) or 'none'}.", ""]
    if found.teachers:
        parts += ["## Teachers", "", *_table(TEACHERS_HEADER, [_teacher(*item) for item in found.teachers.items()]), ""]
    if found.margins:
        lines = [_margin(one, found.plan.health.teacher_margin) for one in found.margins]
        parts += [*_table(MARGINS_HEADER, lines), ""]
    if found.missing:
        parts += [f"{found.missing} trainings are missing.", ""]
    return "\n".join(parts)


def _is_equal(one: Judged) -> bool:
    return one.conclusion is Conclusion.EQUAL


TEACHERS_HEADER = ["teacher", "val. PSNR", "gain over input", "PSNR on clean images"]
MARGINS_HEADER = ["teacher", "set", "PSNR", "best student", "margin", ""]


def _teacher(name: str, told: dict[str, float]) -> list[str]:
    return [name, f"{told['psnr']:.2f}", f"{told['gain_db']:+.2f}", f"{told['psnr_on_clean']:.2f}"]


def _margin(one: Margin, least: float) -> list[str]:
    best = f"{one.best} {one.best_psnr:.2f}"
    told = "" if least <= 0 or one.margin >= least else f"less than {least:g} dB"
    return [f"{one.teacher}/{one.seed}", one.dataset, f"{one.psnr:.2f}", best, f"{one.margin:+.2f}", told]


def as_data(found: Report) -> dict[str, Any]:
    """The whole report as JSON data; what is not known is null."""
    return {
        "study": found.plan.id,
        "missing": found.missing,
        "rows": [
            {
                "row": row.label,
                "task": str(row.task),
                "sets": {name: {"psnr": _data(mean), "ssim": _data(row.ssim[name])} for name, mean in row.psnr.items()},
                "validation": {f"{share:g}": _data(mean) for share, mean in zip(SHARES, row.at_shares, strict=True)},
                "runs": {str(state): count for state, count in row.states.items()},
                "rate": _number(row.rate),
                "steps": row.steps,
                "seconds": row.seconds,
            }
            for row in found.rows
        ],
        "teachers": found.teachers,
        "margins": [asdict(one) | {"task": str(one.task), "margin": one.margin} for one in found.margins],
        "effects": [
            {
                "row": one.label,
                "reference": one.reference,
                "dataset": one.dataset,
                "metric": one.metric,
                "mean": one.effect.mean,
                "low": _number(one.effect.low),
                "high": _number(one.effect.high),
                "by_seed": list(one.effect.by_seed),
                "conclusion": str(one.conclusion),
            }
            for one in found.judged
        ],
    }


def _told(mean: Mean | None, digits: int = 2) -> str:
    if mean is None or not mean.seeds:
        return "-"
    return f"{mean.value:.{digits}f}" + (f" ± {mean.half:.{digits}f}" if mean.seeds > 1 else "")


def _states(row: RowReport) -> str:
    bad = [f"{count} {state}" for state, count in row.states.items() if state is not State.LEARNT]
    return ", ".join([str(sum(row.states.values())), *bad])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _data(mean: Mean) -> dict[str, Any]:
    return {"mean": _number(mean.value), "half": _number(mean.half), "seeds": mean.seeds}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
