"""The optimiser, the running mean of the weights, and gradient norms, term by term: all without waiting for the device."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from benchmark.training.recipe import Recipe

_Tensors = tuple[Tensor, ...] | list[Tensor]


def make_optimiser(recipe: Recipe, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimiser: "adam" adds its weight decay to the gradient (L2), "adamw" decouples it.

    It is fused, so that `step_if` can leave a step out without waiting for the device.
    """
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimiser]
    result: torch.optim.Optimizer = kind(
        parameters, lr=recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay, fused=True
    )
    return result


def step_if(optimiser: torch.optim.Optimizer, good: Tensor) -> None:
    """One step of a fused optimiser where the scalar `good` is true; else weights, moments and step counts stay.

    The way in which `torch.amp.GradScaler` leaves steps out.
    """
    optimiser.grad_scale = None  # type: ignore[attr-defined]
    optimiser.found_inf = (~good).float()  # type: ignore[attr-defined]
    optimiser.step()


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group."""
    for group in optimiser.param_groups:
        group["lr"] = rate


class RunningMean(AveragedModel):
    """The exponential moving average of a network's parameters; buffers are copied.

    The decay rises as (1 + step) / (10 + step) up to its final value, so early weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = 0.0
        self.final_decay = decay
        super().__init__(network, multi_avg_fn=self._average)
        self.module.requires_grad_(False).eval()
        self.n_averaged.fill_(1)  # the weights at the start count as the first

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after optimisation step `step`."""
        self.decay = min(self.final_decay, (1 + step) / (10 + step))
        self.update_parameters(network)

    def _average(self, averaged: _Tensors, current: _Tensors, _: object) -> None:
        torch._foreach_lerp_(averaged, current, 1 - self.decay)


def norm(gradients: Iterable[Tensor | None]) -> Tensor:
    """The Euclidean norm of all gradients together; those that are None count as zero."""
    present = [g.detach() for g in gradients if g is not None]
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(present))) if present else torch.zeros(())


def clip(parameters: list[nn.Parameter], bound: float) -> Tensor:
    """Scale all gradients so that their norm is at most `bound` (0: no bound); returns the norm as it was."""
    return nn.utils.clip_grad_norm_(parameters, bound) if bound > 0 else norm(p.grad for p in parameters)


def gradients_by_term(terms: dict[str, Tensor], parameters: list[nn.Parameter]) -> dict[str, list[Tensor]]:
    """The gradient of each unweighted term with respect to `parameters` (the student's), zeros where it reaches none."""
    gradients: dict[str, list[Tensor]] = {}
    for name, term in terms.items():
        if term.requires_grad:
            found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
            gradients[name] = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]
        else:
            gradients[name] = [torch.zeros_like(p) for p in parameters]
    return gradients


def norms_by_term(terms: dict[str, Tensor], parameters: list[nn.Parameter]) -> dict[str, float]:
    """The gradient norm of each unweighted term with respect to `parameters`; waits for the device."""
    return {name: float(norm(gradients)) for name, gradients in gradients_by_term(terms, parameters).items()}
