"""SLKD on toys in the engine, alone or as one of two processes: `python -m tests.training.slkd_trainer FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from benchmark.training.engine import Member, Settings, TrainingData, TrainingResult, train
from benchmark.training.recipe import Recipe
from slkd import SLKD
from tests.distillation.toy import Toy
from tests.training.blobs import Blobs

RECIPE = Recipe(20, batch=4, patch=16, lr=2e-3)


class Ends(Blobs):
    """A stream in double precision that ends early, as a killed run does.

    In single precision Adam makes whole steps of gradients that are nothing but rounding, and two processes, which
    round otherwise, drift apart by some 1e-5 of the loss in 20 steps.
    """

    def __init__(self, last: int) -> None:
        super().__init__(RECIPE.batch, RECIPE.patch)
        self.last = last

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
        if step > self.last:
            raise OSError("cut off")
        degraded, clean = super().batch(step, rank, world)
        return degraded.double(), clean.double()


def slkd(folder: Path, last: int = 1000, reading: str = "recommended") -> TrainingResult:
    """Twenty steps, of which those after `last` are cut off; every step is logged and kept."""
    torch.manual_seed(0)
    settings = Settings(threads=1, log_every=1, norms_every=0, checkpoint_seconds=0.0, quiet=True)
    return train(
        Member(SLKD(Toy(6, 2), Toy(3, 2), reading=reading).double(), folder), TrainingData(Ends(last)), RECIPE, settings
    )


if __name__ == "__main__":
    where = Path(sys.argv[1])
    result = slkd(where)
    torch.save(result.state, where / f"weights-{torch.distributed.get_rank()}.pt")
