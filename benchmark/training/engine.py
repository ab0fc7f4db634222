"""The engine: trains any objective, or several side by side, on any stream by a recipe; a killed run goes on.

On the CPU a resumed run gives the same weights as an unbroken one, and a method trained beside others the same as one
trained alone, bit for bit.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.core.errors import BadOutput, TrainingStopped
from benchmark.training import checkpoint, distributed, validation
from benchmark.training.data.loader import Batches
from benchmark.training.data.stream import Steps, Stream
from benchmark.training.live import LiveView
from benchmark.training.log import Log
from benchmark.training.recipe import Recipe
from benchmark.training.run import Run
from benchmark.training.teacher import SharedTeacher


@dataclass(frozen=True)
class Settings:
    """What surrounds a run without changing what is learnt (but for the device): where, how often, how loud.

    `validate_every`, `log_every` and `norms_every` count steps (0: only at the end, or never for norms after step 0);
    `checkpoint_seconds` is the time between two checkpoints. `threads` is torch's number of threads (None: as it is).
    """

    device: str = "cpu"
    threads: int | None = None
    channels_last: bool = False
    resume: bool = True
    validate_every: int = 500
    log_every: int = 20
    norms_every: int = 500
    checkpoint_seconds: float = 60.0
    prefetch: int = 4
    tensorboard: bool = False
    quiet: bool = False
    title: str = "training"


@dataclass(frozen=True)
class TrainingResult:
    """A finished run: the state dict to ship (the running mean where the recipe keeps one) and what the card tells."""

    state: dict[str, Tensor]
    seconds: float
    images: int
    parameters: int
    curve: list[tuple[int, float]]
    gradient_norms: dict[str, dict[str, float]] = field(default_factory=dict)
    world: int = 1
    device: str = "cpu"


@dataclass(frozen=True)
class Member:
    """One of the methods that train side by side: its objective, the folder of its checkpoint and metrics.jsonl, and the
    facts (method, data) that must be the same for its run to be taken up again."""

    objective: nn.Module
    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    title: str = ""


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGTERM and SIGINT instead of dying of them, so that the step can end and the checkpoint be written."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(kind, lambda number, _: received.append(number)) for kind in kinds]
    try:
        yield received
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def train(
    objective: nn.Module,
    stream: Stream,
    recipe: Recipe,
    folder: Path,
    settings: Settings = Settings(),
    pairs: Sequence[tuple[Tensor, Tensor]] = (),
    facts: dict[str, Any] | None = None,
) -> TrainingResult:
    """Train `objective` (its `student` is the result) and return the last step's weights; none is picked by a score.

    `objective(degraded, clean)` gives unweighted terms by name, `objective.weights` their weights. `folder` holds the
    checkpoint and metrics.jsonl; `pairs` are validation pairs; `facts` (method, data) must be the same for a run to be
    taken up again. Under torchrun all processes call this alike. Raises TrainingStopped where a term is not finite, a
    checkpoint does not fit or a signal asks to stop, and BadOutput where the folder cannot be written.
    """
    member = Member(objective, folder, facts or {}, settings.title)
    result = train_together([member], stream, recipe, settings, pairs)[0]
    if isinstance(result, TrainingStopped):
        raise result
    return result


def train_together(
    members: Sequence[Member],
    stream: Stream,
    recipe: Recipe,
    settings: Settings = Settings(),
    pairs: Sequence[tuple[Tensor, Tensor]] = (),
) -> list[TrainingResult | TrainingStopped]:
    """Train several objectives on the same batches, step by step, each as `train` would alone; results in their order.

    A batch is made once, and a `SharedTeacher` that they have in common computes its features of it once. A member with
    a term that is not finite stops, and its TrainingStopped stands in the place of its result; the others go on.
    Raises as `train` for what concerns all: a checkpoint that does not fit, a folder, a signal.
    """
    device = distributed.local_device(settings.device)
    rank, world = distributed.start(device)
    if recipe.batch % world:
        raise TrainingStopped(f"a batch that {world} processes can share alike", str(recipe.batch), "Change --batch.")
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    form = torch.channels_last if settings.channels_last else torch.contiguous_format
    seats = [_Seat(member, recipe, device, rank, world, settings) for member in members]
    teachers = {
        id(t): t for seat in seats if isinstance(t := getattr(seat.run.objective, "teacher", None), SharedTeacher)
    }
    first = min(seat.run.step for seat in seats)
    view = LiveView(settings.title, recipe.iterations, quiet=settings.quiet or rank > 0)
    saved = time.monotonic()
    batches = Batches(stream, Steps(first, recipe.iterations, rank, world), device, settings.prefetch)
    with _signals() as received, view, batches, ExitStack() as logs:
        for seat in seats:
            seat.open_log(logs, settings)
        for step, (degraded, clean) in enumerate(batches, first):
            degraded = degraded.to(device, non_blocking=True).contiguous(memory_format=form)
            clean = clean.to(device, non_blocking=True).contiguous(memory_format=form)
            for teacher in teachers.values():
                teacher.begin(degraded, clean)
            taking_part = [seat for seat in seats if seat.run.step == step and seat.failure is None]
            for seat in taking_part:
                seat.advance(degraded, clean, world, settings, pairs, len(seats) > 1)
            last = step + 1 == recipe.iterations
            if rank == 0 and (last or step == 0 or (step + 1) % max(1, settings.log_every) == 0):
                _show(view, [seat for seat in taking_part if seat.failure is None], recipe)
            wishes = torch.tensor([len(received) > 0, time.monotonic() - saved >= settings.checkpoint_seconds]).float()
            stopping, due = (distributed.average(wishes.to(device) if world > 1 else wishes, world) > 0).tolist()
            if last or due or stopping:
                for seat in taking_part:
                    seat.save(rank, world)
                saved = time.monotonic()
            if stopping and not last:
                raise TrainingStopped(
                    "to train to the end",
                    f"a signal to stop; the checkpoint stands at step {step + 1}",
                    "Give the same command again: it goes on from there.",
                )
            if all(seat.failure is not None for seat in seats):
                break
    return [seat.failure or seat.result(recipe, world, device) for seat in seats]


class _Seat:
    """A member in its place: its run, its own random generators, its log, and what stopped it."""

    def __init__(
        self, member: Member, recipe: Recipe, device: torch.device, rank: int, world: int, settings: Settings
    ) -> None:
        self.member, self.rank = member, rank
        try:
            member.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadOutput(f"to write to {member.folder}", str(error.strerror), "Give another --out.") from error
        objective = member.objective
        objective.to(device).train()
        if settings.channels_last:
            objective.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        distributed.broadcast_module(objective, world)
        torch.manual_seed(recipe.seed + rank)
        self.run = Run(objective, recipe, device)
        self.identity = {"recipe": recipe.as_dict(), "objective": type(objective).__name__, **member.facts}
        self.path = member.folder / "checkpoint.pt"
        if settings.resume and self.path.is_file():
            self.run.load(self.path, self.identity, rank)
        self.random = checkpoint.random_state()
        self.log: Log | None = None
        self.failure: TrainingStopped | None = None
        self.shown: tuple[dict[str, float], float] = ({}, 0.0)
        self._unmeasured = time.monotonic()

    def open_log(self, logs: ExitStack, settings: Settings) -> None:
        """Opens the log in process 0, to be closed with `logs`."""
        if self.rank == 0:
            self.log = logs.enter_context(closing(Log(self.member.folder, self.run.step, settings.tensorboard)))
        self._unmeasured = time.monotonic()

    def advance(
        self,
        degraded: Tensor,
        clean: Tensor,
        world: int,
        settings: Settings,
        pairs: Sequence[tuple[Tensor, Tensor]],
        beside: bool,
    ) -> None:
        """One step with this member's random generators, its validation and its log."""
        run, recipe = self.run, self.run.recipe
        step = run.step
        begin = (
            time.monotonic() if beside else self._unmeasured
        )  # alone, waiting for batches and checkpoints counts too
        with_norms = step == 0 or (settings.norms_every > 0 and step % settings.norms_every == 0)
        checkpoint.restore_random_state(self.random)
        try:
            names, values = run.advance(degraded, clean, world, with_norms)
        except TrainingStopped as failure:
            self.failure = failure
            return
        self.random = checkpoint.random_state()
        last = run.step == recipe.iterations
        if pairs and (last or (settings.validate_every > 0 and run.step % settings.validate_every == 0)):
            psnr = validation.mean_psnr(run.shipped, pairs, run.device)
            run.curve.append((run.step, psnr))
            if self.log is not None:
                self.log.write("validation", run.step, psnr=psnr)
        self._unmeasured = time.monotonic()
        run.seconds += self._unmeasured - begin
        if self.log is None:
            return
        if with_norms:
            self.log.write("gradients", step, norms=run.norms[str(step)])
        if last or step == 0 or run.step % max(1, settings.log_every) == 0:
            *terms, loss = values.tolist()
            self.shown = dict(zip(names, terms, strict=True)), loss
            self.log.write(
                "train", run.step, terms=self.shown[0], loss=loss, rate=recipe.rate(step), seconds=run.seconds
            )

    def save(self, rank: int, world: int) -> None:
        """The checkpoint, with this member's random generators; every process must call."""
        if self.failure is None:
            self.run.save(self.path, self.identity, rank, world, self.random)

    def result(self, recipe: Recipe, world: int, device: torch.device) -> TrainingResult:
        """What the finished run gives."""
        run = self.run
        return TrainingResult(
            state=checkpoint.to_cpu(run.shipped.state_dict()),
            seconds=run.seconds,
            images=recipe.iterations * recipe.batch,
            parameters=sum(p.numel() for p in run.student.parameters()),
            curve=run.curve,
            gradient_norms=run.norms,
            world=world,
            device=str(device),
        )


def _show(view: LiveView, seats: Sequence[_Seat], recipe: Recipe) -> None:
    """One member with all its terms; of several, the loss of each."""
    if not seats:
        return
    step = seats[0].run.step
    curves = [seat.run.curve[-1][1] for seat in seats if seat.run.curve]
    view.psnr = sum(curves) / len(curves) if curves else None
    terms, loss = seats[0].shown
    if len(seats) > 1:
        terms = {seat.member.title: seat.shown[1] for seat in seats}
        loss = sum(terms.values()) / len(terms)
    view.update(step, recipe.batch, recipe.rate(step - 1), terms, loss)
