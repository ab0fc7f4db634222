"""From a method's name to weights and card: skipping, resuming, teachers, half precision, the command."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from benchmark.core.errors import AskedToStop, BadData, BadWeights, GroupStopped, TrainingStopped, UnknownName
from benchmark.core.files import sha256_of
from benchmark.core.types import Scale, Task
from benchmark.methods import networks
from benchmark.methods.find import get_method
from benchmark.methods.weights import coding, files
from benchmark.methods.weights.loading import load_network
from benchmark.training import storage
from benchmark.training.build import build_objective, student_of
from benchmark.training.data.source import DataSource
from benchmark.training.execute import Trained
from benchmark.training.job import Outputs, Selection, TrainJob, make_jobs
from benchmark.training.recipe import RecipeOverrides
from benchmark.training.settings import Settings
from benchmark.training.step import pick_device
from benchmark.training.train import train
from tests.training.jobs import QUIET, RAIN, RECIPE, job, trained, use_blobs


@pytest.fixture(autouse=True)
def blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny stream in the place of the real one, which has tests of its own."""

    use_blobs(monkeypatch)


def test_weights_and_card_are_written_and_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trained(tmp_path)
    assert path == tmp_path / "weights/mini/deraining/prenet.safetensors"
    card = files.read_card(path)
    assert card["sha256"] == sha256_of(path)
    assert card["recipe"] == RECIPE.as_dict()
    assert card["validation"][-1][0] == 6
    assert card["images"] == 12
    expected = (
        "method",
        "task",
        "scale",
        "iterations",
        "seed",
        "seconds",
        "data",
        "code",
        "torch",
        "device",
        "parameters",
    )
    assert not [name for name in expected if card.get(name) is None]
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path))
    network = load_network(get_method("prenet"), RAIN, Scale.MINI)
    assert torch.isfinite(network(torch.rand(1, 3, 20, 20))).all()
    assert not list((tmp_path / "runs").rglob("checkpoint.pt"))


