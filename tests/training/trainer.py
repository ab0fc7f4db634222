"""A small training run in a process of its own, for the tests that kill it or start two: see `main`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch

from benchmark.training.engine import Member, Settings, TrainingData, TrainingResult, train
from benchmark.training.recipe import Recipe
from tests.training.blobs import Blobs, Busy, Plain, Small

RECIPE = Recipe(60, batch=4, patch=16, optimiser="adamw", lr=3e-3, warmup=5, clip=0.5, ema=0.9, seed=3)


class Slow(Blobs):
    """A stream that takes its time, so that a kill lands in the middle of a run."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        time.sleep(0.02)
        return super().batch(step, rank, world)


def busy(folder: Path, slow: bool = False, seconds: float = 0.05) -> TrainingResult:
    """The run that is killed and resumed."""
    torch.manual_seed(0)
    objective = Busy(Small())
    settings = Settings("cpu", 1, validate_every=7, norms_every=11, log_every=1, checkpoint_seconds=seconds, quiet=True)
    return train(
        Member(objective, folder), TrainingData((Slow if slow else Blobs)(), [Blobs(seed=9).batch(0)]), RECIPE, settings
    )


def plain(folder: Path, accumulate: int = 1) -> TrainingResult:
    """The run that is shared by two processes."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.GELU(), torch.nn.Conv2d(8, 3, 3, padding=1))
    recipe = Recipe(20, batch=8, patch=16, lr=1e-3, clip=1.0)
    settings = Settings(log_every=1, quiet=True, threads=1, accumulate=accumulate)
    return train(Member(Plain(net), folder), TrainingData(Blobs(8)), recipe, settings)


if __name__ == "__main__":
    which, where = sys.argv[1], Path(sys.argv[2])
    if which == "busy":
        torch.save(busy(where, slow=True).state, where / "weights.pt")
    else:
        plain(where, int(sys.argv[3]))
