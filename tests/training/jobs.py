"""Jobs on a tiny stream, for the tests that go from a method's name to its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method
from benchmark.training.data.opening import TrainingData
from benchmark.training.data.source import DataSource
from benchmark.training.job import Outputs, TrainJob
from benchmark.training.recipe import Recipe
from benchmark.training.settings import Settings
from benchmark.training.train import train
from tests.training.blobs import Blobs

RECIPE = Recipe(6, 2, 16, lr=1e-3)
QUIET = Settings(quiet=True, threads=1)
RAIN = Task.DERAINING


def use_blobs(monkeypatch: pytest.MonkeyPatch, pairs: bool = True, fixed: tuple[int, int] | None = None) -> None:
    """The tiny stream in the place of the real one, of the recipe's batch and patch or of `fixed` ones."""

    def open_mini(task: Task, recipe: Recipe, photos: Path | None) -> TrainingData:
        batch, patch = fixed or (recipe.batch, recipe.patch)
        stream = Blobs(batch, patch, recipe.seed)
        return TrainingData(
            stream,
            [Blobs(*((3, 32) if fixed else (2, 16)), 77).batch(0)] if pairs else [],
            {"stream": f"blobs of {photos}"},
        )

    monkeypatch.setattr("benchmark.training.data.opening.open_mini", open_mini)
    for module in ("measure", "command"):
        monkeypatch.setattr(f"benchmark.studies.inspection.{module}.open_synthesis", open_mini)


def job(folder: Path, *names: str, recipe: Recipe = RECIPE, task: Task = RAIN) -> TrainJob:
    """A job at scale mini that writes below `folder`; teachers are taken as they are."""
    outputs = Outputs(folder / "weights", folder / "runs", force=True)
    return TrainJob(tuple(get_method(name) for name in names), task, Scale.MINI, recipe, DataSource(), outputs)


def trained(folder: Path, name: str = "prenet", recipe: Recipe = RECIPE, fresh: bool = False) -> Path:
    """The weights of one method, trained by `recipe`."""
    one = job(folder, name, recipe=recipe)
    return train([replace(one, outputs=replace(one.outputs, fresh=fresh))], QUIET)[0].path
