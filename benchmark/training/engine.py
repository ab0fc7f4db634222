"""The engine: trains any objective on any stream by a recipe; a run that is killed goes on where its checkpoint stands.

On the CPU a resumed run gives the same weights as an unbroken one, bit for bit.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.errors import BadOutput, TrainingStopped
from benchmark.training import checkpoint, distributed, validation
from benchmark.training.live import LiveView
from benchmark.training.log import Log
from benchmark.training.prefetch import Prefetch, Stream
from benchmark.training.recipe import Recipe
from benchmark.training.run import Run


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
    device = distributed.local_device(settings.device)
    rank, world = distributed.start(device)
    if recipe.batch % world:
        raise TrainingStopped(f"a batch that {world} processes can share alike", str(recipe.batch), "Change --batch.")
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadOutput(f"to write to {folder}", str(error.strerror), "Give another --out.") from error
    form = torch.channels_last if settings.channels_last else torch.contiguous_format
    objective.to(device).train()
    if settings.channels_last:
        objective.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    distributed.broadcast_module(objective, world)
    torch.manual_seed(recipe.seed + rank)
    run = Run(objective, recipe, device)
    identity = {"recipe": recipe.as_dict(), "objective": type(objective).__name__, **(facts or {})}
    path = folder / "checkpoint.pt"
    if settings.resume and path.is_file():
        run.load(path, identity, rank)
    log = Log(folder, run.step, settings.tensorboard) if rank == 0 else None
    view = LiveView(settings.title, recipe.iterations, quiet=settings.quiet or rank > 0)
    begin, saved = time.monotonic() - run.seconds, time.monotonic()
    prefetch = Prefetch(stream, run.step, recipe.iterations, rank, world, settings.prefetch)
    with _signals() as received, view, prefetch, closing(log) if log is not None else nullcontext():
        for degraded, clean in prefetch:
            degraded = degraded.to(device, non_blocking=True).contiguous(memory_format=form)
            clean = clean.to(device, non_blocking=True).contiguous(memory_format=form)
            step = run.step
            with_norms = step == 0 or (settings.norms_every > 0 and step % settings.norms_every == 0)
            names, values = run.advance(degraded, clean, world, with_norms)
            run.seconds = time.monotonic() - begin
            last = run.step == recipe.iterations
            wishes = torch.tensor([len(received) > 0, time.monotonic() - saved >= settings.checkpoint_seconds]).float()
            stopping, due = (distributed.average(wishes.to(device) if world > 1 else wishes, world) > 0).tolist()
            if pairs and (last or (settings.validate_every > 0 and run.step % settings.validate_every == 0)):
                psnr = validation.mean_psnr(run.shipped, pairs, device)
                run.curve.append((run.step, psnr))
                view.psnr = psnr
                if log is not None:
                    log.write("validation", run.step, psnr=psnr)
            if rank == 0 and log is not None:
                if with_norms:
                    log.write("gradients", step, norms=run.norms[str(step)])
                if last or step == 0 or run.step % max(1, settings.log_every) == 0:
                    *terms, loss = values.tolist()
                    by_name = dict(zip(names, terms, strict=True))
                    log.write("train", run.step, terms=by_name, loss=loss, rate=recipe.rate(step), seconds=run.seconds)
                    view.update(run.step, recipe.batch, recipe.rate(step), by_name, loss)
            if last or due or stopping:
                run.save(path, identity, rank, world)
                saved = time.monotonic()
            if stopping and not last:
                raise TrainingStopped(
                    "to train to the end", f"a signal to stop; the checkpoint stands at step {run.step}",
                    "Give the same command again: it goes on from there.",
                )  # fmt: skip
    return TrainingResult(
        state=checkpoint.to_cpu(run.shipped.state_dict()), seconds=run.seconds,
        images=recipe.iterations * recipe.batch, parameters=sum(p.numel() for p in run.student.parameters()),
        curve=run.curve, gradient_norms=run.norms, world=world, device=str(device),
    )  # fmt: skip
