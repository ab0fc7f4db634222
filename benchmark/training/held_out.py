"""Validation on images that nothing is trained on: crops of a data set that a person names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import UnknownName
from benchmark.datasets import dataset_ids, describe, place
from benchmark.datasets.pairs import PairsOnDisk, open_folder, open_official
from benchmark.training.data.opening import TrainingData
from benchmark.training.job import TrainJob

if TYPE_CHECKING:
    from torch import Tensor

CROPS, SIDE = 16, 128  # a side that no network pads


def with_held_out(data: TrainingData, job: TrainJob) -> TrainingData:
    """`data` with validation pairs of the set that the job's source names, where it names one.

    They are the middles, `SIDE` pixels wide, of `CROPS` images that lie evenly in the set. Raises UnknownName, BadData.
    """
    if not job.data.validate_on:
        return data
    found = _opened(job)
    count = min(CROPS, len(found))
    pairs = [found[index * len(found) // count] for index in range(count)]
    told = f"the middle {SIDE} x {SIDE} pixels of {count} images of {found.title}"
    crops = [(_middle(pair.degraded), _middle(pair.clean)) for pair in pairs]
    return replace(data, validation=crops, facts=data.facts | {"validation": told})


def _middle(image: Tensor) -> Tensor:
    top, left = (max(0, side - SIDE) // 2 for side in image.shape[-2:])
    return image[..., top : top + SIDE, left : left + SIDE].contiguous()


def _opened(job: TrainJob) -> PairsOnDisk:
    name = job.data.validate_on
    if Path(name).is_dir():
        return open_folder(Path(name), task=job.task)
    passport = describe(name)
    if passport.task is not job.task:
        known = [other for other in dataset_ids() if describe(other).task is job.task]
        raise UnknownName(f"data set of {job.task}", name, known)
    return open_official(passport, place(passport))
