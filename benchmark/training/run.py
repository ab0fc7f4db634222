"""One training run in memory: the optimisation step, and how everything that changes is saved and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.objective import Objective
from benchmark.core.errors import TrainingStopped
from benchmark.training import checkpoint, distributed, optimisation
from benchmark.training.balance import Balance
from benchmark.training.recipe import Recipe
from benchmark.training.step import autocast

Batch = tuple[Tensor, Tensor]


class Run:
    """All that changes while a run goes on, and how it is saved and taken up again.

    A step asks the device for nothing: whether terms and gradients are finite is kept there and read by `check`. From
    the first step that is not finite on, weights and optimiser stay as they were before it.
    """

    def __init__(self, objective: Objective, recipe: Recipe, device: torch.device) -> None:
        self.objective, self.recipe, self.device = objective, recipe, device
        self.call: distributed.Terms = objective  # with several processes: what averages the gradients over them
        self.student = objective.student
        self.trained = [p for p in objective.parameters() if p.requires_grad]
        self.watched = [p for p in self.student.parameters() if p.requires_grad]
        self.optimiser = optimisation.make_optimiser(recipe, self.trained)
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")
        self.mean = optimisation.RunningMean(self.student, recipe.ema) if recipe.ema > 0 else None
        self.balance = Balance.of(objective)
        self.step, self.seconds = 0, 0.0
        self.curve: list[tuple[int, float]] = []
        self.norms: dict[str, dict[str, float]] = {}
        self.compared: dict[str, dict[str, float]] = {}
        self.names: tuple[str, ...] = ()
        self.values = torch.zeros(0, device=device)
        self._weights: tuple[tuple[float, ...], Tensor] = ((), self.values)
        self._good = torch.ones((), dtype=torch.bool, device=device)
        self._good_steps = torch.zeros((), dtype=torch.long, device=device)
        self._checked = 0

    @property
    def shipped(self) -> nn.Module:
        """The network whose weights are validated and shipped."""
        return self.mean.module if self.mean is not None else self.student

    def content(self, identity: dict[str, Any], randoms: list[dict[str, Any]]) -> dict[str, Any]:
        """What a checkpoint holds; `randoms` are the states of every process's generators."""
        return {
            "identity": identity,
            "step": self.step,
            "seconds": self.seconds,
            "curve": self.curve,
            "norms": self.norms,
            "objective": checkpoint.objective_state(self.objective),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": randoms,
            "mean": self.mean.module.state_dict() if self.mean is not None else None,
            "balance": self.balance.state() if self.balance is not None else None,
        }

    def load(self, path: Path, identity: dict[str, Any], rank: int) -> None:
        """Take up the checkpoint at `path`."""
        saved = checkpoint.load_checkpoint(path, identity)
        checkpoint.load_objective_state(self.objective, saved["objective"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.scaler.load_state_dict(saved["scaler"])
        if self.mean is not None:
            self.mean.module.load_state_dict(saved["mean"])
        if self.balance is not None:
            self.balance.load(saved["balance"], self.device, self.objective)
        self.step, self.seconds = saved["step"], saved["seconds"]
        self._checked = self.step
        self.curve, self.norms = [(s, p) for s, p in saved["curve"]], saved["norms"]
        checkpoint.restore_random_state(saved["random"][rank % len(saved["random"])])

    def advance(
        self, degraded: Tensor, clean: Tensor, world: int, with_norms: bool = False, accumulate: int = 1
    ) -> None:
        """One optimisation step; `names` and `values` are then the terms' and the loss's, over all processes.

        The batch is computed in `accumulate` parts, the mean of whose gradients the step takes; gradients of single terms
        are compared on the first part. Waits for the device only `with_norms`, and once where the first batches of a
        balance are complete.
        """
        recipe = self.recipe
        optimisation.set_rate(self.optimiser, recipe.rate(self.step))
        self._before_step(degraded, clean, world)
        self.optimiser.zero_grad(set_to_none=True)
        found: list[Tensor] = []
        for part in zip(degraded.chunk(accumulate), clean.chunk(accumulate), strict=True):
            last = len(found) + 1 == accumulate
            with distributed.held_back(self.call, until_later=not last):
                with autocast(recipe.precision, self.device):
                    terms = self.call(*part)
                loss, values = self._sum(terms)
                if not found:
                    self._compare(terms, world, with_norms)
                self.scaler.scale(loss / accumulate if accumulate > 1 else loss).backward()
            found.append(values)
        values = distributed.average(torch.stack(found).mean(0) if accumulate > 1 else found[0], world)
        self.scaler.unscale_(self.optimiser)
        total = optimisation.clip(self.trained, recipe.clip)
        self._judge(values, total)
        if self.scaler.is_enabled():
            self.scaler.step(self.optimiser)  # leaves out steps whose gradients overflow, which is no failure
            self.scaler.update()
        else:
            optimisation.step_if(self.optimiser, self._good)
        if self.mean is not None:
            self.mean.update(self.student, self.step)
        self.step += 1

    def check(self, batch_of: Callable[[int], Batch]) -> None:
        """Wait for the device and see that all steps since the last check were finite.

        Raises TrainingStopped with the step and the term or parameter; weights and optimiser are those before it.
        `batch_of` gives the batch of a step again.
        """
        if bool(self._good):
            self._checked = self.step
            self._good_steps.zero_()
            return
        self.step = self._checked + int(self._good_steps)
        names = [*self.names, "loss"]
        bad = [n for n, v in zip(names, self.values.tolist(), strict=True) if not abs(v) < float("inf")]
        if bad:
            raise _not_finite(f"term '{bad[0]}' is {float(self.values[names.index(bad[0])]):.3g}", self.step)
        raise _not_finite(f"the gradient of {self._without_finite_gradient(*batch_of(self.step))}", self.step)

    def _before_step(self, degraded: Tensor, clean: Tensor, world: int) -> None:
        before_step = getattr(self.objective, "before_step", None)
        if before_step is not None:
            with autocast(self.recipe.precision, self.device):
                before_step(self.step, self.recipe.iterations, degraded, clean)
            distributed.average_parameters(self._self_trained(), world)

    def _sum(self, terms: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The weighted sum of the terms, and all of them with it, without gradients."""
        self.names = tuple(terms)
        with torch.autocast(self.device.type, enabled=False):
            each = torch.stack([term if term.dtype == torch.float64 else term.float() for term in terms.values()])
            loss = (each * self._weight_vector(each)).sum()
            return loss, torch.cat([each.detach(), loss.detach()[None]])

    def _weight_vector(self, like: Tensor) -> Tensor:
        weights = self.objective.weights
        wanted = tuple(float(weights.get(name, 1.0)) for name in self.names)
        known, vector = self._weights
        if known != wanted or vector.dtype != like.dtype:
            self._weights = wanted, torch.tensor(wanted, dtype=like.dtype).to(self.device, non_blocking=True)
        return self._weights[1]

    def _compare(self, terms: dict[str, Tensor], world: int, with_norms: bool) -> None:
        """The terms' gradients one by one, for the log and for the weights."""
        balance = self.balance if self.balance is not None and len(terms) > 1 else None
        start, last = self.compared_steps()
        first = balance is not None and start <= self.step < last
        if not first and not with_norms:
            return
        gradients = optimisation.gradients_by_term(terms, self.watched)
        row = balance.row(gradients, self.objective.weights) if balance is not None else None
        if with_norms:
            self.norms[str(self.step)] = {name: float(optimisation.norm(g)) for name, g in gradients.items()}
            self.compared = _by_name(balance, row) if balance is not None and row is not None else {}
        if balance is not None and row is not None and first:
            balance.rows.append(row)
            if self.step + 1 == last:
                balance.settle(world)
                if self.recipe.balance > 0:
                    balance.share_out(self.objective, self.recipe.balance)

    def compared_steps(self) -> tuple[int, int]:
        """The steps whose terms are compared: the first in which each has its whole gradient."""
        total = self.recipe.iterations
        settled_at = getattr(self.objective, "settled_at", None)
        last = min((settled_at(total) if settled_at is not None else 0) + Balance.last(total), total)
        return max(last - Balance.last(total), 0), last

    def _judge(self, values: Tensor, total: Tensor) -> None:
        """Keep on the device whether all was finite so far, and the values of the first step that was not."""
        probe = values.sum() if self.scaler.is_enabled() else values.sum() + total.to(values.dtype)
        self.values = torch.where(self._good, values, self.values) if len(self.values) == len(values) else values
        self._good = self._good & torch.isfinite(probe)
        self._good_steps += self._good

    def _self_trained(self) -> list[Tensor]:
        """The parameters that the objective trains by itself before a step."""
        teacher = getattr(self.objective, "teacher", None)
        apart = {id(p) for p in self.trained}
        apart |= {id(p) for p in teacher.parameters()} if isinstance(teacher, nn.Module) else set()
        return [p for p in self.objective.parameters() if id(p) not in apart]

    def _without_finite_gradient(self, degraded: Tensor, clean: Tensor) -> str:
        with autocast(self.recipe.precision, self.device):
            terms = self.objective(degraded, clean)
        parameters = [name for name, p in self.student.named_parameters() if p.requires_grad]
        for name, gradients in optimisation.gradients_by_term(terms, self.watched).items():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if not bool(torch.isfinite(gradient).all()):
                    return f"term '{name}' is not finite, first at the parameter '{parameter}',"
        return "the sum of all terms is not finite"


def _by_name(balance: Balance, row: Tensor) -> dict[str, dict[str, float]]:
    ratios, cosines = row.T.tolist()
    names = balance.names
    return {"ratios": dict(zip(names, ratios, strict=True)), "cosines": dict(zip(names, cosines, strict=True))}


def _not_finite(found: str, step: int) -> TrainingStopped:
    return TrainingStopped(
        "finite losses and gradients",
        f"{found} at step {step}",
        "The last checkpoint still holds good weights. Lower the rate (--lr), or look at the term with `inspect`.",
    )
