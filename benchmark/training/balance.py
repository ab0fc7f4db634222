"""How the gradients of an objective's terms compare: sizes over the reference term's, cosines, and weights by share.

Only an objective that names a reference (`balance_reference`, L_pixel say) has one: its weights are what a researcher has
to trust.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from baselines.objective import Objective
from benchmark.training import distributed, optimisation
from benchmark.training.recipe import BALANCE_BATCHES as BALANCE_BATCHES

LEAST, MOST = 0.02, 1.0  # a weighted gradient outside, over L_pixel's, decides nothing or everything


@dataclass
class Balance:
    """The gradients of an objective's terms over the first batches of a run.

    `ratios` are medians over `BALANCE_BATCHES` batches of the weighted term's gradient norm over the reference's,
    `cosines` the mean cosines with it; both are empty until then. `weights` are those that `share` has led to.
    """

    reference: str
    names: tuple[str, ...] = ()
    rows: list[Tensor] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    cosines: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, objective: Objective) -> Balance | None:
        """The empty record of an objective; None for one without a reference term."""
        return cls(objective.balance_reference) if objective.balance_reference else None

    @staticmethod
    def last(iterations: int) -> int:
        """How many steps are compared in a run of `iterations`."""
        return min(BALANCE_BATCHES, iterations)

    def row(self, gradients: dict[str, list[Tensor]], weights: dict[str, float]) -> Tensor:
        """Ratio and cosine of one batch's unweighted terms, (terms, 2): nothing waits for the device."""
        self.names = tuple(name for name in gradients if name != self.reference)
        reference = gradients[self.reference]
        size = optimisation.norm(reference) * weights.get(self.reference, 1.0)
        rows = []
        for name in self.names:
            own = optimisation.norm(gradients[name])
            ratio = own * weights.get(name, 1.0) / size
            cosine = _inner(gradients[name], reference) / (own * optimisation.norm(reference) + 1e-30)
            rows.append(torch.stack([ratio, cosine]))
        return torch.stack(rows)

    def settle(self, world: int) -> None:
        """Read what was taken in, over all processes: waits for the device once."""
        rows = distributed.average(torch.stack(self.rows), world)
        values, angles = rows[..., 0].median(0).values.tolist(), rows[..., 1].mean(0).tolist()
        self.ratios = dict(zip(self.names, values, strict=True))
        self.cosines = dict(zip(self.names, angles, strict=True))

    def share_out(self, objective: Objective, share: float) -> None:
        """Set the objective's weights so that each other term has `share` of the reference's gradient."""
        weights = objective.weights
        for name, ratio in self.ratios.items():
            if weights.get(name, 1.0) > 0 and ratio > 0:
                weights[name] = weights.get(name, 1.0) * share / ratio
        self.weights = dict(weights)

    def outside(self) -> dict[str, float]:
        """The terms whose ratio is below `LEAST` or above `MOST`."""
        return {name: ratio for name, ratio in self.ratios.items() if not LEAST <= ratio <= MOST}

    def state(self) -> dict[str, object]:
        """Everything, for a checkpoint."""
        return {
            "names": list(self.names),
            "rows": torch.stack(self.rows).cpu() if self.rows else None,
            "ratios": self.ratios,
            "cosines": self.cosines,
            "weights": self.weights,
        }

    def load(self, state: dict[str, Any], device: torch.device, objective: Objective) -> None:
        """Take up what `state` gave, with the weights."""
        rows = state["rows"]
        self.names = tuple(state["names"])
        self.rows = list(rows.to(device).unbind(0)) if isinstance(rows, Tensor) else []
        self.ratios, self.cosines = state["ratios"], state["cosines"]
        self.weights = state["weights"]
        if self.weights:
            objective.weights = dict(self.weights)


def _inner(first: list[Tensor], second: list[Tensor]) -> Tensor:
    return torch.stack([(a * b).sum() for a, b in zip(first, second, strict=True)]).sum()
