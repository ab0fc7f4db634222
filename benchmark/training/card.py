"""The card beside trained weights: what it tells, and whether it speaks of what would be trained today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

import benchmark
from benchmark.core.types import Scale
from benchmark.methods.method import Method
from benchmark.methods.networks import network
from benchmark.methods.weights import files
from benchmark.runs.code import git_commit
from benchmark.training import health, recipes
from benchmark.training.build import learns_from_teacher, network_of, objective_class, teacher_file
from benchmark.training.recipe import BALANCE_BATCHES

if TYPE_CHECKING:
    from benchmark.methods.weights import store
    from benchmark.training.engine import TrainingResult
    from benchmark.training.job import TrainJob

NAMES_OF_DATA = ("dataset", "validation")  # facts about the data that name it and do not decide what is learnt


def version_of(objective: type[nn.Module]) -> int:
    """The version of an objective's formulas, raised by hand where the values of its terms or their gradients move."""
    return int(getattr(objective, "version", 1))


def origin(method: Method, job: TrainJob, data: dict[str, Any]) -> dict[str, Any]:
    """What decides the weights that `job` would give `method` on `data` (the facts of its source), as JSON data."""
    teacher = teacher_file(method, job) if learns_from_teacher(method) else None
    facts = {
        "recipe": job.recipe_of(method).as_dict(),
        "network": network_of(method, job.task, job.scale),
        "objective": recipes.objective_target(method, job.scale),
        "objective_version": version_of(objective_class(method, job.scale)),
        "options": recipes.objective_options(method, job.task, job.scale),
        "data": _deciding(data),
        "teacher": teacher.sha256 if teacher is not None else None,
    }
    plain: dict[str, Any] = json.loads(json.dumps(facts))
    return plain


def changes(path: Path, wanted: dict[str, Any]) -> list[str]:
    """Which facts of `wanted` (an `origin`) the card at `path` does not share; "weights" where none stand there whole.

    A card of a teacher that is no longer there is taken as it is.
    """
    if not files.has_whole_weights(path):
        return ["weights"]
    card = files.read_card(path)
    told = {name: card.get(name) for name in wanted} | {
        "objective_version": card.get("objective_version", 1),
        "data": _deciding(card.get("data") or {}),
        "teacher": (card.get("teacher") or {}).get("sha256"),
    }
    if wanted["teacher"] is None:
        told["teacher"] = None
    return [name for name in wanted if told[name] != wanted[name]]


def _deciding(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in NAMES_OF_DATA}


def make_card(
    method: Method, job: TrainJob, result: TrainingResult, data: dict[str, Any], teacher: store.WeightsFile | None
) -> dict[str, Any]:
    """What the card beside the weights tells; the file's sha256 and size are added when it is written.

    Args:
        method: whose weights they are.
        job: the training that made them.
        result: what the engine gave.
        data: the facts of the training data.
        teacher: the file of the teacher's weights, where there was one.
    """
    facts = origin(method, job, data)
    learnt_from = {"method": method.teacher, "sha256": teacher.sha256} if teacher is not None else None
    beside = [other.id for other in job.methods if other is not method]
    return {
        "method": method.id,
        "title": method.title,
        "task": str(job.task),
        "scale": str(job.scale),
        "source": method.source,
        **facts,
        "iterations": job.recipe.iterations,
        "seed": job.seed,
        "seconds": round(result.seconds, 1),
        "images": result.images,
        "processes": result.world,
        "parameters": result.parameters,
        "data": data,
        "teacher": learnt_from,
        "code": {"version": benchmark.__version__, "commit": git_commit()},
        "torch": torch.__version__,
        "device": result.device,
        "threads": torch.get_num_threads(),
        "validation": [[step, round(psnr, 4)] for step, psnr in result.curve],
        "gradient_norms": result.gradient_norms,
        "tf32": result.tf32,
        "weights_of_terms": result.weights,
        "health": health.line(result),
        **_of_validation(result),
        **_of_balance(result),
        **({"trained_beside": beside} if beside else {}),
        **({"accumulated": result.accumulated} if result.accumulated > 1 else {}),
        **_of_recipe(method, job),
    }


def _of_validation(result: TrainingResult) -> dict[str, Any]:
    gained = health.gain(result)
    if gained is None or result.input_psnr is None:
        return {}
    step, psnr = health.best(result.curve)
    return {
        "input_psnr": round(result.input_psnr, 4),
        "gain_db": round(gained, 4),
        "collapsed": health.has_collapsed(result),
        "best": {"step": step, "psnr": round(psnr, 4)},
    }


def _of_balance(result: TrainingResult) -> dict[str, Any]:
    if not result.ratios:
        return {}
    terms = {n: {"ratio": round(r, 5), "cosine": round(result.cosines[n], 4)} for n, r in result.ratios.items()}
    return {"balance": {"reference": result.reference, "batches": BALANCE_BATCHES, "terms": terms}}


def _of_recipe(method: Method, job: TrainJob) -> dict[str, Any]:
    """Where a published recipe is simplified."""
    spec = network(method.network)
    told = spec.simplified if job.scale is Scale.PAPER and not method.distiller else ""
    return {"simplified": told} if told else {}
