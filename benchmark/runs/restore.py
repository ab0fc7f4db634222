"""Restoring and scoring the images of one data set: decoding, the network and the scoring overlap."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.core.devices import is_out_of_memory, kind, out_of_memory, release, trim
from benchmark.core.errors import BadImage, BadMethod, OutOfMemory, SlkdBenchError
from benchmark.core.types import Pair, Score
from benchmark.protocols.choices import Rounding
from benchmark.runs.cells import ImageScore

if TYPE_CHECKING:
    import torch

    from benchmark.datasets.pairs import Dataset
    from benchmark.protocols import Protocol

BATCH_PIXELS = 4 * 128 * 192  # one size together up to this; larger batches fall out of a CPU's cache and slow it down
DEVICE_PIXELS = 4 * 720 * 1280  # the same on an accelerator, which is idle below some millions of pixels
_AHEAD = 2  # batches decoded ahead of the network
_DECODERS = 4  # threads that decode for an accelerator; on a CPU one, beside the network's own
_TRIM_PIXELS = 2**24  # decoded pixels after which freed pages go back to the system

Restorer = Callable[["torch.Tensor"], "torch.Tensor"]
Scored = Score | SlkdBenchError
Outcome = ImageScore | tuple[str, str]


@dataclass
class Restoration:
    """The scores in the order of the data set, and the images that failed with the reason. No pixels are kept."""

    scores: list[ImageScore] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Takes the score of an image, or its name with the reason why it has none."""
        if isinstance(outcome, ImageScore):
            self.scores.append(outcome)
        else:
            self.failures[outcome[0]] = outcome[1]


@dataclass(frozen=True)
class Hooks:
    """What is called as images are done: `score` with each score, `restored` with each pair and its restored image
    (3, H, W), not clamped, in the thread that scores; `batch` with the outcomes of images that went through together.
    `further` gives the further metrics of an image by its name, after `restored` had it.
    """

    score: Callable[[ImageScore], None] | None = None
    restored: Callable[[Pair, torch.Tensor], None] | None = None
    batch: Callable[[list[Outcome]], None] | None = None
    further: Callable[[str], dict[str, float]] | None = None


@dataclass(frozen=True)
class Stretch:
    """Which images: those from `first` on, up to `limit` counted from the beginning of the set; whether bad ones are
    left out."""

    first: int = 0
    limit: int | None = None
    keep_going: bool = False


@dataclass
class _Sent:
    """Images in their order, and the scores to come of those that went through the network together."""

    images: list[tuple[str, str] | _Undecoded]  # name and scene
    scores: Future[list[Scored]] | None = None


@dataclass(frozen=True)
class _Undecoded:
    """An image that cannot be decoded, and why."""

    name: str
    reason: str


def restore_and_score(
    restorer: Restorer,
    dataset: Dataset,
    protocol: Protocol,
    device: str = "cpu",
    *,
    stretch: Stretch | None = None,
    hooks: Hooks | None = None,
) -> Restoration:
    """Runs every degraded image of `dataset` through `restorer` and scores it under `protocol`.

    Images of one size go through together. While the network works on one batch, the next is decoded and the last is
    scored; no more than a few batches are in memory at a time. An image that cannot be read, restored or scored raises
    its own error, or is noted as a failure where `stretch` says to keep going. Raises OutOfMemory where a single image is
    too large.

    Args:
        restorer: from (N, 3, H, W) in [0, 1] on `device` to restored images of the same shape.
        dataset: whose pairs are taken in their order.
        protocol: how they are scored, on `device` too.
        device: where the network is.
        stretch: which images; all when it is not given.
        hooks: what is told as the work goes on.
    """
    import torch

    work = _Work(restorer, protocol, device, hooks or Hooks(), stretch or Stretch())
    with ThreadPoolExecutor(1) as scoring, torch.inference_mode():
        waiting: deque[_Sent] = deque()
        try:
            for batch in _batches(dataset, work.stretch, device):
                waiting.append(work.send(batch, scoring))
                del batch  # the pixels of the last batch must not live through the decoding of the next
                while len(waiting) > _AHEAD or (waiting and _is_done(waiting[0])):
                    work.collect(waiting.popleft())
        except BaseException:
            with suppress(Exception):  # what is done is not lost
                while waiting and _is_done(waiting[0]):
                    work.collect(waiting.popleft())
            raise
        while waiting:
            work.collect(waiting.popleft())
    return work.result


