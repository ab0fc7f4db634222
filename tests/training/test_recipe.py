"""Recipes: the paper's numbers, the learning rate step by step, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from benchmark.core.errors import TrainingStopped
from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.training.recipe import Recipe, RecipeOverrides, Stage
from benchmark.training.recipes import objective_target, recipe_for


def test_the_default_is_the_papers() -> None:
    recipe = Recipe(1000)
    assert (recipe.optimiser, recipe.betas, recipe.weight_decay) == ("adam", (0.9, 0.999), 1e-4)
    assert (recipe.schedule, recipe.lr, recipe.final_lr) == ("cosine", 1e-4, 1e-6)
    assert (recipe.batch, recipe.patch) == (8, 128)
    student = recipe_for(get_method("res-sl-slkd"), Scale.PAPER)
    assert student == Recipe(student.iterations)


def test_cosine_goes_from_first_to_last_rate() -> None:
    recipe = Recipe(1000)
    assert recipe.rate(0) == 1e-4
    assert recipe.rate(500) == pytest.approx((1e-4 + 1e-6) / 2)
    assert recipe.rate(1000) == pytest.approx(1e-6)
    assert all(recipe.rate(s) > recipe.rate(s + 1) for s in range(1000))


def test_warm_up_rises_linearly() -> None:
    recipe = Recipe(100, lr=1.0, final_lr=0.0, warmup=9)
    assert [recipe.rate(s) for s in range(3)] == pytest.approx([0.1, 0.2, 0.3])
    assert recipe.rate(9) == 1.0


def test_steps_multiply_at_the_milestones() -> None:
    recipe = Recipe(100, lr=1.0, schedule="steps", milestones=(0.3, 0.5, 0.8), factor=0.2)
    assert [recipe.rate(s) for s in (0, 29, 30, 50, 80)] == pytest.approx([1, 1, 0.2, 0.04, 0.008])


@pytest.mark.parametrize(
    "wrong",
    [{"optimiser": "sgdd"}, {"schedule": "linear"}, {"precision": "fp8"}, {"batch": 0}, {"lr": 0.0}, {"iterations": 0}],
)
def test_wrong_numbers_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TrainingStopped, match=next(iter(wrong)) if "lr" not in wrong else "rate"):
        Recipe(**{"iterations": 10, **wrong})


def test_a_new_rate_keeps_the_shape_of_the_schedule() -> None:
    recipe = RecipeOverrides(lr=1e-3).apply(Recipe(100))
    assert recipe.final_lr == pytest.approx(1e-5)
    assert recipe.batch == 8


def test_the_fingerprint_follows_every_number() -> None:
    assert Recipe(10).fingerprint() == Recipe(10).fingerprint()
    assert Recipe(10).fingerprint() != Recipe(10, ema=0.5).fingerprint()


def test_rows_that_are_compared_have_one_budget() -> None:
    students = [m for m in methods() if m.distiller]
    for scale in Scale:
        budgets = set()
        for family in {m.network for m in students}:
            for task in ALL_TASKS:
                (recipe,) = {recipe_for(m, scale, task) for m in students if m.network == family}
                budgets.add(recipe.iterations * recipe.batch)
        assert len(budgets) == 1


@pytest.mark.parametrize("method", [m for m in methods() if m.network], ids=lambda m: m.id)
def test_every_method_has_an_objective(method: Method) -> None:
    import importlib

    module, _, name = objective_target(method).partition(":")
    assert callable(getattr(importlib.import_module(module), name))


DECIDING = ("recipe", "network", "objective", "options")


def test_the_shipped_weights_were_made_by_the_recipes() -> None:
    from benchmark.core import paths
    from benchmark.methods.weights import files
    from benchmark.training.card import origin
    from benchmark.training.job import TrainJob

    shipped = sorted((paths.packaged_weights() / "mini").glob("*/*.safetensors"))
    assert shipped
    for path in shipped:
        name, _, seed = path.stem.partition(".seed")
        method, task = get_method(name), Task(path.parent.name)
        recipe = replace(recipe_for(method, Scale.MINI, task), seed=int(seed or 0))
        assert files.has_whole_weights(path)
        card = files.read_card(path)
        wanted = origin(method, TrainJob((method,), task, Scale.MINI, recipe), card["data"])
        if "objective_version" not in card:  # such a card tells no options that an objective has by its declaration
            card["options"] = wanted["options"] | card["options"]
        assert {name: card.get(name) for name in DECIDING} == {name: wanted[name] for name in DECIDING}, path


def test_a_rate_may_be_held_before_it_falls() -> None:
    recipe = Recipe(300, lr=3e-4, final_lr=1e-6, hold=92 / 300, warmup=2)
    assert recipe.rate(0) == pytest.approx(1e-4)
    assert {recipe.rate(step) for step in range(2, 93)} == {3e-4}
    assert recipe.rate(196) == pytest.approx((3e-4 + 1e-6) / 2)
    assert recipe.rate(300) == pytest.approx(1e-6)


def test_stages_have_sizes_of_their_own_and_follow_the_number_of_iterations() -> None:
    recipe = Recipe(10, 8, 16, stages=(Stage(0.3, 8, 16), Stage(0.5, 4, 24), Stage(1.0, 2, 32)))
    assert [recipe.sizes(step) for step in (0, 2, 3, 4, 5, 9)] == [(8, 16)] * 2 + [(4, 24)] * 2 + [(2, 32)] * 2
    assert recipe.images == 3 * 8 + 2 * 4 + 5 * 2
    assert replace(recipe, iterations=20).sizes(6) == (4, 24)
    assert json.loads(json.dumps(recipe.as_dict()))["stages"][1] == {"until": 0.5, "batch": 4, "patch": 24}
    assert RecipeOverrides(batch=4).apply(recipe).stages == ()
    assert RecipeOverrides(iterations=30).apply(recipe).stages == recipe.stages
    for wrong in (
        (Stage(0.5, 8, 16),),
        (Stage(0.7, 8, 16), Stage(0.2, 4, 16), Stage(1.0, 4, 16)),
        (Stage(1.0, 4, 16),),
    ):
        with pytest.raises(TrainingStopped, match="stages"):
            Recipe(10, 8, 16, stages=wrong)


def test_published_recipes_of_the_teachers() -> None:
    restormer = recipe_for(get_method("restormer"), Scale.PAPER)
    assert [restormer.sizes(step) for step in (0, 91_999, 92_000, 156_000, 204_000, 240_000, 276_000)] == [
        *([(64, 128)] * 2),
        (40, 160),
        (32, 192),
        (16, 256),
        (8, 320),
        (8, 384),
    ]
    assert (restormer.rate(91_999), restormer.lr, restormer.clip) == (3e-4, 3e-4, 0.01)
    assert restormer.rate(196_000) == pytest.approx((3e-4 + 1e-6) / 2, rel=1e-4)
    drsformer = recipe_for(get_method("drsformer"), Scale.PAPER)
    assert (drsformer.batch, drsformer.patch, drsformer.stages, drsformer.hold) == (16, 128, (), 0.306667)
    uformer = get_method("uformer")
    assert (recipe_for(uformer, Scale.PAPER).batch, recipe_for(uformer, Scale.PAPER).warmup) == (32, 3000)
    assert objective_target(uformer, Scale.PAPER).endswith(":Charbonnier")
    assert objective_target(uformer, Scale.MINI).endswith(":Scratch")
