"""The optimiser, the running mean of the weights, and gradient norms, term by term."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from benchmark.training.recipe import Recipe


def make_optimiser(recipe: Recipe, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimiser: "adam" adds its weight decay to the gradient (L2), "adamw" decouples it."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimiser]
    return kind(parameters, lr=recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group."""
    for group in optimiser.param_groups:
        group["lr"] = rate


class RunningMean:
    """The exponential moving average of a network's parameters; buffers are copied.

    The decay rises as (1 + step) / (10 + step) up to its final value, so early weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after optimisation step `step`."""
        decay = min(self.decay, (1 + step) / (10 + step))
        mine = [p.detach() for p in self.network.parameters()]
        theirs = [p.detach() for p in network.parameters()]
        torch._foreach_lerp_(mine, theirs, 1 - decay)
        for own, other in zip(self.network.buffers(), network.buffers(), strict=True):
            own.copy_(other)


def norm(gradients: Iterable[Tensor | None]) -> Tensor:
    """The Euclidean norm of all gradients together; those that are None count as zero."""
    present = [g.detach().float() for g in gradients if g is not None]
    if not present:
        return torch.zeros(())
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(present)))


def clip(parameters: list[nn.Parameter], total: Tensor, bound: float) -> None:
    """Scale all gradients so that their norm `total` is at most `bound` (0: no bound)."""
    if bound > 0:
        gradients = [p.grad for p in parameters if p.grad is not None]
        torch._foreach_mul_(gradients, (bound / (total + 1e-6)).clamp(max=1.0))


def norms_by_term(terms: dict[str, Tensor], parameters: list[nn.Parameter]) -> dict[str, float]:
    """The gradient norm of each unweighted term with respect to `parameters` (the student's)."""
    norms: dict[str, float] = {}
    for name, term in terms.items():
        if term.requires_grad:
            gradients = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
            norms[name] = float(norm(gradients))
        else:
            norms[name] = 0.0
    return norms
