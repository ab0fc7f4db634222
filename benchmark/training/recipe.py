"""Recipes: every number that decides a training run, as frozen data, and the learning rate as a function of the step.

The default is the recipe of the paper (Section IV): Adam (.9, .999), weight decay 1e-4, cosine 1e-4 to 1e-6, batch 8,
patch 128. Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from benchmark.core.errors import TrainingStopped

OPTIMISERS = ("adam", "adamw")
SCHEDULES = ("cosine", "steps")
PRECISIONS = ("fp32", "bf16", "fp16")
UNTOLD = ("clean_share", "clean_from", "identity_start")  # younger than the first cards, which are silent about them


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; two runs with the same recipe, seed, data and machine type give the same weights.

    `batch` counts the images of a step, over all processes. `patch` is the side in pixels. `schedule` is "cosine" from
    `lr` to `final_lr`, or "steps": the rate times `factor` at each of `milestones` (fractions of the run). The `warmup`
    steps rise linearly to `lr`. `clip` bounds the gradient norm (0: no bound). `ema` is the decay of the running
    mean of the weights, which is then what is shipped (0: none). `clean_share` is the share of samples whose degraded
    image is replaced by the clean one (`clean_share.py`), from the fraction `clean_from` of the run on. With
    `identity_start` the last convolution starts at zero and the network, which adds it to its input, at the identity.
    Paper: "100 epochs", with no number of iterations. Here: `iterations` is always stated.
    """

    iterations: int
    batch: int = 8
    patch: int = 128
    optimiser: str = "adam"
    lr: float = 1e-4
    final_lr: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    milestones: tuple[float, ...] = ()
    factor: float = 0.5
    warmup: int = 0
    clip: float = 0.0
    ema: float = 0.0
    precision: str = "fp32"
    seed: int = 0
    clean_share: float = 0.0
    clean_from: float = 0.0
    identity_start: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (
            ("optimiser", self.optimiser, OPTIMISERS),
            ("schedule", self.schedule, SCHEDULES),
            ("precision", self.precision, PRECISIONS),
        ):
            if value not in known:
                raise TrainingStopped(f"{name}: one of {', '.join(known)}", f"'{value}'", f"Choose another {name}.")
        for name, number in (("iterations", self.iterations), ("batch", self.batch), ("patch", self.patch)):
            if number < 1:
                raise TrainingStopped(f"{name} of at least 1", str(number), f"Give a larger --{name}.")
        if not self.lr > 0:
            raise TrainingStopped("a positive learning rate", str(self.lr), "Give a positive --lr.")
        if not 0 <= self.clean_share < 1:
            raise TrainingStopped(
                "a clean share from 0 to below 1", str(self.clean_share), "Give another --clean-share."
            )

    def rate(self, step: int) -> float:
        """The learning rate of optimisation step `step`, counted from 0."""
        if step < self.warmup:
            return self.lr * (step + 1) / (self.warmup + 1)
        if self.schedule == "steps":
            return self.lr * self.factor ** sum(step >= m * self.iterations for m in self.milestones)
        progress = (step - self.warmup) / max(1, self.iterations - self.warmup)
        return self.final_lr + 0.5 * (self.lr - self.final_lr) * (1 + math.cos(math.pi * min(1.0, progress)))

    def as_dict(self) -> dict[str, Any]:
        """The recipe as JSON data, for cards and checkpoints; of `UNTOLD` only what is not zero."""
        told = {name: value for name, value in asdict(self).items() if value or name not in UNTOLD}
        return json.loads(json.dumps(told))  # type: ignore[no-any-return]

    def fingerprint(self) -> str:
        """The sha256 of the recipe: changes when any number does."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()
