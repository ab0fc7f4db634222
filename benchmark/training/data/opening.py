"""Opening the source of a training: its endless stream, the pairs of its validation curve, and the facts for its card."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import TrainingStopped
from benchmark.core.types import Scale, Task
from benchmark.training.data.clean_share import WithClean
from benchmark.training.data.mini import TrainingStream
from benchmark.training.data.pairs import official_stream
from benchmark.training.data.source import DataSource

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.training.data.stream import Stream
    from benchmark.training.recipe import Recipe

VALIDATION_SEED = 900_001  # far from any training seed: the curve's pairs are drawn apart, and are never test pairs
VALIDATION_CROPS, VALIDATION_SIDE = 16, 128  # a side that no network pads: Uformer's 96 became 128 by zeros


@dataclass(frozen=True)
class TrainingData:
    """An opened source: the endless stream, the pairs of the validation curve, and the facts that the card tells.

    A pair is (degraded, clean), each (3, H, W) or (N, 3, H, W) in [0, 1].
    """

    stream: Stream
    validation: Sequence[tuple[Tensor, Tensor]] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def open_data(task: Task, scale: Scale, recipe: Recipe, source: DataSource) -> TrainingData:
    """The training data of a run: at scale paper the official pairs; at scale mini, or with photographs, synthesis.

    The stream has the recipe's share of clean samples; the validation pairs have none. Raises BadData where the official
    set is not there, TrainingStopped for two sources at once.
    """
    if source.pairs is not None or source.dataset or (scale is Scale.PAPER and source.photos is None):
        if source.photos is not None:
            raise TrainingStopped(
                "one source of training data", "--photos beside --data or --dataset", "Give one of them."
            )
        stream: Stream
        stream, validation, facts = official_stream(task, recipe, source.pairs, source.dataset)
        data = TrainingData(stream, validation, facts)
    else:
        data = open_synthesis(task, recipe, source.photos)
    if not recipe.clean_share:
        return data
    start = round(recipe.clean_from * recipe.iterations)
    mixed = WithClean(data.stream, recipe.clean_share, recipe.batch, recipe.seed, start)
    return TrainingData(mixed, data.validation, data.facts)


def open_synthesis(task: Task, recipe: Recipe, photos: Path | None) -> TrainingData:
    """The synthetic training stream over dead leaves, or over photographs as well."""
    stream = TrainingStream(task, recipe.batch, recipe.patch, recipe.seed, photos)
    apart = TrainingStream(task, VALIDATION_CROPS, VALIDATION_SIDE, VALIDATION_SEED, photos)
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
    facts |= {"validation": f"{VALIDATION_CROPS} crops of {VALIDATION_SIDE} x {VALIDATION_SIDE} made apart"}
    return TrainingData(stream, [apart.batch(0)], facts)