def _is_done(sent: _Sent) -> bool:
    return sent.scores is None or sent.scores.done()


@dataclass
class _Work:
    """One call of `restore_and_score`."""

    restorer: Restorer
    protocol: Protocol
    device: str
    hooks: Hooks
    stretch: Stretch
    result: Restoration = field(default_factory=Restoration)
    _pixels: int = 0

    def send(self, images: list[Pair | _Undecoded], scoring: ThreadPoolExecutor) -> _Sent:
        """Restores a batch and hands it to the scoring thread."""
        import torch

        batch = [image for image in images if isinstance(image, Pair)]
        sent = _Sent([(image.name, image.scene) if isinstance(image, Pair) else image for image in images])
        if not batch:
            return sent
        degraded = _moved(torch.stack([pair.degraded for pair in batch]), self.device)
        restored = self._restored(degraded, [pair.name for pair in batch])
        if isinstance(restored, list):  # they went through one by one, and some may have failed
            sent.scores = scoring.submit(self._one_by_one, restored, batch)
        else:
            sent.scores = scoring.submit(_score, self.protocol, restored, batch, self.hooks.restored)
        self._trim(degraded)
        return sent

    def _restored(self, degraded: torch.Tensor, names: list[str]) -> torch.Tensor | list[torch.Tensor | SlkdBenchError]:
        """The restored batch; image by image where the whole fails, and then each image or what is wrong with it."""
        try:
            return self.restorer(degraded)
        except Exception as problem:
            if len(names) == 1 and not self.stretch.keep_going:
                raise self._named(problem, names[0], degraded) from problem
            if not (is_out_of_memory(problem) or self.stretch.keep_going or len(names) > 1):
                raise
        release(self.device)
        restored: list[torch.Tensor | SlkdBenchError] = []
        for image, name in zip(degraded.split(1), names, strict=True):
            try:
                restored.append(self.restorer(image))
            except Exception as problem:
                named = self._named(problem, name, image)
                if not self.stretch.keep_going:
                    raise named from problem
                restored.append(named)
        return restored

    def _named(self, problem: Exception, name: str, image: torch.Tensor) -> SlkdBenchError:
        """What a restorer raised, with the image on which it happened."""
        height, width = image.shape[-2:]
        if is_out_of_memory(problem):
            release(self.device)
            return out_of_memory(problem, f"the network's pass over {name}, {width}x{height} pixels", self.device)
        if isinstance(problem, OutOfMemory):
            return problem
        if isinstance(problem, SlkdBenchError):
            return type(problem)(f"{problem.expected} (image {name}, {width}x{height})", problem.found, problem.remedy)
        return _broken(problem, name, width, height)

    def _one_by_one(self, restored: list[torch.Tensor | SlkdBenchError], batch: list[Pair]) -> list[Scored]:
        scores: list[Scored] = []
        for image, pair in zip(restored, batch, strict=True):
            scores += [image] if isinstance(image, SlkdBenchError) else self._score_one(image, pair)
        return scores

    def _score_one(self, image: torch.Tensor, pair: Pair) -> list[Scored]:
        return _score(self.protocol, image, [pair], self.hooks.restored)

    def _trim(self, degraded: torch.Tensor) -> None:
        """Now and then gives freed pages back: the C library keeps those of every thread, of each some hundred MiB."""
        self._pixels += degraded.shape[0] * degraded.shape[-1] * degraded.shape[-2]
        if self._pixels > _TRIM_PIXELS:
            self._pixels = 0
            trim()

    def collect(self, sent: _Sent) -> None:
        """Takes the outcomes of a batch; raises the first error where it is not to go on."""
        scores = iter(sent.scores.result() if sent.scores else ())
        outcomes: list[Outcome] = []
        for image in sent.images:
            if isinstance(image, _Undecoded):
                outcomes.append((image.name, image.reason))
                continue
            score = _a_number(next(scores), image[0])
            if not isinstance(score, SlkdBenchError):
                further = self.hooks.further(image[0]) if self.hooks.further else {}
                outcomes.append(ImageScore(*image, score.psnr, score.ssim, further))
            elif self.stretch.keep_going:
                outcomes.append((image[0], str(score)))
            else:
                raise score
        for outcome in outcomes:
            self.result.add(outcome)
            if self.hooks.score and isinstance(outcome, ImageScore):
                self.hooks.score(outcome)
        if self.hooks.batch:
            self.hooks.batch(outcomes)


