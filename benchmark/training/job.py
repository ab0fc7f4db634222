"""From a method's name to its trained weights and card: network, objective, stream, engine, file."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import benchmark
from benchmark.core import paths
from benchmark.core.errors import BadWeights, GroupStopped, TrainingStopped
from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.networks import arguments
from benchmark.methods.weights import coding, files, loading, store
from benchmark.runs.code import git_commit
from benchmark.training import recipes
from benchmark.training.data.clean_share import WithClean
from benchmark.training.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchmark.training.data.stream import Stream
    from benchmark.training.engine import Settings, TrainingResult
    from benchmark.training.teacher import SharedTeacher

RUNS = Path("training")  # checkpoints and logs of unfinished and finished runs, below the working directory
VALIDATION_SEED = 900_001  # far from any training seed: the curve's pairs are drawn apart, and are never test pairs
STORAGE_COST = 0.01  # dB on the validation pairs that storing in fewer bits may cost


def weights_path(out: Path, method: Method, task: Task, scale: Scale, seed: int) -> Path:
    """Where the weights of a trained method are written below `out`."""
    return out / store.relative_path(method.id, task, scale, seed)


def load_teacher(method: Method, task: Task, scale: Scale, out: Path) -> tuple[SharedTeacher, store.WeightsFile]:
    """The trained teacher of `method`, frozen by the distiller, and its file: from `out` first, then as always.

    Raises BadWeights with the command that trains it when there is none.
    """
    from benchmark.training.teacher import SharedTeacher

    teacher = get_method(method.teacher)
    path = weights_path(out, teacher, task, scale, 0)
    try:
        found = store.WeightsFile(path) if path.is_file() else store.require(teacher.id, task, scale)
    except BadWeights as error:
        raise BadWeights(
            f"a trained teacher for {method.id}: {error.expected}", error.found, f"Train it first: {error.remedy}"
        ) from error
    network = loading.build_network(teacher, task, scale)
    loading.load_weights(network, found, teacher.id)
    return SharedTeacher(network), found


Teachers = dict[str, "tuple[SharedTeacher, store.WeightsFile]"]


def build_objective(
    method: Method,
    task: Task,
    scale: Scale,
    seed: int,
    out: Path,
    teachers: Teachers | None = None,
    identity_start: bool = False,
) -> tuple[nn.Module, store.WeightsFile | None]:
    """The objective that trains `method`, and its teacher's file: the student depends on network, scale and seed alone.

    So every distiller starts from the same student. `teachers` keeps what was loaded, by method id, for the next of the
    same task and scale. Raises BadWeights when the teacher is missing, TrainingStopped for an `identity_start` of a
    network that does not add its last convolution to its input.
    """
    import torch

    from baselines.networks.shape.pyramid import Pyramid

    torch.manual_seed(seed)
    student = loading.build_network(method, task, scale)
    if identity_start:
        if not isinstance(student, Pyramid):
            told = f"{method.network}, whose last convolution is not simply added to the image"
            raise TrainingStopped("a network that can start at the identity", told, "Train without --identity-start.")
        torch.nn.init.zeros_(student.output.weight)
    module, _, name = recipes.objective_target(method).partition(":")
    kind = getattr(importlib.import_module(module), name)
    if not method.teacher or method.distiller == "scratch":
        return kind(student, **method.options), None
    teachers = {} if teachers is None else teachers
    if method.teacher not in teachers:
        teachers[method.teacher] = load_teacher(method, task, scale, out)
    teacher, found = teachers[method.teacher]
    torch.manual_seed(seed + 1)
    return kind(teacher, student, **method.options), found


def build_data(
    task: Task, scale: Scale, recipe: Recipe, photos: Path | None, data: Path | None, dataset: str = ""
) -> tuple[Stream, list[Any], dict[str, Any]]:
    """The training data of a run: at scale paper the official pairs, or `dataset`; at scale mini, or with `photos`, synthesis.

    The stream has the recipe's share of clean samples; the validation pairs have none. `data` is a folder of pairs or of
    the official sets. Raises BadData where the official set is not there.
    """
    stream: Stream
    if data is not None or dataset or (scale is Scale.PAPER and photos is None):
        from benchmark.training.data.pairs import official_stream

        if photos is not None:
            found = "--photos beside --data or --dataset"
            raise TrainingStopped("one source of training data", found, "Give one of them.")
        stream, pairs, facts = official_stream(task, recipe, data, dataset)
    else:
        stream, pairs, facts = build_stream(task, recipe, photos)
    if recipe.clean_share:
        start = round(recipe.clean_from * recipe.iterations)
        stream = WithClean(stream, recipe.clean_share, recipe.batch, recipe.seed, start)
    return stream, pairs, facts


def build_stream(task: Task, recipe: Recipe, photos: Path | None) -> tuple[Stream, list[Any], dict[str, Any]]:
    """The synthetic training stream, the validation pairs of the curve and the facts about the data for the card."""
    from benchmark.training.data.mini import TrainingStream

    stream = TrainingStream(task, recipe.batch, recipe.patch, recipe.seed, photos)
    apart = TrainingStream(task, 16, 96, VALIDATION_SEED, photos)
    digest = hashlib.sha256()
    for tensor in stream.batch(0):
        digest.update(tensor.numpy().tobytes())
    facts: dict[str, Any] = {"stream": "dead leaves", "first_batch": digest.hexdigest()[:16]}
    pages = stream.pages[1]
    if pages is not None:
        used = [p for p in pages.photographs if p.path.name not in pages.left_out]
        whole = hashlib.sha256("".join(sorted(p.digest() for p in used)).encode()).hexdigest()
        facts |= {
            "stream": f"photographs, with a share of {stream.leaves} dead leaves",
            "photographs": {"count": len(used), "left_out": len(pages.left_out), "sha256": whole},
        }
    return stream, [apart.batch(0)], facts


def train_method(
    name: str,
    task: Task,
    scale: Scale = Scale.MINI,
    recipe: Recipe | None = None,
    seed: int = 0,
    photos: Path | None = None,
    out: Path | None = None,
    runs: Path = RUNS,
    settings: Settings | None = None,
    fresh: bool = False,
    data: Path | None = None,
    dataset: str = "",
) -> Path:
    """Train a method and write its weights and card below `out` (default: the user's own weights); returns the path.

    Nothing is trained when whole weights with the same recipe stand there, unless `fresh`. Raises UnknownName,
    TrainingStopped, BadWeights (no teacher), BadOutput.
    """
    return train_group(
        [get_method(name)], task, scale, recipe, seed, photos, out, runs, settings, fresh, data, dataset
    )[0]


def train_group(
    group: Sequence[Method],
    task: Task,
    scale: Scale = Scale.MINI,
    recipe: Recipe | None = None,
    seed: int = 0,
    photos: Path | None = None,
    out: Path | None = None,
    runs: Path = RUNS,
    settings: Settings | None = None,
    fresh: bool = False,
    data: Path | None = None,
    dataset: str = "",
) -> list[Path]:
    """Train methods with one recipe side by side, as `train_method` would one by one; returns their paths in order.

    Batches are made once, and a teacher they share is asked once a batch. Where some fail, the others are written
    first; then GroupStopped names the failed. Raises as `train_method`.
    """
    from benchmark.training import distributed, engine

    for method in group:
        if not method.network:
            raise TrainingStopped(
                "a method with a network", f"{method.id}, which has none", "There is nothing to train."
            )
        if task not in method.tasks:
            raise TrainingStopped(
                f"one of {', '.join(method.tasks)} for {method.id}", f"'{task}'", "Choose one of them."
            )
    recipe = replace(recipe or recipes.recipe_for(group[0], scale, task), seed=seed)
    out = out or paths.user_weights()
    written = [weights_path(out, method, task, scale, seed) for method in group]
    waiting = [
        (method, path)
        for method, path in zip(group, written, strict=True)
        if fresh
        or not is_done(path, recipe, network_of(method, task, scale))
        or not has_this_teacher(path, method, task, scale, out)
    ]
    if not waiting:
        return written
    settings = settings or engine.Settings()
    what = waiting[0][0].id if len(waiting) == 1 else f"{len(waiting)} methods,"
    settings = replace(settings, resume=not fresh, title=f"{what} {task} {scale} seed {seed}")
    teachers: Teachers = {}
    built = [build_objective(m, task, scale, seed, out, teachers, recipe.identity_start) for m, _ in waiting]
    stream, pairs, source = build_data(task, scale, recipe, photos, data, dataset)
    members = []
    for (method, _), (objective, teacher) in zip(waiting, built, strict=True):
        facts = {"method": method.id, "task": str(task), "scale": str(scale), "data": source}
        facts |= {"network": network_of(method, task, scale)}
        facts |= {"teacher": teacher.sha256} if teacher is not None else {}
        folder = runs / str(scale) / str(task) / f"{method.id}-seed{seed}"
        members.append(engine.Member(objective, folder, facts, method.id))
    results = engine.train_together(members, stream, recipe, settings, pairs)
    if distributed.rank_and_world()[0] == 0:
        for (method, path), (objective, teacher), member, result in zip(waiting, built, members, results, strict=True):
            if isinstance(result, TrainingStopped):
                continue
            form, costs = smallest_form(student_of(objective), result, pairs)
            card = make_card(method, task, scale, recipe, result, source, teacher) | {"storage_cost_db": costs}
            card |= {"trained_beside": [m.id for m, _ in waiting if m is not method]} if len(waiting) > 1 else {}
            files.write_weights(path, result.state, card, form)
            (member.folder / "checkpoint.pt").unlink(missing_ok=True)
    failed = {m.id: r for (m, _), r in zip(waiting, results, strict=True) if isinstance(r, TrainingStopped)}
    if len(group) == 1 and failed:
        raise next(iter(failed.values()))
    if failed:
        raise GroupStopped(failed, len(waiting))
    return written


def is_done(path: Path, recipe: Recipe, network: dict[str, Any]) -> bool:
    """Whether whole weights of this very network (`network_of`), trained by this very recipe, stand at `path`."""
    if not files.has_whole_weights(path):
        return False
    card = files.read_card(path)
    return bool(card.get("recipe") == recipe.as_dict() and card.get("network") == network)


def network_of(method: Method, task: Task, scale: Scale) -> dict[str, Any]:
    """The network of a method and its constructor arguments as JSON data, for the card."""

    told = {"name": method.network, "arguments": arguments(method.network, str(scale), str(task))}
    return json.loads(json.dumps(told))  # type: ignore[no-any-return]


def has_this_teacher(path: Path, method: Method, task: Task, scale: Scale, out: Path) -> bool:
    """Whether the card at `path` speaks of the teacher that stands today; true where there is none to compare."""
    learnt_from = files.read_card(path).get("teacher")
    if not learnt_from:
        return True
    beside = weights_path(out, get_method(method.teacher), task, scale, 0)
    found = store.WeightsFile(beside) if beside.is_file() else store.find(method.teacher, task, scale)
    return found is None or found.sha256 == learnt_from["sha256"]


def smallest_form(
    network: nn.Module, result: TrainingResult, pairs: Sequence[tuple[Tensor, Tensor]]
) -> tuple[str, dict[str, float]]:
    """The smallest form of storage that changes the PSNR on the pairs by less than `STORAGE_COST`, and what forms cost.

    The costs are in dB, by form, from the smallest to the one that is taken; a form that cannot hold the weights has none.
    """
    import torch

    from benchmark.training.validation import mean_psnr

    network.to("cpu")
    costs: dict[str, float] = {}
    if not pairs:
        return "as trained", costs
    network.load_state_dict(result.state)
    whole = mean_psnr(network, pairs, torch.device("cpu"))
    for form in coding.FORMS[:-1]:
        state = coding.decode(coding.encode(result.state, form))
        if all(bool(torch.isfinite(value).all()) for value in state.values()):
            network.load_state_dict(state)
            costs[form] = round(whole - mean_psnr(network, pairs, torch.device("cpu")), 5)
            if abs(costs[form]) < STORAGE_COST:
                break
    network.load_state_dict(result.state)
    fitting = [form for form, cost in costs.items() if abs(cost) < STORAGE_COST]
    return (fitting[0] if fitting else "as trained"), costs


def student_of(objective: nn.Module) -> nn.Module:
    """The network an objective trains."""
    return cast("nn.Module", objective.student)


def make_card(
    method: Method,
    task: Task,
    scale: Scale,
    recipe: Recipe,
    result: TrainingResult,
    data: dict[str, Any],
    teacher: store.WeightsFile | None,
) -> dict[str, Any]:
    """What the card beside the weights tells; the file's sha256 and size are added when it is written."""
    import torch

    return {
        "method": method.id,
        "title": method.title,
        "task": str(task),
        "scale": str(scale),
        "source": method.source,
        "network": network_of(method, task, scale),
        "objective": recipes.objective_target(method),
        "options": method.options,
        "recipe": recipe.as_dict(),
        "iterations": recipe.iterations,
        "seed": recipe.seed,
        "seconds": round(result.seconds, 1),
        "images": result.images,
        "processes": result.world,
        "parameters": result.parameters,
        "data": data,
        "teacher": {"method": method.teacher, "sha256": teacher.sha256} if teacher is not None else None,
        "code": {"version": benchmark.__version__, "commit": git_commit()},
        "torch": torch.__version__,
        "device": result.device,
        "threads": torch.get_num_threads(),
        "validation": [[step, round(psnr, 4)] for step, psnr in result.curve],
        "gradient_norms": result.gradient_norms,
    }