def test_the_same_recipe_twice_gives_the_same_bytes_and_is_skipped(tmp_path: Path) -> None:
    first, second = trained(tmp_path / "a"), trained(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    before = first.stat().st_mtime_ns
    trained(tmp_path / "a")
    assert first.stat().st_mtime_ns == before
    trained(tmp_path / "a", recipe=replace(RECIPE, lr=2e-3))
    assert first.read_bytes() != second.read_bytes()


def test_a_changed_file_is_trained_again(tmp_path: Path) -> None:
    path = trained(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert trained(tmp_path).read_bytes() == whole


def test_another_size_of_network_is_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = trained(tmp_path).read_bytes()
    known = networks.networks()
    small = known["prenet"].arguments["mini"] | {"channels": 4}
    changed = replace(known["prenet"], arguments={"mini": small})
    monkeypatch.setattr(networks, "networks", lambda: known | {"prenet": changed})
    path = trained(tmp_path)
    assert path.read_bytes() != before
    assert files.read_card(path)["network"]["arguments"] == small


def test_seeds_have_files_of_their_own(tmp_path: Path) -> None:
    path = trained(tmp_path, recipe=replace(RECIPE, seed=2))
    assert path.name == "prenet.seed2.safetensors"
    assert files.read_card(path)["seed"] == 2
    assert path.read_bytes() != trained(tmp_path).read_bytes()


def test_a_student_without_its_teacher_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.core.paths.packaged_weights", lambda: tmp_path / "none")
    with pytest.raises(BadWeights, match="slkd-bench train restormer --task deraining"):
        trained(tmp_path, "res-sl-logits")


def test_students_start_alike_and_learn_from_the_teacher_in_out(tmp_path: Path) -> None:
    teacher = trained(tmp_path, "restormer", recipe=replace(RECIPE, iterations=1))
    starts = []
    for name in ("res-sl-scratch", "res-sl-logits", "res-sl-slkd", "res-sl-ablation-nc"):
        objective, found = build_objective(get_method(name), job(tmp_path, name))
        starts.append(student_of(objective).state_dict())
        assert (found is None) == (name == "res-sl-scratch")
        if found is not None:
            assert found.path == teacher
            assert not any(n.startswith("teacher.") and p.requires_grad for n, p in objective.named_parameters())
    assert all(torch.equal(s[k], starts[0][k]) for s in starts[1:] for k in starts[0])
    path = trained(tmp_path, "res-sl-slkd", recipe=replace(RECIPE, iterations=2, batch=1, patch=64))
    card = files.read_card(path)
    assert (card["teacher"]["method"], card["teacher"]["sha256"]) == ("restormer", sha256_of(teacher))
    assert card["balance"]["terms"].keys() == {"kl", "nc", "et"}
    assert set(card["gradient_norms"]["0"]) == {"pixel", "kl", "nc", "et"}


def test_a_new_teacher_means_new_students(tmp_path: Path) -> None:
    short = replace(RECIPE, iterations=1, batch=1, patch=32)
    trained(tmp_path, "restormer", recipe=short)
    student = trained(tmp_path, "res-sl-logits", recipe=short)
    before = student.read_bytes(), student.stat().st_mtime_ns
    assert trained(tmp_path, "res-sl-logits", recipe=short).stat().st_mtime_ns == before[1]
    trained(tmp_path, "restormer", recipe=replace(short, lr=5e-3))
    assert trained(tmp_path, "res-sl-logits", recipe=short).read_bytes() != before[0]


def make(names: tuple[str, ...], folder: Path, task: Task = RAIN, together: bool | None = None) -> list[TrainJob]:
    outputs = Outputs(folder / "w", folder / "r", force=True)
    overrides = RecipeOverrides(iterations=1, batch=1, patch=32)
    return make_jobs(Selection(names, task=(task,), together=together), overrides, outputs=outputs)


@pytest.mark.slow
def test_several_methods_at_once_in_processes(tmp_path: Path) -> None:
    jobs = make(("res-sl-logits", "prenet", "restormer"), tmp_path)
    trained_now = train(jobs, Settings(threads=1), processes=2)
    assert [one.method for one in trained_now] == ["restormer", "res-sl-logits", "prenet"]
    assert all(one.new and one.path.is_file() for one in trained_now)
    assert [one.new for one in train(jobs, Settings(threads=1), processes=2)] == [False] * 3
    missing = [replace(job, data=DataSource(pairs=tmp_path / "none")) for job in jobs[1:]]
    with pytest.raises(
        GroupStopped, match=r"2 methods to train.*found res-sl-logits deraining mini seed 0: "
    ) as stopped:
        train(missing, QUIET, processes=2)
    assert set(stopped.value.failures) == {job.title for job in missing}
    with pytest.raises(BadData, match="none"):
        train(missing[:1], QUIET)


@pytest.mark.slow
def test_jobs_go_through_submitit(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    (one,) = train(make(("prenet",), tmp_path), QUIET, cluster="local")
    assert one.path.is_file()


def test_a_job_can_be_pickled_with_its_error(tmp_path: Path) -> None:
    (job,) = make(("res-sl-logits",), tmp_path)
    assert pickle.loads(pickle.dumps(job)) == job
    error = GroupStopped({"a": TrainingStopped("x", "y", "z")}, 2)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.failures["a"].remedy == "z"


def test_teachers_are_done_before_students_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def run_alone(job: TrainJob, settings: Settings) -> list[Trained]:
        started.append(job.methods[0].id)
        if job.methods[0].id == "prenet":
            raise BadWeights("a", "b", "c")
        return []

    monkeypatch.setattr("benchmark.training.train.run_alone", run_alone)
    with pytest.raises(TrainingStopped, match="2 methods to train to their end; found prenet deraining"):
        train(make(("res-sl-logits", "prenet", "restormer"), tmp_path))
    assert started[0] == "restormer"
    assert set(started[1:]) == {"res-sl-logits", "prenet"}


def test_a_task_the_method_is_not_for(tmp_path: Path) -> None:
    with pytest.raises(TrainingStopped, match="deraining"):
        train([job(tmp_path, "prenet", task=Task.DENOISING)])


def test_the_degraded_image_cannot_be_trained(tmp_path: Path) -> None:
    with pytest.raises(TrainingStopped, match="nothing to train"):
        train([job(tmp_path, "identity")])


def test_weights_are_stored_in_the_smallest_form_that_costs_little(tmp_path: Path) -> None:
    card = files.read_card(trained(tmp_path))
    fitting = [form for form, cost in card["storage_cost_db"].items() if abs(cost) < storage.STORAGE_COST]
    assert card["stored"] == ([*fitting, "as trained"])[0]
    tried = list(card["storage_cost_db"])
    assert tried == list(coding.FORMS[: len(tried)])  # up to the one that was taken
    assert card["stored"] in (tried[-1], "as trained")


def test_all_means_teachers_first() -> None:
    pairs = Selection(everything=True).rows()
    kinds = [method.kind == "teacher" for method, _ in pairs]
    assert kinds == sorted(kinds, reverse=True)
    assert "identity" not in {method.id for method, _ in pairs}
    assert len(pairs) > 30
    assert {task for method, task in pairs if method.id == "prenet"} == {RAIN}


def test_nothing_to_train_and_no_such_device() -> None:
    with pytest.raises(TrainingStopped, match="--all"):
        Selection().rows()
    with pytest.raises(UnknownName):
        Selection(("restormr",)).rows()
    with pytest.raises(TrainingStopped, match="--device"):
        pick_device("tpu")


def test_the_command_trains_and_says_where(tmp_path: Path) -> None:
    import typer

    from benchmark.cli.train import register

    app = typer.Typer()
    register(app)
    command = ["prenet", "--task", "deraining", "--iterations", "3", "--batch", "2", "--patch", "16", "--lr", "1e-3"]
    command += ["--out", str(tmp_path / "w"), "--runs", str(tmp_path / "r"), "--threads", "1", "--device", "cpu"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "prenet.safetensors" in done.output.replace("\n", "")
    card = json.loads((tmp_path / "w/mini/deraining/prenet.json").read_text())
    assert (card["recipe"]["iterations"], card["recipe"]["lr"]) == (3, 1e-3)


def test_an_identity_start_leaves_the_image_alone_and_still_learns(tmp_path: Path) -> None:
    image = torch.rand(2, 3, 16, 16)
    method = get_method("drs-sl-scratch")
    at_identity = replace(RECIPE, identity_start=True)
    objective, _ = build_objective(method, job(tmp_path, method.id, recipe=at_identity))
    assert torch.equal(student_of(objective)(image), image)
    usual, _ = build_objective(method, job(tmp_path, method.id))
    assert not torch.equal(student_of(usual)(image), image)
    path = trained(tmp_path, "drs-sl-scratch", recipe=replace(RECIPE, identity_start=True))
    assert files.read_card(path)["recipe"]["identity_start"] is True
    assert "identity_start" not in files.read_card(trained(tmp_path / "usual", "drs-sl-scratch"))["recipe"]
    learnt = files.load_weights(path)
    assert float(learnt["output.weight"].abs().max()) > 0


def test_a_network_that_cannot_start_at_the_identity_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingStopped, match="prenet, whose last convolution"):
        trained(tmp_path, recipe=replace(RECIPE, identity_start=True))


@pytest.mark.parametrize("processes", [1, 2])
def test_after_a_signal_nothing_else_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    """Ctrl-C in the first of several trainings is meant for all of them."""
    begun: list[int] = []

    class Pool:
        cancelled = False

        def __init__(self, *_: object, **__: object) -> None: ...

        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *_: object) -> None: ...

        def submit(self, _: object, job: TrainJob, settings: Settings) -> Future[object]:
            future: Future[object] = Future()
            future.set_exception(AskedToStop("to train to the end", "a signal to stop", "Give it again."))
            begun.append(job.seed)
            return future

        def shutdown(self, wait: bool, cancel_futures: bool) -> None:
            Pool.cancelled = cancel_futures and not wait

    def stopped(job: TrainJob, settings: Settings) -> list[Trained]:
        begun.append(job.seed)
        raise AskedToStop("to train to the end", "a signal to stop", "Give it again.")

    monkeypatch.setattr("benchmark.training.train.run_alone", stopped)
    monkeypatch.setattr("benchmark.training.train.ProcessPoolExecutor", Pool)
    jobs = [job(tmp_path, "res-sl-scratch"), job(tmp_path, "res-sl-scratch", recipe=replace(RECIPE, seed=1))]
    with pytest.raises(AskedToStop):
        train(jobs, QUIET, processes)
    assert begun == ([0] if processes == 1 else [0, 1])
    assert Pool.cancelled == (processes == 2)
