"""How long the trainings of a plan will take: the measured seconds of a step of each row on this device, or recorded ones."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmark.core.errors import BadData
from benchmark.methods.find import get_method
from benchmark.methods.weights import loading
from benchmark.studies.plans.trainings import Training
from benchmark.training.build import learns_from_teacher, objective_class
from benchmark.training.job import TrainJob

STEPS, WARM_UP = 5, 2

StepTimes = dict[str, float]
"""Seconds of a step by what decides them: "METHOD TASK BATCHxPATCH"."""


def kind(job: TrainJob) -> str:
    """What decides the seconds of a step: the method (whatever it is labelled), the task, and the size of a batch."""
    name = job.methods[0].id.partition("@label=")[0]
    return f"{name} {job.task} {job.recipe.batch}x{job.recipe.patch}"


def measured(trainings: Sequence[Training], device: str) -> StepTimes:
    """The median seconds of a forward and backward pass and an update, by kind, with fresh networks on random images.

    The time for making the data is not in it.
    """
    jobs = {kind(training.job): training.job for training in trainings}
    return {name: _seconds(job, torch.device(device)) for name, job in sorted(jobs.items())}


def _seconds(job: TrainJob, device: torch.device) -> float:
    method, recipe = job.methods[0], job.recipe
    torch.manual_seed(0)
    student = loading.build_network(method, job.task, job.scale)
    networks = [student]
    if learns_from_teacher(method):
        networks = [loading.build_network(get_method(method.teacher), job.task, job.scale), student]
    objective = objective_class(method, job.scale)(*networks, **method.options).to(device).train()
    optimiser = torch.optim.AdamW([p for p in objective.parameters() if p.requires_grad], lr=1e-5)
    images = torch.rand(2, recipe.batch, 3, recipe.patch, recipe.patch, device=device)
    times = []
    for _ in range(WARM_UP + STEPS):
        start = time.perf_counter()
        total = objective.total(objective(images[0], images[1]))  # type: ignore[operator]
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times[WARM_UP:])


def read_times(path: Path) -> StepTimes:
    """Recorded times. Raises BadData for a file that is no JSON object of positive seconds."""
    try:
        times = json.loads(path.read_text(encoding="utf-8"))["seconds"]
        if not all(isinstance(v, int | float) and v > 0 for v in times.values()):
            raise TypeError("not all are positive numbers")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadData(
            "recorded seconds of a step", f"{path}: {error}", "Make it with `study plan --save-times`."
        ) from error
    return {str(name): float(value) for name, value in times.items()}


def seconds_of(training: Training, times: StepTimes) -> float | None:
    """The seconds that a training will take; None where no time of its kind is known."""
    step = times.get(kind(training.job))
    return None if step is None else step * training.job.recipe.iterations
