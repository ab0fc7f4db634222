"""One training run in memory: the optimisation step, and how everything that changes is saved and taken up again."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from benchmark.core.errors import TrainingStopped
from benchmark.training import checkpoint, distributed, optimisation
from benchmark.training.recipe import Recipe


class Run:
    """All that changes while a run goes on, and how it is saved and taken up again."""

    def __init__(self, objective: nn.Module, recipe: Recipe, device: torch.device) -> None:
        self.objective, self.recipe, self.device = objective, recipe, device
        self.student = cast(nn.Module, objective.student)
        self.trained = [p for p in objective.parameters() if p.requires_grad]
        self.watched = [p for p in self.student.parameters() if p.requires_grad]
        self.optimiser = optimisation.make_optimiser(recipe, self.trained)
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")
        self.mean = optimisation.RunningMean(self.student, recipe.ema) if recipe.ema > 0 else None
        self.step, self.seconds = 0, 0.0
        self.curve: list[tuple[int, float]] = []
        self.norms: dict[str, dict[str, float]] = {}

    @property
    def shipped(self) -> nn.Module:
        """The network whose weights are validated and shipped."""
        return self.mean.network if self.mean is not None else self.student

    def save(self, path: Path, identity: dict[str, Any], rank: int, world: int, random: dict[str, Any]) -> None:
        """Write the checkpoint from process 0, with the state of this process's generators; every process must call."""
        states = distributed.gather(random, world)
        if rank == 0:
            checkpoint.save_checkpoint(
                path,
                {
                    "identity": identity,
                    "step": self.step,
                    "seconds": self.seconds,
                    "curve": self.curve,
                    "norms": self.norms,
                    "objective": checkpoint.objective_state(self.objective),
                    "optimiser": self.optimiser.state_dict(),
                    "scaler": self.scaler.state_dict(),
                    "random": states,
                    "mean": self.mean.network.state_dict() if self.mean is not None else None,
                },
            )

    def load(self, path: Path, identity: dict[str, Any], rank: int) -> None:
        """Take up the checkpoint at `path`."""
        saved = checkpoint.load_checkpoint(path, identity)
        checkpoint.load_objective_state(self.objective, saved["objective"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.scaler.load_state_dict(saved["scaler"])
        if self.mean is not None:
            self.mean.network.load_state_dict(saved["mean"])
        self.step, self.seconds = saved["step"], saved["seconds"]
        self.curve, self.norms = [(s, p) for s, p in saved["curve"]], saved["norms"]
        checkpoint.restore_random_state(saved["random"][rank % len(saved["random"])])

    def _self_trained(self) -> list[Tensor]:
        teacher = getattr(self.objective, "teacher", None)
        apart = {id(p) for p in self.trained}
        apart |= {id(p) for p in teacher.parameters()} if isinstance(teacher, nn.Module) else set()
        return [p for p in self.objective.parameters() if id(p) not in apart]

    def _precision(self) -> AbstractContextManager[object]:
        kind = _AUTOCAST.get(self.recipe.precision)
        return torch.autocast(self.device.type, kind) if kind is not None else nullcontext()

    def advance(self, degraded: Tensor, clean: Tensor, world: int, with_norms: bool) -> tuple[list[str], Tensor]:
        """One optimisation step; returns the terms' names and their values over all processes, the loss last.

        Raises TrainingStopped, before any weight is changed, where a term or its gradient is not finite.
        """
        recipe, objective = self.recipe, self.objective
        optimisation.set_rate(self.optimiser, recipe.rate(self.step))
        before_step = getattr(objective, "before_step", None)
        if before_step is not None:
            before_step(self.step, recipe.iterations, degraded, clean)
            distributed.average_parameters(self._self_trained(), world)
        with self._precision():
            terms: dict[str, Tensor] = objective(degraded, clean)
            weights = cast(dict[str, float], objective.weights)
            loss = torch.stack([weights.get(name, 1.0) * term for name, term in terms.items()]).sum()
        values = distributed.average(torch.stack([*(t.detach().float() for t in terms.values()), loss.detach()]), world)
        if not bool(torch.isfinite(values).all()):
            bad = [n for n, v in zip([*terms, "loss"], values.tolist(), strict=True) if not abs(v) < float("inf")]
            raise _not_finite(f"term '{bad[0]}' is {values[[*terms, 'loss'].index(bad[0])]:.3g}", self.step)
        if with_norms:
            self.norms[str(self.step)] = optimisation.norms_by_term(terms, self.watched)
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        distributed.average_gradients(self.trained, world)
        self.scaler.unscale_(self.optimiser)
        total = optimisation.norm(p.grad for p in self.trained)
        if recipe.precision != "fp16" and not bool(torch.isfinite(total)):
            raise _not_finite(f"the gradient of {_guilty(objective, degraded, clean, self.watched)}", self.step)
        optimisation.clip(self.trained, total, recipe.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.mean is not None:
            self.mean.update(self.student, self.step)
        self.step += 1
        return [*terms], values


_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def _not_finite(found: str, step: int) -> TrainingStopped:
    return TrainingStopped(
        "finite losses and gradients",
        f"{found} at step {step}",
        "The last checkpoint still holds good weights. Lower the rate (--lr), or look at the term with `inspect`.",
    )


def _guilty(objective: nn.Module, degraded: Tensor, clean: Tensor, watched: list[nn.Parameter]) -> str:
    norms = optimisation.norms_by_term(objective(degraded, clean), watched)
    bad = [name for name, value in norms.items() if not abs(value) < float("inf")]
    return f"term '{bad[0]}' is not finite" if bad else "the sum of all terms is not finite"
