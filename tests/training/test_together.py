"""Methods that train side by side learn what each learns alone, bit for bit, and a shared teacher is asked once a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from baselines.networks.shape.features import EncoderDecoder
from baselines.objective import Objective
from benchmark.core.errors import BadData, BadMethod, TrainingStopped, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method, row_method
from benchmark.methods.networks import build
from benchmark.methods.weights import files
from benchmark.training import engine
from benchmark.training.build import Teachers, build_objective
from benchmark.training.data.opening import open_data
from benchmark.training.data.source import DataSource
from benchmark.training.engine import Member, Settings, TrainingData, TrainingResult, train, train_together
from benchmark.training.job import Selection, jobs_of
from benchmark.training.recipe import Recipe, Stage
from benchmark.training.teacher import SharedTeacher
from benchmark.training.train import train as train_jobs
from tests.training.blobs import Blobs, Busy, Plain, Small
from tests.training.jobs import job, trained, use_blobs

QUIET = Settings(quiet=True, threads=1, validate_every=4, log_every=2, norms_every=5)
RECIPE = Recipe(9, 2, 16, lr=1e-3)
RAIN = Task.DERAINING
STUDENTS = ("scratch", "logits", "dfkd", "dfkd-progressive", "dckd-cross", "dckd-dynamic", "fakd", "slkd")


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    use_blobs(monkeypatch)


def objective(kind: type[Plain | Busy]) -> Objective:
    torch.manual_seed(3)
    return kind(Small())


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def states(found: Sequence[TrainingResult | TrainingStopped]) -> list[dict[str, torch.Tensor]]:
    """The weights of runs of which none was stopped."""
    done = [one for one in found if isinstance(one, TrainingResult)]
    assert len(done) == len(found) > 0
    return [one.state for one in done]


def members(folder: Path) -> list[Member]:
    return [Member(objective(kind), folder / kind.__name__, title=kind.__name__) for kind in (Busy, Plain)]


def test_side_by_side_is_alone(tmp_path: Path) -> None:
    pairs = [Blobs(seed=5).batch(0)]
    together = train_together(members(tmp_path / "both"), TrainingData(Blobs(2, 16), pairs), RECIPE, QUIET)
    for member, result in zip(members(tmp_path / "one"), together, strict=True):
        alone = train(Member(member.objective, member.folder), TrainingData(Blobs(2, 16), pairs), RECIPE, QUIET)
        assert isinstance(result, engine.TrainingResult)
        assert same(result.state, alone.state)
        assert result.curve == alone.curve
        assert result.gradient_norms == alone.gradient_norms


def test_every_student_of_a_teacher_learns_as_alone(tmp_path: Path, blobs: None) -> None:
    recipe = replace(RECIPE, iterations=3, batch=1, patch=32)
    trained(tmp_path, "restormer", replace(recipe, iterations=1))
    together = job(tmp_path, *(f"res-sl-{name}" for name in STUDENTS), recipe=recipe)
    paths = [one.path for one in train_jobs([together], QUIET)]
    found = {path: path.read_bytes() for path in paths}
    assert len(set(found.values())) == len(paths)
    for method, path in zip(together.methods, paths, strict=True):
        assert set(files.read_card(path)["trained_beside"]) == {m.id for m in together.methods} - {method.id}
    for method, path in zip(together.methods, paths, strict=True):
        assert trained(tmp_path, method.id, recipe, fresh=True).read_bytes() == found[path], method.id


def test_a_teacher_is_asked_once_a_batch_for_each_image(tmp_path: Path, blobs: None) -> None:
    recipe = replace(RECIPE, iterations=1, batch=1, patch=32)
    trained(tmp_path, "restormer", recipe)
    kept: Teachers = {}
    names = ("res-sl-logits", "res-sl-fakd", "res-sl-slkd", "res-sl-pisr")
    built = [build_objective(get_method(name), job(tmp_path, name), kept)[0] for name in names]
    teacher = kept["restormer"][0]
    assert all(one.teacher is teacher for one in built)
    degraded, clean = Blobs(1, 32).batch(0)
    for _ in range(2):
        teacher.begin(degraded, clean)
        for one in built:
            one.train()(degraded, clean)
    assert teacher.passes == 4  # two batches, each degraded and clean


def test_what_is_kept_equals_the_network_and_only_the_batch_is_kept() -> None:
    torch.manual_seed(0)
    network = build("restormer", "mini").eval().requires_grad_(False)
    assert isinstance(network, EncoderDecoder)
    shared = SharedTeacher(network)
    first, second, other = (torch.rand(1, 3, 24, 24) for _ in range(3))
    shared.begin(first, second)
    with torch.no_grad():
        assert torch.equal(shared(first), network(first))
        both = shared.features_of_both(first, second)
        apart = network.features(second)
        assert torch.equal(both[1].decoder[0], apart.decoder[0])
        passes = shared.passes
        assert torch.equal(shared(other), network(other))
        swapped = shared.features_of_both(other, first)[0].restored
        assert torch.equal(swapped, network.features(other).restored)
        assert shared.passes == passes == 2
        changed = first.clone()
        shared.begin(changed, second)
        changed.mul_(0.5)
        assert torch.equal(shared(changed), network(changed))
    needed = first.clone().requires_grad_()
    shared.begin(needed, second)
    shared(needed).sum().backward()
    assert needed.grad is not None
    assert needed.grad.abs().sum() > 0


def test_members_that_stand_at_different_steps_meet(tmp_path: Path) -> None:
    whole = states(train_together(members(tmp_path / "whole"), TrainingData(Blobs(2, 16)), RECIPE, QUIET))
    ahead = members(tmp_path / "parts")

    class Stops(Blobs):
        def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
            if step == 5:
                raise KeyboardInterrupt
            return super().batch(step, rank, world)

    eager = replace(QUIET, checkpoint_seconds=0.0)
    with pytest.raises(KeyboardInterrupt):
        train_together(ahead[:1], TrainingData(Stops(2, 16)), RECIPE, eager)
    assert torch.load(ahead[0].folder / "checkpoint.pt", weights_only=True)["step"] == 5
    found = train_together(members(tmp_path / "parts"), TrainingData(Blobs(2, 16)), RECIPE, QUIET)
    assert all(map(same, states(found), whole))


class Breaks(Plain):
    def forward(self, degraded: torch.Tensor, clean: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"pixel": super().forward(degraded, clean)["pixel"] * float("nan")}


def test_one_that_fails_leaves_the_others_their_weights(tmp_path: Path) -> None:
    three = [*members(tmp_path), Member(objective(Breaks), tmp_path / "breaks", title="breaks")]
    found = train_together(three, TrainingData(Blobs(2, 16)), RECIPE, QUIET)
    assert isinstance(found[2], TrainingStopped)
    assert "pixel" in str(found[2])
    alone = train_together(members(tmp_path / "again"), TrainingData(Blobs(2, 16)), RECIPE, QUIET)
    assert all(map(same, states(found[:2]), states(alone)))
    assert all(
        isinstance(r, TrainingStopped) for r in train_together(three[2:], TrainingData(Blobs(2, 16)), RECIPE, QUIET)
    )


def test_what_trains_in_one_process() -> None:
    names = ("res-sl-logits", "prenet", "restormer", "res-sl-scratch", "ufor-sl-slkd", "res-sl-slkd@alpha2=1")
    rows = Selection(names, task=(RAIN,)).rows()
    apart = jobs_of(rows, Selection(seed=(0, 1), together=False))
    assert [len(one.methods) for one in apart] == [1] * 12
    assert {one.seed for one in apart} == {one.recipe.seed for one in apart} == {0, 1}
    assert [[m.id for m in one.methods] for one in jobs_of(rows, Selection())] == [
        ["restormer"],
        ["res-sl-logits", "res-sl-scratch", "res-sl-slkd@alpha2=1"],
        ["prenet"],
        ["ufor-sl-slkd"],
    ]


def test_variants_have_names_and_weights_of_their_own() -> None:
    variant = get_method("Res-SL@pixel_target=clean, alpha1=0.50")
    assert variant.id == "res-sl-slkd@alpha1=0.5,pixel_target=clean"
    assert variant.options == {"alpha1": 0.5, "pixel_target": "clean"}
    assert row_method(variant.id) == variant
    assert job(Path(), variant.id).weights_path(variant).stem == variant.id
    (method, _), *rest = Selection(("ufor-sl-slkd",), task=(RAIN,), reading="softplus").rows()
    assert not rest
    assert (method.id, method.options) == ("ufor-sl-slkd@reading=softplus", {"reading": "softplus"})
    for name, error in (
        ("res-sl-logits@alpha1=1", BadMethod),
        ("res-sl-slkd@alpha1=-1", BadMethod),
        ("res-sl-slkd@alpha1", BadMethod),
        ("res-sl-slkd@pixel_target=degraded", BadMethod),
        ("res-sl-slkd@reading=litteral", UnknownName),
        ("res-sl-slkd@alpha3=1", UnknownName),
    ):
        with pytest.raises(error):
            get_method(name)


def test_a_reading_that_drowns_the_pixels_is_refused_unless_its_weights_are_set_by_share(
    tmp_path: Path, blobs: None
) -> None:
    trained(tmp_path, "restormer", replace(RECIPE, iterations=1, batch=1, patch=32))
    recipe = replace(RECIPE, iterations=2, batch=1, patch=32)
    loud = job(tmp_path, "res-sl-slkd@reading=softmax", recipe=recipe)
    with pytest.raises(TrainingStopped, match=r"28 times that of L_pixel.*--balance"):
        train_jobs([loud], QUIET)
    (done,) = train_jobs([replace(loud, recipe=replace(recipe, balance=0.2))], QUIET)
    assert files.read_card(done.path)["recipe"]["balance"] == 0.2


def pairs_on_disk(folder: Path) -> Path:
    from PIL import Image

    from benchmark.datasets.mini.leaves import dead_leaves

    for side in ("input", "target"):
        (folder / side).mkdir(parents=True)
    import numpy as np

    for number in range(3):
        clean = dead_leaves(np.random.Generator(np.random.PCG64(number)))[:48, :56]
        Image.fromarray(clean).save(folder / "target" / f"{number}.png")
        Image.fromarray(clean // 2).save(folder / "input" / f"{number}.png")
    return folder


def test_training_on_pairs_and_never_on_other_data_in_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pairs_on_disk(tmp_path / "mine")
    one = job(tmp_path, "prenet", recipe=replace(RECIPE, iterations=2))
    (done,) = train_jobs([replace(one, data=DataSource(pairs=folder))], QUIET)
    told = files.read_card(done.path)["data"]
    assert told["pairs"] == 3
    assert "mine" in told["dataset"]
    monkeypatch.setenv("SLKD_BENCH_DATA", str(tmp_path / "empty"))
    with pytest.raises(BadData, match="Rain13K"):
        train_jobs([replace(one, scale=Scale.PAPER)], QUIET)
    with pytest.raises(TrainingStopped, match="one source"):
        open_data(RAIN, Scale.MINI, RECIPE, DataSource(tmp_path, folder))


def test_a_recipe_in_stages_learns_from_patches_that_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.training.member import MemberState

    seen: list[tuple[int, ...]] = []
    advance = MemberState.advance

    def watched(self: MemberState, degraded: torch.Tensor, *rest: Any) -> None:
        seen.append(tuple(degraded.shape))
        advance(self, degraded, *rest)

    monkeypatch.setattr(MemberState, "advance", watched)
    stages = (Stage(0.5, 4, 16), Stage(1.0, 2, 32))
    one = job(tmp_path, "prenet", recipe=Recipe(6, 4, 16, stages=stages))
    folder = pairs_on_disk(tmp_path / "mine")
    (done,) = train_jobs([replace(one, data=DataSource(pairs=folder))], QUIET)
    assert seen == [(4, 3, 16, 16)] * 3 + [(2, 3, 32, 32)] * 3
    assert files.read_card(done.path)["images"] == 3 * 4 + 3 * 2
