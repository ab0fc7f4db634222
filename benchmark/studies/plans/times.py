"""How long the trainings of a plan will take: the measured seconds of a step of each row on this device, or recorded ones."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from baselines.objective import Objective
from benchmark.core import paths
from benchmark.core.errors import BadData
from benchmark.methods.find import get_method
from benchmark.methods.weights import loading
from benchmark.studies.plans.trainings import Training
from benchmark.training.build import learns_from_teacher, objective_class
from benchmark.training.job import TrainJob
from benchmark.training.recipes import objective_options

STEPS, WARM_UP = 5, 2
LONG = 60.0  # seconds after which a step that was timed once is enough

StepTimes = dict[str, float]
"""Seconds of a step by what decides them: "METHOD TASK BATCHxPATCH"."""


def kind(job: TrainJob) -> str:
    """What decides the seconds of a step: the method (whatever it is labelled), the task, and the size of a batch."""
    base, _, changes = job.methods[0].id.partition("@")
    rest = ",".join(change for change in changes.split(",") if change and not change.startswith("label="))
    name = f"{base}@{rest}" if rest else base
    return f"{name} {job.task} {job.recipe.batch}x{job.recipe.patch}"


@contextmanager
def one_thread(device: str) -> Iterator[None]:
    """On a CPU one thread of torch's, as every training of a study has."""
    before = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
    options = objective_options(method, job.task, job.scale)
    kind: Callable[..., Objective] = objective_class(method, job.scale)
    objective = kind(*networks, **options).to(device).train()
    optimiser = torch.optim.AdamW([p for p in objective.parameters() if p.requires_grad], lr=1e-5)
    images = torch.rand(2, recipe.batch, 3, recipe.patch, recipe.patch, device=device)
    times = []
    for _ in range(WARM_UP + STEPS):
        start = time.perf_counter()
        total = objective.total(objective(images[0], images[1]))
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
        if len(times) > WARM_UP and sum(times) > LONG:
            break
    return statistics.median(times[WARM_UP:])


def recorded() -> dict[str, Path]:
    """The shipped records of step times by name."""
    return {path.stem: path for path in sorted((paths.results() / "costs" / "step-times").glob("*.json"))}


def device_of(path: Path) -> str:
    """What recorded times were measured on, as their record says it; else the name of the file."""
    path = recorded().get(str(path), path)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return str(told["device"]) if "device" in told else path.name
    except (OSError, ValueError, TypeError):
        return path.name


def read_times(path: Path) -> StepTimes:
    """Recorded times: a file, or the name of a shipped one. Raises BadData for what is no JSON of positive seconds."""
    path = recorded().get(str(path), path)
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
