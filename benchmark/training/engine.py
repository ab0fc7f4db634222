"""The engine: trains any objective, or several side by side, on any stream by a recipe; a killed run goes on.

On the CPU a resumed run gives the same weights as an unbroken one, and a method trained beside others the same as one
trained alone, bit for bit.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from benchmark.core.errors import AskedToStop, TrainingStopped
from benchmark.core.memory import keep_freed_memory
from benchmark.training import distributed, step, validation
from benchmark.training.data.loader import Batches
from benchmark.training.data.opening import TrainingData
from benchmark.training.data.stream import Steps
from benchmark.training.live import LiveView
from benchmark.training.member import Member, MemberState, Surroundings, TrainingResult
from benchmark.training.recipe import Recipe
from benchmark.training.run import Batch
from benchmark.training.settings import Settings
from benchmark.training.teacher import SharedTeacher

__all__ = ["Member", "Settings", "TrainingData", "TrainingResult", "train", "train_together"]


logger = logging.getLogger(__name__)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGTERM and SIGINT instead of dying of them, so that the step can end and the checkpoint be written.

    One that came with the last step is sent again afterwards: it was meant for what follows too.
    """
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
    if received:
        os.kill(os.getpid(), received[0])


def train(member: Member, data: TrainingData, recipe: Recipe, settings: Settings = Settings()) -> TrainingResult:
    """Train an objective (its `student` is the result) and return the last step's weights; none is picked by a score.

    `objective(degraded, clean)` gives unweighted terms by name, `objective.weights` their weights. Under torchrun all
    processes call this alike. Raises TrainingStopped where a term is not finite, a checkpoint does not fit or a signal
    asks to stop, and BadOutput where the folder cannot be written.
    """
    result = train_together([member], data, recipe, settings)[0]
    if isinstance(result, TrainingStopped):
        raise result
    return result


def train_together(
    members: Sequence[Member], data: TrainingData, recipe: Recipe, settings: Settings = Settings()
) -> list[TrainingResult | TrainingStopped]:
    """Train several objectives on the same batches, step by step, each as `train` would alone; results in their order.

    `recipe` decides the batches; a member's own, its rate and optimiser. A batch is made once, and a `SharedTeacher` that
    they have in common computes its features of it once. A member with
    a term that is not finite stops, and its TrainingStopped stands in the place of its result; the others go on.
    Raises as `train` for what concerns all: a checkpoint that does not fit, a folder, a signal.
    """
    device = distributed.local_device(settings.device)
    rank, world = distributed.start(device)
    for batch in {stage.batch for stage in recipe.stages} | {recipe.batch}:
        if batch % (world * settings.accumulate):
            sharers = f"{world} processes in {settings.accumulate} parts each"
            raise TrainingStopped(f"a batch that {sharers} can share alike", str(batch), "Change --batch.")
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    if device.type == "cpu":
        keep_freed_memory()
    shared = Surroundings(device, rank, world, settings, data.validation, len(members) > 1)
    with step.numerics(device, settings.tf32):
        states = [MemberState(member, member.recipe or recipe, shared) for member in members]
        loop = _Loop(states, data, recipe, shared)
        loop.run()
        input_psnr = validation.mean_psnr(nn.Identity(), data.validation, device) if data.validation else None
    return [state.failure or state.result(input_psnr, loop.waited) for state in states]


