"""Ablations: the axes as data, variants alike but for one change, and a loss that is not a number told as such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method
from benchmark.methods.weights import files
from benchmark.papers.model import Axis
from benchmark.studies import ablation
from benchmark.training.job import Outputs
from benchmark.training.recipe import RecipeOverrides
from tests.training.jobs import QUIET, use_blobs


def test_table_iv_is_the_papers_for_the_papers_student_and_alike_for_others() -> None:
    axis = ablation.axes()["table-iv"]
    paper = ablation.variants(get_method("res-sl-slkd"), axis)
    assert [m.id for m in paper] == [f"res-sl-ablation-{name}" for name in ("rainy", "clean", "nc", "et")]
    others = ablation.variants(get_method("drs-sl-slkd"), axis)
    assert [m.options for m in others] == [m.options for m in paper]
    assert {m.network for m in others} == {"drs-sl"}


def test_every_axis_varies_one_thing_around_the_paper() -> None:
    base = get_method("ufor-sl-slkd")
    found = {name: ablation.variants(base, axis) for name, axis in ablation.axes().items()}
    assert len(found["alpha"]) == 4 * 4 - 1
    assert all(m.options for variants in found.values() for m in variants)
    assert len({m.id for variants in found.values() for m in variants}) == sum(map(len, found.values()))
    with pytest.raises(BadMethod):
        ablation.variants(get_method("res-sl-logits"), ablation.axes()["pixel"])
    with pytest.raises(UnknownName, match="readings"):
        ablation.chosen_axes(["reading"])
    with pytest.raises(BadMethod, match="not a number"):
        get_method("res-sl-slkd@reading=literal")


def test_ablate_trains_scores_and_compares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_blobs(monkeypatch, pairs=False)
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path / "home"))
    scored: list[str] = []

    def score(methods: Any, task: Task, scale: Scale, seeds: Any, out: Path) -> None:
        from benchmark.datasets import get_dataset
        from benchmark.runs.execute import execute
        from benchmark.runs.options import RunOptions
        from benchmark.runs.plan import make_plan

        scored.extend(m.id for m in methods)
        options = RunOptions(limit=3)
        execute(make_plan(methods, [get_dataset("mini-rain1400")], scale, out, seeds=seeds, options=options), options)

    monkeypatch.setattr(ablation, "score", score)
    monkeypatch.setattr(
        ablation, "axes", lambda: {"two": Axis("two", "?", changes=("pixel_target=clean", "alpha1=1e300"))}
    )
    torch.manual_seed(0)
    rows = ablation.ablate(
        get_method("res-sl-slkd"),
        ablation.chosen_axes(["two"]),
        ablation.Study(
            Task.DERAINING,
            out=tmp_path / "out",
            overrides=RecipeOverrides(iterations=1, batch=1, patch=32),
            outputs=Outputs(runs=tmp_path / "runs"),
            settings=QUIET,
        ),
    )["two"]
    pixel, huge = rows
    assert [c.dataset for c in pixel.comparisons] == ["mini-rain1400"]
    assert not huge.comparisons
    assert "inf" in huge.stopped
    cards = sorted((tmp_path / "home/weights/mini/deraining").glob("*.json"))
    assert [files.read_card(c.with_suffix(".safetensors"))["options"] for c in cards] == [{}, {"pixel_target": "clean"}]
