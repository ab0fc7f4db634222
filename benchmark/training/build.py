"""The networks and the objective of a training: student, teacher, distiller."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from baselines.networks.fast import WITH_GRADIENTS, quicken
from baselines.networks.shape.pyramid import Pyramid
from baselines.objective import Objective
from baselines.spec import named
from benchmark.core.errors import BadWeights, TrainingStopped
from benchmark.core.types import Scale, Task
from benchmark.methods.distillers import distiller
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.networks import arguments, network
from benchmark.methods.weights import loading, store
from benchmark.training import recipes
from benchmark.training.teacher import SharedTeacher

if TYPE_CHECKING:
    from benchmark.training.job import TrainJob

Teachers = dict[str, "tuple[SharedTeacher, store.WeightsFile]"]


def load_teacher(method: Method, job: TrainJob) -> tuple[SharedTeacher, store.WeightsFile]:
    """The trained teacher of `method`, frozen by the distiller, and its file: beside the job's weights, then as always.

    Raises BadWeights with the command that trains it when there is none.
    """
    teacher = get_method(method.teacher)
    try:
        file = teacher_file(method, job) or store.require(teacher.id, job.task, job.scale, job.teacher_seed)
    except BadWeights as error:
        raise BadWeights(
            f"a trained teacher for {method.id}: {error.expected}", error.found, f"Train it first: {error.remedy}"
        ) from error
    built = loading.build_network(teacher, job.task, job.scale)
    loading.load_weights(built, file, teacher.id)
    quicken(built)
    return SharedTeacher(built), file


def teacher_file(method: Method, job: TrainJob) -> store.WeightsFile | None:
    """The weights of the teacher that `method` would learn from today; None where there are none."""
    beside = job.outputs.folder / store.relative_path(method.teacher, job.task, job.scale, job.teacher_seed)
    return store.WeightsFile(beside) if beside.is_file() else _found(method, job)


def _found(method: Method, job: TrainJob) -> store.WeightsFile | None:
    return store.find(method.teacher, job.task, job.scale, job.teacher_seed)


def learns_from_teacher(method: Method) -> bool:
    """Whether `method` is trained with a teacher."""
    return bool(method.teacher and method.distiller) and distiller(method.distiller).needs_teacher


def objective_class(method: Method, scale: Scale) -> type[Objective]:
    """The class of the objective that trains `method` at `scale`."""
    target = recipes.objective_target(method, scale)
    if target.startswith(":") and not method.distiller:
        return cast("type[Objective]", network(method.network).find(target))
    return cast("type[Objective]", named(target, distiller(method.distiller).file if method.distiller else None))


def build_objective(
    method: Method, job: TrainJob, teachers: Teachers | None = None
) -> tuple[Objective, store.WeightsFile | None]:
    """The objective that trains `method`, and its teacher's file: the student depends on network, scale and seed alone.

    So every distiller starts from the same student. `teachers` keeps what was loaded, by method id, for the next of the
    same job. Raises BadWeights when the teacher is missing, TrainingStopped for an identity start of a network that
    does not add its last convolution to its input.
    """
    torch.manual_seed(job.seed)
    student = loading.build_network(method, job.task, job.scale)
    quicken(student, WITH_GRADIENTS)
    if job.recipe_of(method).identity_start:
        if not isinstance(student, Pyramid):
            told = f"{method.network}, whose last convolution is not simply added to the image"
            raise TrainingStopped("a network that can start at the identity", told, "Train without --identity-start.")
        nn.init.zeros_(student.output.weight)
    kind = objective_class(method, job.scale)
    if not learns_from_teacher(method):
        return kind(student, **recipes.objective_options(method, job.task, job.scale)), None
    teachers = {} if teachers is None else teachers
    if method.teacher not in teachers:
        teachers[method.teacher] = load_teacher(method, job)
    teacher, file = teachers[method.teacher]
    torch.manual_seed(job.seed + 1)
    return kind(teacher, student, **method.options), file


def student_of(objective: nn.Module) -> nn.Module:
    """The network an objective trains."""
    return cast("nn.Module", objective.student)


def network_of(method: Method, task: Task, scale: Scale) -> dict[str, Any]:
    """The network of a method and its constructor arguments as JSON data, for the card."""
    told = {"name": method.network, "arguments": arguments(method.network, str(scale), str(task))}
    plain: dict[str, Any] = json.loads(json.dumps(told))
    return plain
