"""Restoring and scoring the images of one data set: decoding, the network and the scoring overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Pair, Score
from benchmark.protocols.choices import Rounding

if TYPE_CHECKING:
    import torch

    from benchmark.datasets import Dataset
    from benchmark.protocols import Protocol

BATCH_PIXELS = 4 * 128 * 192  # one size together up to this; larger batches fall out of a CPU's cache and slow it down
_AHEAD = 2  # batches decoded ahead of the network

Restorer = Callable[["torch.Tensor"], "torch.Tensor"]
Scored = Score | SlkdBenchError


@dataclass
class Restoration:
    """The scores in the order of the data set, and the images that failed with the reason."""

    scores: list[tuple[Pair, Score]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def restore_and_score(
    restorer: Restorer,
    dataset: Dataset,
    protocol: Protocol,
    device: str = "cpu",
    *,
    limit: int | None = None,
    keep_going: bool = False,
    on_score: Callable[[Pair, Score], None] | None = None,
    on_restored: Callable[[Pair, torch.Tensor], None] | None = None,
) -> Restoration:
    """Runs every degraded image of `dataset` through `restorer` and scores it under `protocol`.

    Images of one size go through together. While the network works on one batch, the next is decoded and the last is
    scored. An image that cannot be read or scored raises its own error, or with `keep_going` is noted as a failure.
    `on_restored` is called with each restored image (3, H, W), not clamped, in the thread that scores.
    """
    import torch

    result = Restoration()
    indices = range(len(dataset) if limit is None else min(limit, len(dataset)))
    with ThreadPoolExecutor(1) as scoring, torch.inference_mode():
        waiting: list[tuple[Sequence[Pair], Future[list[Scored]]]] = []
        for batch in _batches(dataset, indices, result, keep_going):
            degraded = torch.stack([pair.degraded for pair in batch]).to(device)
            restored = restorer(degraded)
            waiting.append((batch, scoring.submit(_score, protocol, restored, batch, on_restored)))
            while waiting and (len(waiting) > _AHEAD or waiting[0][1].done()):
                _collect(*waiting.pop(0), result, keep_going, on_score)
        for sent, future in waiting:
            _collect(sent, future, result, keep_going, on_score)
    return result


def _score(
    protocol: Protocol,
    restored: torch.Tensor,
    batch: Sequence[Pair],
    on_restored: Callable[[Pair, torch.Tensor], None] | None,
) -> list[Scored]:
    """The score of every image of a batch, or what is wrong with it: one bad image leaves the others theirs."""
    import torch

    for pair, image in zip(batch, restored, strict=True) if on_restored else ():
        assert on_restored
        on_restored(pair, image)
    clean = torch.stack([pair.clean for pair in batch]).to(restored.device)
    if protocol.rounding is Rounding.NONE and restored.device.type != "mps":
        restored, clean = restored.double(), clean.double()  # single precision errs by 1e-6 in the SSIM of flat images
    with torch.inference_mode():
        try:
            return [*protocol.score_batch(restored, clean)]
        except SlkdBenchError as problem:
            if len(batch) == 1:
                return [problem]
            return [
                one for i in range(len(batch)) for one in _score(protocol, restored[i : i + 1], batch[i : i + 1], None)
            ]


def _collect(
    batch: Sequence[Pair],
    future: Future[list[Scored]],
    result: Restoration,
    keep_going: bool,
    on_score: Callable[[Pair, Score], None] | None,
) -> None:
    for pair, score in zip(batch, future.result(), strict=True):
        if isinstance(score, SlkdBenchError):
            if not keep_going:
                raise score
            result.failures[pair.name] = str(score)
            continue
        # the scores are kept, the pixels are not: a data set may be larger than the memory
        result.scores.append((Pair(pair.name, pair.degraded[:0], pair.clean[:0], pair.scene), score))
        if on_score:
            on_score(pair, score)


def _batches(dataset: Dataset, indices: range, result: Restoration, keep_going: bool) -> Iterator[list[Pair]]:
    """Consecutive pairs of equal size, at most BATCH_PIXELS pixels together, decoded ahead of time."""
    batch: list[Pair] = []
    with ThreadPoolExecutor(1) as decoding:
        ahead: list[tuple[int, Future[Pair]]] = []
        upcoming = iter(indices)
        depth = 1
        while True:
            while len(ahead) < depth and (index := next(upcoming, None)) is not None:
                ahead.append((index, decoding.submit(dataset.__getitem__, index)))
            if not ahead:
                break
            index, future = ahead.pop(0)
            try:
                pair = future.result()
            except SlkdBenchError as problem:
                if not keep_going:
                    for _, unneeded in ahead:
                        unneeded.cancel()
                    raise
                result.failures[dataset.names()[index]] = str(problem)
                continue
            pixels = pair.degraded.shape[-1] * pair.degraded.shape[-2]
            depth = _AHEAD * max(1, BATCH_PIXELS // pixels)
            same_size = not batch or batch[0].degraded.shape == pair.degraded.shape
            if batch and (not same_size or (len(batch) + 1) * pixels > BATCH_PIXELS):
                yield batch
                batch = []
            batch.append(pair)
    if batch:
        yield batch
