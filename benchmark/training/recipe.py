"""Recipes: every number that decides a training run, as frozen data, and the learning rate as a function of the step.

The default is the recipe of the paper (Section IV): Adam (.9, .999), weight decay 1e-4, cosine 1e-4 to 1e-6, batch 8,
patch 128. Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from benchmark.core.errors import TrainingStopped

BALANCE_BATCHES = 50  # steps over which the gradients of the terms are compared before weights are set by them


Optimiser = Literal["adam", "adamw"]  # weight decay within the gradient (L2), or apart from it
Schedule = Literal["cosine", "steps"]
Precision = Literal["fp32", "bf16", "fp16"]  # of the forward pass; the weights are always float32

# What a method may have of its own among others that learn from the same batches beside it.
OF_ONE_STUDENT = (
    *("optimiser", "lr", "final_lr", "betas", "weight_decay", "schedule", "milestones", "factor", "warmup", "hold"),
    *("clip", "ema", "identity_start", "balance"),
)
# Younger than the first cards, which are silent about them: told only where they are not zero.
OPTIONAL_IN_OLD_CARDS = ("clean_share", "clean_from", "identity_start", "balance", "hold", "stages")


@dataclass(frozen=True)
class Stage:
    """A part of a run with a patch and a batch of its own, up to the fraction `until` of the run."""

    until: float
    batch: int
    patch: int


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; two runs with the same recipe, seed, data and machine type give the same weights.

    `batch` counts the images of a step, over all processes. `patch` is the side in pixels. `schedule` is "cosine" from
    `lr` to `final_lr`, or "steps": the rate times `factor` at each of `milestones` (fractions of the run). The `warmup`
    steps rise linearly to `lr`, which is held up to the fraction `hold` of the run. With `stages` the patch grows along
    the run, and `batch` and `patch` are those of the first stage. `clip` bounds
    the gradient norm (0: no bound). `ema` is the decay of the running
    mean of the weights, which is then what is shipped (0: none). `clean_share` is the share of samples whose degraded
    image is replaced by the clean one (`clean_share.py`), from the fraction `clean_from` of the run on. With
    `identity_start` the last convolution starts at zero and the network, which adds it to its input, at the identity.
    `balance` is the share of the gradient of the reference term that each other weighted term gets, by weights that are set
    after the first `BALANCE_BATCHES` steps (0: the weights as printed).
    Paper: "100 epochs", with no number of iterations. Here: `iterations` is always stated.
    """

    iterations: int
    batch: int = 8
    patch: int = 128
    optimiser: Optimiser = "adam"
    lr: float = 1e-4
    final_lr: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-4
    schedule: Schedule = "cosine"
    milestones: tuple[float, ...] = ()
    factor: float = 0.5
    warmup: int = 0
    clip: float = 0.0
    ema: float = 0.0
    precision: Precision = "fp32"
    seed: int = 0
    clean_share: float = 0.0
    clean_from: float = 0.0
    identity_start: bool = False
    balance: float = 0.0
    hold: float = 0.0
    stages: tuple[Stage, ...] = ()

    def __post_init__(self) -> None:
        for name, value, known in (
            ("optimiser", self.optimiser, Optimiser),
            ("schedule", self.schedule, Schedule),
            ("precision", self.precision, Precision),
        ):
            if value not in get_args(known):
                wanted = f"{name}: one of {', '.join(get_args(known))}"
                raise TrainingStopped(wanted, f"'{value}'", f"Choose another {name}.")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name, number in (("iterations", self.iterations), ("batch", self.batch), ("patch", self.patch)):
            if number < 1:
                raise TrainingStopped(f"{name} of at least 1", str(number), f"Give a larger --{name}.")
        if not self.lr > 0:
            raise TrainingStopped("a positive learning rate", str(self.lr), "Give a positive --lr.")
        if not 0 <= self.clean_share < 1:
            raise TrainingStopped(
                "a clean share from 0 to below 1", str(self.clean_share), "Give another --clean-share."
            )
        ends = [stage.until for stage in self.stages]
        if ends and (ends != sorted(ends) or ends[-1] != 1 or (self.batch, self.patch) != self.sizes(0)):
            raise TrainingStopped(
                "stages that follow each other up to 1, the first as batch and patch say", str(ends), ""
            )

    def rate(self, step: int) -> float:
        """The learning rate of optimisation step `step`, counted from 0."""
        if step < self.warmup:
            return self.lr * (step + 1) / (self.warmup + 1)
        if self.schedule == "steps":
            return self.lr * self.factor ** sum(step >= m * self.iterations for m in self.milestones)
        start = max(self.warmup, round(self.hold * self.iterations))
        if step < start:
            return self.lr
        progress = (step - start) / max(1, self.iterations - start)
        return self.final_lr + 0.5 * (self.lr - self.final_lr) * (1 + math.cos(math.pi * min(1.0, progress)))

    def sizes(self, step: int) -> tuple[int, int]:
        """Batch and patch of optimisation step `step`, counted from 0."""
        for stage in self.stages:
            if step < round(stage.until * self.iterations):
                return stage.batch, stage.patch
        return (self.stages[-1].batch, self.stages[-1].patch) if self.stages else (self.batch, self.patch)

    @property
    def images(self) -> int:
        """How many patches the whole run sees."""
        ends = [0, *(round(stage.until * self.iterations) for stage in self.stages)]
        staged = sum((end - begin) * s.batch for begin, end, s in zip(ends, ends[1:], self.stages, strict=False))
        return staged if self.stages else self.iterations * self.batch

    def as_dict(self) -> dict[str, Any]:
        """The recipe as JSON data, for cards and checkpoints; of `OPTIONAL_IN_OLD_CARDS` only what is not zero."""
        told = {name: value for name, value in asdict(self).items() if value or name not in OPTIONAL_IN_OLD_CARDS}
        plain: dict[str, Any] = json.loads(json.dumps(told))
        return plain

    def of_batches(self) -> dict[str, Any]:
        """The numbers that students side by side have in common: all but `OF_ONE_STUDENT`, as JSON data."""
        return {name: value for name, value in self.as_dict().items() if name not in OF_ONE_STUDENT}

    def fingerprint(self) -> str:
        """The sha256 of the recipe: changes when any number does."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


def _asked(words: str, **metadata: Any) -> Any:
    return field(default=None, metadata={"help": words, **metadata})


@dataclass(frozen=True)
class RecipeOverrides:
    """The numbers of a recipe that a person asked for; those that are None stay as the recipe has them.

    The command line's options are made of these fields, see `benchmark.cli.options`.
    """

    iterations: int | None = _asked("Optimisation steps, instead of the recipe's.", min=1)
    batch: int | None = _asked("Images a step, over all processes, instead of the recipe's.", min=1)
    patch: int | None = _asked("Side of a patch in pixels, instead of the recipe's.", min=16)
    optimiser: Optimiser | None = _asked("adam or adamw, instead of the recipe's.")
    lr: float | None = _asked("First learning rate, instead of the recipe's; the last keeps its ratio to it.", min=0)
    final_lr: float | None = _asked("Last learning rate of the cosine.", min=0)
    schedule: Schedule | None = _asked("cosine or steps, instead of the recipe's.")
    warmup: int | None = _asked("Steps in which the rate rises to its first value.", min=0)
    weight_decay: float | None = _asked("Weight decay, instead of the recipe's.", min=0)
    clip: float | None = _asked("Bound of the gradient norm; 0 for none.", min=0)
    ema: float | None = _asked("Decay of the weights' running mean; 0 for none.", min=0, max=1)
    precision: Precision | None = _asked("fp32, bf16 or fp16.")
    clean_share: float | None = _asked(
        "Share of samples whose degraded image is replaced by the clean one.", min=0, max=1
    )
    clean_from: float | None = _asked("Fraction of the run after which the clean share begins.", min=0, max=1)
    identity_start: bool | None = _asked("Let the network start at the identity.", flags=("--identity-start",))
    balance: float | None = _asked(
        "Set a distiller's weights so that each term's gradient is this share of L_pixel's; 0 for the printed.", min=0
    )

    def apply(self, recipe: Recipe) -> Recipe:
        """`recipe` with these numbers; a new `lr` keeps its ratio to `final_lr`, a new batch or patch ends the stages."""
        given = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        if "lr" in given:
            given.setdefault("final_lr", recipe.final_lr * float(given["lr"]) / recipe.lr)
        if "batch" in given or "patch" in given:
            given["stages"] = ()
        return replace(recipe, **given)
