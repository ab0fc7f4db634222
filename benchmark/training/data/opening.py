"""Opening the source of a training: its endless stream, the pairs of its validation curve, and the facts for its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import TrainingStopped
from benchmark.core.types import Scale, Task
from benchmark.training.data.clean_pictures import PictureChoice
from benchmark.training.data.clean_share import WithClean
from benchmark.training.data.mini_train import cached_mini_train, plan_for
from benchmark.training.data.official import (
    VALIDATION_CROPS,
    VALIDATION_SEED,
    VALIDATION_SIDE,
    official_stream,
    packed_stream,
)
from benchmark.training.data.source import DataSource
from benchmark.training.data.staged import Staged
from benchmark.training.data.stream import Resizable, Stream, first_batch
from benchmark.training.data.synthesis import Synthesis

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingData:
    """An opened source: the endless stream, the pairs of the validation curve, and the facts that the card tells.

    A pair is (degraded, clean), each (3, H, W) or (N, 3, H, W) in [0, 1].
    """

    stream: Stream
    validation: Sequence[tuple[Tensor, Tensor]] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def open_data(task: Task, scale: Scale, recipe: Recipe, source: DataSource) -> TrainingData:
    """The training data of a run: at scale paper the official pairs; at scale mini, or with photographs, the mini pairs.

    The stream has the recipe's stages and its share of clean samples; the validation pairs have none. Raises BadData
    where a set is not there or not whole, TrainingStopped for two sources at once.
    """
    if source.pairs is not None or source.dataset or (scale is Scale.PAPER and source.photos is None):
        if source.photos is not None or source.synthesis:
            asked = "--photos or --synthesis beside --data or --dataset"
            raise TrainingStopped("one source of training data", asked, "Give one of them.")
        data = TrainingData(*official_stream(task, recipe, source.pairs, source.dataset))
    elif source.synthesis:
        data = open_synthesis(task, recipe, source.photos)
    else:
        data = open_mini(task, recipe, source.photos)
    return TrainingData(_by_recipe(data.stream, recipe), data.validation, data.facts)


def open_mini(task: Task, recipe: Recipe, photos: Path | None) -> TrainingData:
    """Crops of pairs that are made once for these photographs, or from dead leaves, and kept in the user's own folder."""
    return TrainingData(*packed_stream(cached_mini_train(plan_for(task, recipe.patch, photos)), task, recipe))


def open_synthesis(task: Task, recipe: Recipe, photos: Path | None) -> TrainingData:
    """New pairs for every sample, made while the network trains."""
    stream = Synthesis(task, recipe.batch, recipe.patch, recipe.seed, PictureChoice(photos, part="training"))
    held_out = PictureChoice(photos, part="validation")
    apart = Synthesis(task, VALIDATION_CROPS, VALIDATION_SIDE, VALIDATION_SEED, held_out)
    facts: dict[str, Any] = {"stream": "synthesis from dead leaves", "first_batch": first_batch(stream)}
    photographs = stream.pictures.photographs
    if photographs is not None:
        told = f"synthesis from photographs, with a share of {stream.pictures.choice.leaves} dead leaves"
        facts |= {"stream": told, "photographs": photographs.facts()}
    facts |= {"validation": f"{VALIDATION_CROPS} pairs of {VALIDATION_SIDE} x {VALIDATION_SIDE} made apart"}
    return TrainingData(stream, [apart.batch(0)], facts)


def _by_recipe(stream: Stream, recipe: Recipe) -> Stream:
    """The stream with the batches and patches of the recipe's stages, and its clean share."""
    if not recipe.stages:
        return _with_clean(stream, recipe.batch, recipe)
    if not isinstance(stream, Resizable):
        raise TrainingStopped("a stream for stages", type(stream).__name__, "Give --batch or --patch: that ends them.")
    streams = [_with_clean(stream.resized(s.batch, s.patch), s.batch, recipe) for s in recipe.stages]
    return Staged(streams, [round(stage.until * recipe.iterations) for stage in recipe.stages])


def _with_clean(stream: Stream, batch: int, recipe: Recipe) -> Stream:
    if not recipe.clean_share:
        return stream
    return WithClean(stream, recipe.clean_share, batch, recipe.seed, round(recipe.clean_from * recipe.iterations))
