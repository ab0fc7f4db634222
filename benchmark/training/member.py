"""The methods that train side by side, each with its run, its log and random generators of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.objective import Objective
from benchmark.core.errors import BadOutput, TrainingStopped
from benchmark.core.files import write_atomically
from benchmark.methods.weights import files
from benchmark.training import checkpoint, distributed, validation
from benchmark.training.balance import LEAST, MOST, Balance
from benchmark.training.log import Log
from benchmark.training.recipe import Recipe
from benchmark.training.run import Batch, Run
from benchmark.training.settings import Settings

logger = logging.getLogger(__name__)

BEST = "best.safetensors"  # beside the checkpoint: the weights of the best validation, as trained


@dataclass(frozen=True)
class Member:
    """One of the methods that train side by side: its objective, the folder of its checkpoint and metrics.jsonl, and the
    facts (method, data) that must be the same for its run to be taken up again.

    `recipe` is its own, where it differs from the others' in what does not decide the batches.
    """

    objective: Objective
    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    recipe: Recipe | None = None


@dataclass(frozen=True)
class Surroundings:
    """What all members of a training share: device, process, settings, the pairs of the validation curve."""

    device: torch.device
    rank: int
    world: int
    settings: Settings
    pairs: Sequence[tuple[Tensor, Tensor]]
    several: bool


@dataclass(frozen=True)
class TrainingResult:
    """A finished run: the state dict to ship (the running mean where the recipe keeps one) and what the card tells.

    `waited` is the share of the time that was spent waiting for data; `ratios` and `cosines` are those of the gradients
    of weighted terms, over and with that of the term `reference`, at the start.
    """

    state: dict[str, Tensor]
    seconds: float
    images: int
    parameters: int
    curve: list[tuple[int, float]]
    gradient_norms: dict[str, dict[str, float]] = field(default_factory=dict)
    world: int = 1
    accumulated: int = 1
    device: str = "cpu"
    tf32: bool = False
    input_psnr: float | None = None
    waited: float = 0.0
    reference: str = ""
    ratios: dict[str, float] = field(default_factory=dict)
    cosines: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


class MemberState:
    """A member while it trains: its run, its log, its random generators, and what stopped it."""

    def __init__(self, member: Member, recipe: Recipe, shared: Surroundings) -> None:
        self.member, self.shared = member, shared
        try:
            member.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadOutput(f"to write to {member.folder}", str(error.strerror), "Give another --out.") from error
        objective = member.objective
        objective.to(shared.device).train()
        if shared.settings.channels_last:
            objective.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        distributed.broadcast_module(objective, shared.world)
        torch.manual_seed(recipe.seed + shared.rank)
        self.run = Run(objective, recipe, shared.device)
        self.identity = {"recipe": recipe.as_dict(), "objective": type(objective).__name__, **member.facts}
        self.path = member.folder / "checkpoint.pt"
        if shared.settings.resume and self.path.is_file():
            self.run.load(self.path, self.identity, shared.rank)
        self.random = checkpoint.random_state() if shared.several else None
        self.log: Log | None = None
        self.failure: TrainingStopped | None = None
        self.waiting = 0.0  # share of the time up to the last step that went into waiting for batches
        self.shown: tuple[dict[str, float], float] = ({}, 0.0)
        self._unmeasured = time.monotonic()

    def open_log(self, logs: ExitStack) -> None:
        """Opens the log in process 0, to be closed with `logs`."""
        if self.shared.rank == 0:
            log = Log(self.member.folder, self.run.step, self.shared.settings.tensorboard)
            self.log = logs.enter_context(closing(log))
        self._unmeasured = time.monotonic()

    def advance(self, degraded: Tensor, clean: Tensor, batch_of: Callable[[int], Batch]) -> None:
        """One step with this member's random generators, and what is due after it: a look at the device, validation, log.

        `batch_of` gives the batch of an earlier step again. A step that is not finite leaves its error in `failure`.
        """
        run, settings, step = self.run, self.shared.settings, self.run.step
        # alone, waiting for batches and checkpoints counts too
        begin = time.monotonic() if self.shared.several else self._unmeasured
        with_norms = step == 0 or (settings.norms_every > 0 and step % settings.norms_every == 0)
        if self.random is not None:
            checkpoint.restore_random_state(self.random)
        run.advance(degraded, clean, self.shared.world, with_norms, settings.accumulate)
        if self.random is not None:
            self.random = checkpoint.random_state()
        if self.is_due(settings.log_every) or self.is_due(settings.validate_every) or step == 0:
            self.check(batch_of)
        if self.failure is None and self.shared.pairs and self.is_due(settings.validate_every):
            self._validate()
        self._unmeasured = time.monotonic()
        run.seconds += self._unmeasured - begin
        if self.log is not None and self.failure is None:
            self._write(step, with_norms)

    def is_due(self, every: int) -> bool:
        """Whether the step that was made is the last, or one of every `every` (0: the last alone)."""
        return self.run.step == self.run.recipe.iterations or (every > 0 and self.run.step % every == 0)

    def check(self, batch_of: Callable[[int], Batch]) -> None:
        """Wait for the device; a step that was not finite leaves its error in `failure`."""
        try:
            self.run.check(batch_of)
        except TrainingStopped as failure:
            self.failure = failure

    def save(self) -> None:
        """The checkpoint, with this member's random generators; every process must call, after a check."""
        random = self.random if self.random is not None else checkpoint.random_state()
        states = distributed.gather(random, self.shared.world)
        if self.shared.rank == 0:
            checkpoint.save_checkpoint(self.path, self.run.content(self.identity, states))

    def result(self, input_psnr: float | None, waited: float) -> TrainingResult:
        """What the finished run gives; `input_psnr` is that of the degraded validation images, `waited` a share of time."""
        run, balance = self.run, self.run.balance or Balance("")
        return TrainingResult(
            state=checkpoint.to_cpu(run.shipped.state_dict()),
            seconds=run.seconds,
            images=run.recipe.images,
            parameters=sum(p.numel() for p in run.student.parameters()),
            curve=run.curve,
            gradient_norms=run.norms,
            world=self.shared.world,
            accumulated=self.shared.settings.accumulate,
            device=str(self.shared.device),
            tf32=self.shared.settings.tf32 and self.shared.device.type == "cuda",
            input_psnr=input_psnr,
            waited=waited,
            reference=balance.reference,
            ratios=balance.ratios,
            cosines=balance.cosines,
            weights=dict(run.objective.weights),
        )

    def _validate(self) -> None:
        psnr = validation.mean_psnr(self.run.shipped, self.shared.pairs, self.shared.device)
        is_best = all(psnr > earlier for _, earlier in self.run.curve)
        self.run.curve.append((self.run.step, psnr))
        if self.log is not None:
            self.log.write("validation", self.run.step, psnr=psnr)
            if is_best:
                state = checkpoint.to_cpu(self.run.shipped.state_dict())
                write_atomically(self.member.folder / BEST, files.encode_weights(state))

    def _write(self, step: int, with_norms: bool) -> None:
        assert self.log is not None
        run, recipe = self.run, self.run.recipe
        if with_norms:
            self.log.write("gradients", step, norms=run.norms[str(step)], **run.compared)
        balance = run.balance
        if balance is not None and run.step == run.compared_steps()[1] and balance.ratios:
            self.log.write("balance", run.step, ratios=balance.ratios, cosines=balance.cosines, weights=balance.weights)
            for name, ratio in balance.outside().items():
                told = (self.member.title, name, ratio, balance.reference, LEAST, MOST)
                logger.warning("%s: the gradient of term '%s' is %.3g of that of '%s', outside [%g, %g]", *told)
        if step == 0 or self.is_due(self.shared.settings.log_every):
            *terms, loss = run.values.tolist()
            self.shown = dict(zip(run.names, terms, strict=True)), loss
            self.log.write(
                "train",
                run.step,
                terms=self.shown[0],
                loss=loss,
                rate=recipe.rate(step),
                seconds=run.seconds,
                waiting=round(self.waiting, 4),
            )
