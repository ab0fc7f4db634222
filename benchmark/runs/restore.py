"""Restoring and scoring the images of one data set: decoding, the network and the scoring overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.core.devices import is_out_of_memory, out_of_memory, release, trim
from benchmark.core.errors import OutOfMemory, SlkdBenchError
from benchmark.core.types import Pair
from benchmark.runs.batches import AHEAD, Stretch, Undecoded, batches
from benchmark.runs.cells import ImageScore
from benchmark.runs.scoring import Scored, a_number, broken, moved, score_images

if TYPE_CHECKING:
    import torch

    from benchmark.datasets.pairs import Dataset
    from benchmark.protocols import Protocol

_TRIM_PIXELS = 2**24  # decoded pixels after which freed pages go back to the system

Restorer = Callable[["torch.Tensor"], "torch.Tensor"]
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
class Course:
    """How the images of a set go through a network: on which device, which of them, and who is told."""

    device: str = "cpu"
    stretch: Stretch = field(default_factory=Stretch)
    hooks: Hooks = field(default_factory=Hooks)


@dataclass
class _Sent:
    """Images in their order, and the scores to come of those that went through the network together."""

    images: list[tuple[str, str] | Undecoded]  # name and scene
    scores: Future[list[Scored]] | None = None


def restore_and_score(
    restorer: Restorer, dataset: Dataset, protocol: Protocol, course: Course | None = None
) -> Restoration:
    """Runs every degraded image of `dataset` through `restorer` and scores it under `protocol`.

    Images of one size go through together. While the network works on one batch, the next is decoded and the last is
    scored; no more than a few batches are in memory at a time. An image that cannot be read, restored or scored raises
    its own error, or is noted as a failure where `course` says to keep going. Raises OutOfMemory where a single image is
    too large.

    Args:
        restorer: from (N, 3, H, W) in [0, 1] on the device of `course` to restored images of the same shape.
        dataset: whose pairs are taken in their order.
        protocol: how they are scored, on the same device.
        course: where the network is, which images are taken, what is told; all of them on the CPU when it is not given.
    """
    import torch

    work = _Work(restorer, protocol, course or Course())
    with ThreadPoolExecutor(1) as scoring, torch.inference_mode():
        waiting: deque[_Sent] = deque()
        try:
            for batch in batches(dataset, work.course.stretch, work.course.device):
                waiting.append(work.send(batch, scoring))
                del batch  # the pixels of the last batch must not live through the decoding of the next
                while len(waiting) > AHEAD or (waiting and _is_done(waiting[0])):
                    work.collect(waiting.popleft())
        except BaseException:
            with suppress(Exception):  # what went through the network is not lost: its scores are waited for anyway
                while waiting:
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
    course: Course
    result: Restoration = field(default_factory=Restoration)
    _pixels: int = 0

    def send(self, images: list[Pair | Undecoded], scoring: ThreadPoolExecutor) -> _Sent:
        """Restores a batch and hands it to the scoring thread."""
        import torch

        batch = [image for image in images if isinstance(image, Pair)]
        sent = _Sent([(image.name, image.scene) if isinstance(image, Pair) else image for image in images])
        if not batch:
            return sent
        degraded = moved(torch.stack([pair.degraded for pair in batch]), self.course.device)
        restored = self._restored(degraded, [pair.name for pair in batch])
        if isinstance(restored, list):  # they went through one by one, and some may have failed
            sent.scores = scoring.submit(self._one_by_one, restored, batch)
        else:
            sent.scores = scoring.submit(score_images, self.protocol, restored, batch, self.course.hooks.restored)
        self._trim(degraded)
        return sent

    def _restored(self, degraded: torch.Tensor, names: list[str]) -> torch.Tensor | list[torch.Tensor | SlkdBenchError]:
        """The restored batch; image by image where the whole fails, and then each image or what is wrong with it."""
        try:
            return self.restorer(degraded)
        except Exception as problem:
            if len(names) == 1 and not self.course.stretch.keep_going:
                raise self._named(problem, names[0], degraded) from problem
            if not (is_out_of_memory(problem) or self.course.stretch.keep_going or len(names) > 1):
                raise
        release(self.course.device)
        restored: list[torch.Tensor | SlkdBenchError] = []
        for image, name in zip(degraded.split(1), names, strict=True):
            try:
                restored.append(self.restorer(image))
            except Exception as problem:
                named = self._named(problem, name, image)
                if not self.course.stretch.keep_going:
                    raise named from problem
                restored.append(named)
        return restored

    def _named(self, problem: Exception, name: str, image: torch.Tensor) -> SlkdBenchError:
        """What a restorer raised, with the image on which it happened."""
        height, width = image.shape[-2:]
        if is_out_of_memory(problem):
            release(self.course.device)
            return out_of_memory(
                problem, f"the network's pass over {name}, {width}x{height} pixels", self.course.device
            )
        if isinstance(problem, OutOfMemory):
            return problem
        if isinstance(problem, SlkdBenchError):
            return type(problem)(f"{problem.expected} (image {name}, {width}x{height})", problem.found, problem.remedy)
        return broken(problem, name, width, height)

    def _one_by_one(self, restored: list[torch.Tensor | SlkdBenchError], batch: list[Pair]) -> list[Scored]:
        scores: list[Scored] = []
        for image, pair in zip(restored, batch, strict=True):
            scores += [image] if isinstance(image, SlkdBenchError) else self._score_one(image, pair)
        return scores

    def _score_one(self, image: torch.Tensor, pair: Pair) -> list[Scored]:
        return score_images(self.protocol, image, [pair], self.course.hooks.restored)

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
            if isinstance(image, Undecoded):
                outcomes.append((image.name, image.reason))
                continue
            score = a_number(next(scores), image[0])
            if not isinstance(score, SlkdBenchError):
                further = self.course.hooks.further(image[0]) if self.course.hooks.further else {}
                outcomes.append(ImageScore(*image, score.psnr, score.ssim, further))
            elif self.course.stretch.keep_going:
                outcomes.append((image[0], str(score)))
            else:
                raise score
        for outcome in outcomes:
            self.result.add(outcome)
            if self.course.hooks.score and isinstance(outcome, ImageScore):
                self.course.hooks.score(outcome)
        if self.course.hooks.batch:
            self.course.hooks.batch(outcomes)