class _Loop:
    """The steps of all members, one after the other over each batch."""

    def __init__(self, states: Sequence[MemberState], data: TrainingData, recipe: Recipe, shared: Surroundings) -> None:
        self.states, self.data, self.recipe, self.shared = states, data, recipe, shared
        objectives = [state.run.objective for state in states]
        teachers = [t for o in objectives if isinstance(t := getattr(o, "teacher", None), SharedTeacher)]
        self.teachers = {id(teacher): teacher for teacher in teachers}.values()
        for teacher in self.teachers:
            step.hold(teacher, recipe.precision)
        for state in states if shared.settings.compile else []:
            state.run.call = step.compiled(state.run.objective, shared.device)
        for state in states:
            state.run.call = distributed.averaging(state.run.call, shared.world)
        self.begun = self.saved = time.monotonic()
        self.batches: Batches | None = None
        self.compiled: float | None = None

    @property
    def waited(self) -> float:
        """The share of the time so far that was spent waiting for batches."""
        return self.batches.waited / (time.monotonic() - self.begun) if self.batches is not None else 0.0

    def run(self) -> None:
        """All steps. Raises TrainingStopped after a signal."""
        shared, settings = self.shared, self.shared.settings
        first, last = min(state.run.step for state in self.states), self.recipe.iterations
        view = LiveView(settings.title, last, quiet=settings.quiet or shared.rank > 0, plain=settings.plain)
        steps = Steps(first, last, shared.rank, shared.world)
        self.batches = batches = Batches(self.data.stream, steps, shared.device, settings.prefetch)
        with _signals() as received, view, batches, ExitStack() as logs:
            for state in self.states:
                state.open_log(logs)
            for number, batch in enumerate(batches, first):
                self._step(number, batch)
                for state in self.states:
                    state.waiting = batches.waiting
                self._show(view, number)
                self._keep(number, len(received) > 0)
                if all(state.failure is not None for state in self.states):
                    break

    def _taking_part(self, number: int) -> list[MemberState]:
        return [state for state in self.states if state.run.step == number and state.failure is None]

    def _step(self, number: int, batch: Batch) -> None:
        degraded, clean = self._placed(batch)
        for teacher in self.teachers:
            teacher.begin(degraded, clean)
        begun = time.monotonic()
        for state in self._taking_part(number):
            state.advance(degraded, clean, self._batch_of)
        if self.shared.settings.compile and self.compiled is None:
            self.compiled = time.monotonic() - begun
            logger.info(
                "compiled, with the first step, in %.0f s; torch keeps the graphs for the next run", self.compiled
            )

    def _placed(self, batch: Batch) -> Batch:
        form = torch.channels_last if self.shared.settings.channels_last else torch.contiguous_format
        degraded, clean = (
            side.to(self.shared.device, non_blocking=True).contiguous(memory_format=form) for side in batch
        )
        return degraded, clean

    def _batch_of(self, number: int) -> Batch:
        """The batch of an earlier step again, which the teachers then are asked about."""
        degraded, clean = self._placed(self.data.stream.batch(number, self.shared.rank, self.shared.world))
        for teacher in self.teachers:
            teacher.begin(degraded, clean)
        return degraded, clean

    def _keep(self, number: int, asked_to_stop: bool) -> None:
        """The checkpoints that are due after step `number`; with several processes they agree on it now and then."""
        shared, settings = self.shared, self.shared.settings
        last = number + 1 == self.recipe.iterations
        stopping, due = asked_to_stop, time.monotonic() - self.saved >= settings.checkpoint_seconds
        if shared.world > 1:
            if not last and (number + 1) % max(1, settings.log_every):
                return
            wishes = distributed.average(torch.tensor([stopping, due], device=shared.device).float(), shared.world)
            stopping, due = (wishes > 0).tolist()
        if not (last or due or stopping):
            return
        for state in self._taking_part(number + 1):
            state.check(self._batch_of)
            if state.failure is None:
                state.save()
        self.saved = time.monotonic()
        if stopping and not last:
            raise AskedToStop(
                "to train to the end",
                f"a signal to stop; the checkpoint stands at step {number + 1}",
                "Give the same command again: it goes on from there.",
            )

    def _show(self, view: LiveView, number: int) -> None:
        """One member with all its terms; of several, the loss of each."""
        states = self._taking_part(number + 1)
        if not states or not (number == 0 or states[0].is_due(self.shared.settings.log_every)):
            return
        curves = [state.run.curve[-1][1] for state in states if state.run.curve]
        view.psnr = sum(curves) / len(curves) if curves else None
        terms, loss = states[0].shown
        if len(self.states) > 1:
            terms = {state.member.title: state.shown[1] for state in states}
            loss = sum(terms.values()) / len(terms)
        view.notes = {"waiting": f"{100 * self.waited:.0f} %"}
        for state in states if len(self.states) == 1 else []:
            ratios = state.run.compared.get("ratios", {})
            view.notes |= {f"{name} / {state.run.balance.reference}": f"{r:.2g}" for name, r in ratios.items()}  # type: ignore[union-attr]
        view.update(number + 1, self.recipe.sizes(number)[0], self.recipe.rate(number), terms, loss)
