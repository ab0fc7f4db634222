"""Training on pairs that are there: an official training set, a folder of pairs, or packed pairs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadData, UnknownName
from benchmark.core.types import Task
from benchmark.datasets import dataset_ids, describe, place
from benchmark.datasets.packed import PackedPairs, is_packed, open_packed
from benchmark.datasets.packing import refuse_half_made
from benchmark.datasets.pairs import PairsOnDisk, open_folder, open_official
from benchmark.datasets.passport import Passport
from benchmark.training.data.crops import CropStream
from benchmark.training.data.decoded import DecodedPairs
from benchmark.training.data.stream import Opened, first_batch

if TYPE_CHECKING:
    from benchmark.training.recipe import Recipe

# Paper: names no training set. / Here: those of the publications whose protocols its columns follow.
OFFICIAL = {Task.DERAINING: "rain13k", Task.DEBLURRING: "gopro-train", Task.DENOISING: "sidd-medium"}
VALIDATION_SEED, VALIDATION_CROPS, VALIDATION_SIDE = 900_001, 16, 128
BIG = 4_000_000  # pixels above which decoding a whole photograph for each crop deserves a word


def official_stream(task: Task, recipe: Recipe, data: Path | None = None, dataset: str = "") -> Opened:
    """The training stream, the validation pairs of the curve and the facts about the data for the card.

    `data` is the folder that holds the official sets (ROOT/ID; None: the usual place), or a folder of one's own: with
    `input` and `target`, or with packed pairs such as `data prepare mini-train` makes (DIR or DIR/TASK). `dataset` names
    another official training set of the task (ddn-train, did-train). The validation pairs of files are other crops of
    the training pairs, never test pairs: the curve shows the course of a run and picks nothing.
    Raises BadData where the set is absent or not whole, with its owner's page and its place; UnknownName.
    """
    packed = packed_folder(task, data) if data is not None and not dataset else None
    if packed is not None:
        return packed_stream(open_packed(packed), task, recipe)
    pairs = open_training_set(task, data, dataset)
    stream = CropStream(DecodedPairs(pairs), recipe.batch, recipe.patch, recipe.seed)
    side = min(recipe.patch, VALIDATION_SIDE)
    apart = CropStream(stream.source, VALIDATION_CROPS, side, VALIDATION_SEED, turns=(0,))
    facts: dict[str, Any] = {
        "stream": f"random crops of the pairs of {pairs.title}",
        "dataset": pairs.id if pairs.official else f"the folder {pairs.id}",
        "pairs": len(pairs),
        "sha256": pairs.fingerprint(),
        "first_batch": first_batch(stream),
        "validation": f"{VALIDATION_CROPS} other crops of the training pairs, {side} x {side}",
    }
    return stream, [apart.batch(0)], facts


def packed_folder(task: Task, data: Path) -> Path | None:
    """The folder of packed pairs that `data` means for a task: itself, or the one of the task's name in it.

    Raises BadData where their making was not finished.
    """
    for folder in (data, data / str(task)):
        refuse_half_made(folder)
        if is_packed(folder):
            return folder
    return None


def packed_stream(pairs: PackedPairs, task: Task, recipe: Recipe) -> Opened:
    """Crops of packed pairs, their validation pairs and facts. Raises BadData for pairs of another task."""
    import torch

    if pairs.task is not task:
        raise BadData(
            f"pairs for {task} in '{pairs.base}'", f"pairs for {pairs.task}", "Give another --data or --task."
        )
    stream = CropStream(pairs, recipe.batch, recipe.patch, recipe.seed, pairs.manifest.turns)
    degraded, clean = (torch.from_numpy(side.copy()).float() / 255 for side in pairs.validation(VALIDATION_SIDE))
    eights = [(degraded[i : i + 8], clean[i : i + 8]) for i in range(0, len(clean), 8)]
    facts = {
        "stream": f"random crops of {len(pairs):,} pairs: {pairs.title}",
        **pairs.manifest.facts,
        "pairs": len(pairs),
        "sha256": pairs.fingerprint(),
        "first_batch": first_batch(stream),
    }
    return stream, eights, facts


def open_training_set(task: Task, data: Path | None = None, dataset: str = "") -> PairsOnDisk:
    """The pairs of files that `official_stream` draws from. Raises BadData, UnknownName."""
    if data is not None and not dataset and (data / "input").is_dir() and (data / "target").is_dir():
        return open_folder(data, task=task)
    name = dataset or OFFICIAL[task]
    passport = describe(name)
    known = [other for other in dataset_ids("train") if describe(other).task is task]
    if passport.role != "train" or passport.task is not task:
        raise UnknownName(f"training set for {task}", name, known)
    pairs = open_whole(passport, place(passport, data))
    width, height = pairs.entries[0].degraded.size()
    if width * height > BIG:
        warnings.warn(
            f"each crop decodes a photograph of {width} x {height}: 'slkd-bench data prepare {name} --patch"
            f" {passport.patch or 512} --out DIR' cuts them once; then train with --data DIR",
            stacklevel=2,
        )
    return pairs


def open_whole(passport: Passport, base: Path) -> PairsOnDisk:
    """An official training set under `base`. Raises BadData where it is absent, incomplete or anything does not fit."""
    get_it = f"Get it from {passport.source} and put it there; 'slkd-bench data where {passport.id}' says how."
    if not base.is_dir():
        raise BadData(f"the training set {passport.title} in '{base}'", "no such folder", get_it)
    try:
        found = open_official(passport, base, keep_going=True)
    except BadData as error:
        raise BadData(f"the training set {passport.title} {error.expected}", error.found, get_it) from error
    if found.problems:
        first, others = found.problems[0], len(found.problems) - 1
        more = f"{others} more problems: " if others else ""
        remedy = f"{more}'slkd-bench data verify {passport.id}' tells everything that is wrong. {get_it}"
        raise BadData(first.expected, first.found, remedy)
    return found
