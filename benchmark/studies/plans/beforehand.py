"""What a study does before it trains: data looked at, authors' weights imported and compared with print, teachers measured."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch

from benchmark.core.errors import BadData, BadResult, BadWeights, TrainingStopped
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale, Task
from benchmark.datasets import describe, get_dataset
from benchmark.datasets.pairs import PairsOnDisk
from benchmark.datasets.verify import problems
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.weights import card, files, importing, loading, store
from benchmark.runs.cells import cell_path, read_cell
from benchmark.studies.plans.how import StudyRun
from benchmark.studies.plans.plan import Imported, Plan
from benchmark.studies.plans.trainings import Folder
from benchmark.training.data.opening import open_data
from benchmark.training.health import TeacherCheck, check_teacher
from benchmark.training.held_out import with_held_out
from benchmark.training.job import TrainJob
from benchmark.training.recipe import RecipeOverrides
from benchmark.training.recipes import recipe_for

logger = logging.getLogger(__name__)

Compute = Callable[[dict[Method, set[int]], Task, list[str]], dict[str, str]]


def verify_data(plan: Plan, folder: Folder, run: StudyRun) -> None:
    """Looks at every file of the plan's data sets, once for each content; raises BadData for the first that is not whole."""
    known = folder.read("verified")
    for name in plan.verify:
        root = run.data.pairs if describe(name).role == "train" else None
        data = get_dataset(name, root, keep_going=True)
        if known.get(name) == data.fingerprint():
            continue
        wrong = problems(data) if isinstance(data, PairsOnDisk) else []
        if wrong:
            remedy = f"{wrong[0].remedy} `slkd-bench data verify {name}` tells everything that is wrong."
            more = f" and {len(wrong) - 1} more problems" if len(wrong) > 1 else ""
            raise BadData(f"{describe(name).title}: {wrong[0].expected}", f"{wrong[0].found}{more}", remedy)
        logger.info("%s is whole: %d pairs", name, len(data))
        known[name] = data.fingerprint()
        folder.write("verified", known)


def imported_path(folder: Folder, entry: Imported) -> Path:
    """Where the weights of an imported teacher stand in the study."""
    return folder.weights / store.relative_path(get_method(entry.method).id, entry.task, Scale.PAPER)


def import_teachers(plan: Plan, folder: Folder, run: StudyRun) -> None:
    """Brings the authors' weights into the study: from `run.checkpoints`, else those that the user has imported before.

    Raises BadWeights for a file that is missing or not of its network.
    """
    for entry in plan.imported:
        path, method = imported_path(folder, entry), get_method(entry.method)
        if files.has_whole_weights(path):
            continue
        if run.checkpoints is not None:
            wanted = [run.checkpoints / name for name in entry.files]
            importing.import_weights(method, wanted, entry.task, folder.weights, importing.Keep(replace=True))
            continue
        own = store.require(method.id, entry.task, Scale.PAPER)
        if not own.card.get("imported_from"):
            remedy = "Give the folder of the authors' checkpoints with --checkpoints."
            raise BadWeights(f"the authors' weights of {method.title} for {entry.task}", f"{own.path}", remedy)
        write_atomically(path, own.path.read_bytes())
        write_atomically(card.card_path(path), card.card_path(own.path).read_bytes())


def check_printed(plan: Plan, folder: Folder, compute: Compute) -> None:
    """Scores the imported teachers where their authors print a PSNR; raises BadResult with all that differ."""
    differing = []
    for entry in plan.imported:
        method, sets = get_method(entry.method), list(entry.printed)
        failed = compute({method: {0}}, entry.task, sets)
        differing += [f"{what}: {why}" for what, why in failed.items()]
        for dataset, printed in entry.printed.items():
            path = cell_path(folder.results, method.id, dataset, plan.scale, 0)
            psnr = read_cell(path).psnr if path.is_file() else math.nan
            if not abs(psnr - printed) <= plan.health.printed_within and not math.isinf(plan.health.printed_within):
                differing.append(f"{method.title} on {dataset}: {psnr:.2f} dB, printed {printed:.2f} dB")
    if differing:
        within = f"what the authors print within {plan.health.printed_within:g} dB"
        remedy = (
            "Check that the file is the authors' for this task and that the test set is whole and the official one."
        )
        raise BadResult(within, "; ".join(differing), remedy)


def measure_teachers(plan: Plan, folder: Folder, run: StudyRun) -> None:
    """Measures every teacher on validation pairs and on clean images, as Teacher B sees them; kept in `teachers.json`.

    Raises TrainingStopped where one does not gain what the plan asks for, on either.
    """
    known = folder.read("teachers")
    for method, task, seed in _teachers(plan):
        path = folder.weights / store.relative_path(method.id, task, plan.scale, seed)
        place = f"{method.id}/{task}/{seed}"
        digest = files.read_card(path)["sha256"]
        if known.get(place, {}).get("sha256") != digest:
            check = _measured(plan, folder, run, (method, task, seed))
            known[place] = check.told() | {"sha256": digest}
            folder.write("teachers", known)
        _refuse(plan, f"{method.id} {task} seed {seed}", known[place])


def _teachers(plan: Plan) -> Iterator[tuple[Method, Task, int]]:
    for entry in plan.imported:
        yield get_method(entry.method), entry.task, 0
    for one in plan.teachers:
        for task in plan.tasks_of(one):
            for seed in one.seeds:
                yield get_method(one.method), task, seed


def _measured(plan: Plan, folder: Folder, run: StudyRun, one: tuple[Method, Task, int]) -> TeacherCheck:
    method, task, seed = one
    sizes = RecipeOverrides(batch=plan.budget.batch, patch=plan.budget.patch)
    recipe = replace(sizes.apply(recipe_for(method, plan.scale, task)), clean_share=0.0)
    job = TrainJob((method,), task, plan.scale, recipe, run.data, folder.outputs(plan))
    data = with_held_out(open_data(task, plan.scale, recipe, run.data), job)
    network = loading.build_network(method, task, plan.scale)
    path = folder.weights / store.relative_path(method.id, task, plan.scale, seed)
    loading.load_weights(network, store.WeightsFile(path), method.id)
    title = f"{method.id} {task} seed {seed}"
    with torch.no_grad():
        return check_teacher(title, network, data.validation, torch.device(run.settings.device), force=True)


def _refuse(plan: Plan, title: str, told: dict[str, float]) -> None:
    bounds = plan.health
    for wanted, name, what in (
        (bounds.teacher_gain, "gain_db", "gains at least {:g} dB over its input"),
        (bounds.on_clean, "psnr_on_clean", "reaches at least {:g} dB on clean images"),
    ):
        if wanted > 0 and told[name] < wanted:
            raise TrainingStopped(
                f"a teacher that {what.format(wanted)}",
                f"{title}: {told[name]:+.2f} dB on validation",
                "Give it more steps or another rate in the plan, or import better weights.",
            )
