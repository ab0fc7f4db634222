"""One cell computed: the network loaded, every image restored and scored, the result with its key."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadOutput, BadResult
from benchmark.core.precision import exact
from benchmark.core.types import Pair
from benchmark.images.io import save_image
from benchmark.methods.outside_files import reading
from benchmark.protocols import get_protocol, without_protocol
from benchmark.runs.batches import Stretch
from benchmark.runs.cells import Cell, ImageScore
from benchmark.runs.code import made_by
from benchmark.runs.extras import Extras, ready
from benchmark.runs.key import division
from benchmark.runs.options import RunOptions
from benchmark.runs.partial import Partial
from benchmark.runs.restore import Course, Hooks, Restoration, Restorer, restore_and_score

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchmark.runs.plan import PlannedCell


def compute(cell: PlannedCell, network: nn.Module, options: RunOptions, on_score: Callable[[ImageScore], None]) -> Cell:
    """Restores and scores the images of `cell` with `network`, going on from those that are done.

    Raises the first error of an image unless `options` keep going, BadResult where no image has a score, BadOutput
    where what is done cannot be written.
    """
    restorer = bounded(network, options.memory)
    names = cell.dataset.names()[: options.limit]
    saver = _saver(options.save_images, cell) if options.save_images else None
    extras = Extras(ready(options.metrics, options.device)[0]) if options.metrics else None
    with Partial(cell.path, _partial_key(cell, options), names) as partial:
        resume = not saver and not cell.key.get("unknown")
        restoration = Restoration()
        for outcome in partial.done if resume else ():
            restoration.add(outcome)
            if isinstance(outcome, ImageScore):
                on_score(outcome)
        first = len(restoration.scores) + len(restoration.failures)
        hooks = Hooks(on_score, _both(saver, extras), partial.add if resume else None, extras.of if extras else None)
        with exact(options.device, options.tf32), reading() as files:
            fresh = restore_and_score(
                restorer,
                cell.dataset,
                get_protocol(cell.dataset.protocol),
                Course(options.device, Stretch(first, options.limit, options.keep_going), hooks),
            )
        for line in extras.refused if extras else ():
            logger.warning("without %s", line)
        scores = (*restoration.scores, *fresh.scores)
        failures = restoration.failures | fresh.failures
        if not scores:
            raise BadResult(f"scores of {cell.dataset.id}", f"none: {_first(failures)}", "See the reason above.")
        key = dict(cell.key)
        if options.memory is not None and getattr(restorer, "divided", False):
            key["divided"] = division(options.memory)
        if cell.method.loader and (read := files.hashes()):
            key["files"] = key.get("files", {}) | read
        made = made_by(options.device)
        return Cell(
            cell.method.id, cell.dataset.id, cell.shelf, cell.seed, key, made, scores, failures, cell.total, cell.origin
        )


def _both(saver: Callable[[Pair, Tensor], None] | None, extras: Extras | None) -> Callable[[Pair, Tensor], None] | None:
    """What is done with every restored image: it is saved, measured further, or both."""
    if saver is None or extras is None:
        return saver or extras

    def both(pair: Pair, restored: Tensor) -> None:
        saver(pair, restored)
        extras(pair, restored)

    return both


def bounded(network: nn.Module, memory: float | None) -> Restorer:
    """`network` within `memory` GiB where that is given; `divided` of the result counts the images that were divided."""
    if memory is None:
        return network
    from benchmark.runs.tiling import MemoryBound

    return MemoryBound(network, memory)


def _partial_key(cell: PlannedCell, options: RunOptions) -> dict[str, Any]:
    """What lines of an unfinished cell hang on: its key, and the bound within which its images were divided."""
    further = {"metrics": sorted(options.metrics)} if options.metrics else {}
    return {**cell.key, "memory": options.memory, **further}


def _first(failures: dict[str, str]) -> str:
    return next((f"{name}: {why}" for name, why in failures.items()), "no image")


@dataclass(frozen=True)
class _Folder:
    """Writes restored images as PNG, rounded to bytes exactly as the protocols round them."""

    own: Path

    def __call__(self, pair: Pair, restored: Tensor) -> None:
        try:
            save_image(self.own / f"{pair.name}.png", restored.clamp(0, 1).mul(255).round().div(255))
        except OSError as problem:
            raise _unwritable(self.own, problem) from problem


def _saver(folder: Path, cell: PlannedCell) -> _Folder:
    own = folder / without_protocol(cell.dataset.id) / (cell.method.id + (f".seed{cell.seed}" if cell.seed else ""))
    try:
        own.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _unwritable(own, problem) from problem
    return _Folder(own)


def _unwritable(folder: Path, problem: OSError) -> BadOutput:
    found = f"{folder}: {problem.strerror or problem}"
    return BadOutput("a folder for images that can be written", found, "Choose another with --save-images.")