def _a_number(score: Scored, name: str) -> Scored:
    """`score` itself, or an error where it is no number: such a score must stand in no result."""
    if isinstance(score, SlkdBenchError) or not (math.isnan(score.psnr) or math.isnan(score.ssim)):
        return score
    remedy = "Look at the protocol, and at the values of the restored image."
    return BadImage(f"scores of {name} that are numbers", f"PSNR {score.psnr}, SSIM {score.ssim}", remedy)


def _broken(problem: Exception, name: str, width: int, height: int) -> SlkdBenchError:
    said = str(problem).splitlines()[0].rstrip(".") if str(problem) else "no reason given"
    odd = width % 8 or height % 8
    remedy = (
        "If it needs sides divisible by a number, say --multiple N: images are padded and cropped again. "
        if odd and isinstance(problem, RuntimeError | ValueError)
        else ""
    )
    remedy += "--keep-going scores the images that work and names the others."
    found = f"{type(problem).__name__}: {said}"
    return BadMethod(f"a network that restores {name}, {width}x{height} pixels", found, remedy)


def _moved(batch: torch.Tensor, device: str) -> torch.Tensor:
    """`batch` on `device`; to CUDA from pinned memory, so that the copy runs beside the last batch's network."""
    if kind(device) == "cuda":
        return batch.pin_memory().to(device, non_blocking=True)
    return batch.to(device)


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
    clean = _moved(torch.stack([pair.clean for pair in batch]), str(restored.device))
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


def _batches(dataset: Dataset, stretch: Stretch, device: str) -> Iterator[list[Pair | _Undecoded]]:
    """Consecutive pairs of equal size, at most so many pixels together, decoded ahead of time."""
    most = BATCH_PIXELS if kind(device) == "cpu" else DEVICE_PIXELS
    workers = 1 if kind(device) == "cpu" else _DECODERS
    last = len(dataset) if stretch.limit is None else min(stretch.limit, len(dataset))
    names = dataset.names()
    batch: list[Pair | _Undecoded] = []
    size, count = (0, 0), 0  # of the batch's pairs
    with ThreadPoolExecutor(workers) as decoding:
        ahead: deque[tuple[int, Future[Pair]]] = deque()
        upcoming = iter(range(stretch.first, last))
        depth = workers
        while True:
            while len(ahead) < depth and (index := next(upcoming, None)) is not None:
                ahead.append((index, decoding.submit(dataset.__getitem__, index)))
            if not ahead:
                break
            index, future = ahead.popleft()
            try:
                pair = future.result()
            except Exception as problem:
                reason = _undecoded(problem, names[index], stretch.keep_going)
                if not reason:
                    for _, unneeded in ahead:
                        unneeded.cancel()
                    raise
                batch.append(_Undecoded(names[index], reason))
                continue
            own = (int(pair.degraded.shape[-2]), int(pair.degraded.shape[-1]))
            pixels = own[0] * own[1]
            depth = workers * _AHEAD * max(1, most // pixels // workers)
            if count and (own != size or (count + 1) * pixels > most):
                yield batch
                batch, count = [], 0
            batch.append(pair)
            size, count = own, count + 1
            del pair, future
    if batch:
        yield batch


def _undecoded(problem: Exception, name: str, keep_going: bool) -> str:
    """Why an image could not be decoded, where it is to be left out; empty where that is to be raised."""
    if not keep_going:
        return ""
    if is_out_of_memory(problem):
        return str(out_of_memory(problem, f"the decoded image {name}", "cpu"))
    return str(problem) if isinstance(problem, SlkdBenchError) else ""
