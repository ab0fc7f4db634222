"""Plans of studies: read or refused, expanded into trainings, done, killed, resumed, divided and reported."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core.errors import BadData, TrainingStopped, UnknownName
from benchmark.core.types import Task
from benchmark.methods.find import get_method
from benchmark.methods.weights import files
from benchmark.statistics.effect import Conclusion
from benchmark.studies.plans import beforehand, decide, execute, times, trainings
from benchmark.studies.plans.execute import parse_shard, run_study
from benchmark.studies.plans.health import State, health
from benchmark.studies.plans.how import StudyRun
from benchmark.studies.plans.plan import Health, Plan, plans_here, read_plan
from benchmark.studies.plans.report import report
from benchmark.studies.plans.trainings import Folder, everything
from benchmark.studies.plans.words import as_data, as_markdown, told_time
from benchmark.training.data.source import DataSource
from benchmark.training.health import TeacherCheck
from benchmark.training.job import Selection, make_jobs
from benchmark.training.settings import Settings
from tests.runs.toys import ToySet
from tests.training.jobs import use_blobs

TINY = """
id = "tiny"
title = "A study of seconds"
tasks = ["deraining"]
seeds = [0, 1]
sets = ["mini-rain1400"]
reference = "res-sl-scratch"
[budget]
iterations = 4
batch = 1
patch = 32
[rates]
values = [1e-3, 1e-4]
iterations = 2
[health]
collapsed = -100.0
teacher_gain = 0.0
teacher_margin = 0.0
[[teachers]]
method = "restormer"
seeds = [0, 1]
recipe = {iterations = 2, batch = 1, patch = 32}
[[rows]]
method = "res-sl-scratch"
[[rows]]
method = "res-sl-logits"
[[rows]]
method = "res-sl-scratch"
name = "as-long"
same_seconds_as = "res-sl-logits"
seeds = [0]
"""
TOP = Path(__file__).parents[3]
QUIET = StudyRun(Settings(quiet=True, threads=1, validate_every=1))


class FewImages(ToySet):
    """Twelve small random pairs under the name of a mini set."""

    id = "mini-rain1400"


def plan_file(folder: Path, text: str = TINY) -> Path:
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    use_blobs(monkeypatch)


@pytest.fixture
def tiny(tmp_path: Path) -> Plan:
    return read_plan(str(plan_file(tmp_path)))


def test_every_shipped_plan_is_whole() -> None:
    assert "mini-deraining" in plans_here()
    for name in plans_here():
        plan = read_plan(name)
        assert plan.id == name
        assert everything(plan, Folder(Path("nowhere")), DataSource())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("iterations = 4", "iterations = 0", "budget.iterations"),
        ("iterations = 4", "iteratoins = 4", "budget.iteratoins"),
        ('name = "as-long"', 'name = ""', "rows of one name: res-sl-scratch"),
        ('same_seconds_as = "res-sl-logits"', 'same_seconds_as = "nobody"', "'nobody', which is no row"),
        ('reference = "res-sl-scratch"', 'reference = "nobody"', "'nobody' is no row"),
        ("recipe = {iterations = 2", "recipe = {rounds = 2", "rounds"),
        ('tasks = ["deraining"]', "tasks = [", "TOML"),
    ],
)
def test_a_wrong_plan_is_one_message(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(BadData) as error:
        read_plan(str(plan_file(tmp_path, TINY.replace(old, new))))
    assert told in str(error.value)
    assert "tiny.toml" in str(error.value)


def test_unknown_names_offer_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="mini-deraining"):
        read_plan("mini-derain")
    with pytest.raises(BadData, match="res-sl-scratch"):
        read_plan(str(plan_file(tmp_path, TINY.replace('"res-sl-scratch"\n[[rows]]', '"res-sl-scrach"\n[[rows]]'))))
    with pytest.raises(UnknownName, match="mini-rain1400"):
        read_plan(str(plan_file(tmp_path, TINY.replace("mini-rain1400", "mini-rain140"))))


def test_every_row_searches_the_same_rates_and_students_meet_teachers_in_turn(tiny: Plan, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "study")
    searched = list(trainings.search(tiny, folder, DataSource()))
    assert {(t.label, t.job.recipe.lr) for t in searched} == {
        (row.label, lr) for row in tiny.rows for lr in (1e-3, 1e-4)
    }
    assert {t.job.seed for t in searched} == {100}
    assert len({t.path for t in searched}) == len(searched)
    rows = list(trainings.rows(tiny, folder, DataSource()))
    assert [(t.label, t.job.seed, t.job.teacher_seed) for t in rows if t.label == "res-sl-logits"] == [
        ("res-sl-logits", 0, 0),
        ("res-sl-logits", 1, 1),
    ]
    assert len({t.path for t in rows}) == len(rows) == 5


def test_a_label_gives_any_row_weights_of_its_own() -> None:
    method = get_method("res-sl-scratch@label=as-long")
    assert method.id == "res-sl-scratch@label=as-long"
    assert method.distiller == "scratch"
    both = get_method("res-sl-slkd@label=x,alpha2=0.5")
    assert both.id == "res-sl-slkd@alpha2=0.5,label=x"
    assert get_method(both.id) == both


def test_a_study_is_done_killed_and_gone_on_with(tiny: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "choose_datasets", lambda names, scale: [FewImages()])
    whole, parts = Folder(tmp_path / "whole"), Folder(tmp_path / "parts")
    outcome = run_study(tiny, whole, QUIET)
    assert (outcome.stopped, outcome.failed_cells, outcome.waiting) == ({}, {}, "")
    assert set(whole.decisions()["rates"]) == {f"{row.label}/deraining" for row in tiny.rows}
    for place, rate in whole.decisions()["rates"].items():
        told = whole.read("searched")[place]
        assert set(told) == {"0.001", "0.0001"}
        assert told[f"{rate:g}"] == max(told.values())
    assert whole.decisions()["steps"]["as-long/deraining"] >= 1
    for path in whole.weights.rglob("*label=rate-*"):  # once a rate is decided nothing needs the weights of its search
        path.unlink()
    again = run_study(tiny, whole, QUIET)
    assert again.trained == 0
    parts.decide("steps", whole.decisions()["steps"])  # measured times differ from run to run: the decision is kept
    one_by_one = replace(QUIET, beside=1)
    for _ in range(5):  # two machines take turns until nothing waits
        waiting = [run_study(tiny, parts, replace(one_by_one, shard=shard)).waiting for shard in ((1, 2), (2, 2))]
        if not waiting[-1]:
            break
    assert waiting[-1] == ""
    for training in everything(tiny, whole, DataSource()):
        other = parts.root / training.path.relative_to(whole.root)
        assert other.read_bytes() == training.path.read_bytes(), training.label
    found = report(tiny, whole)
    assert found.missing == 0
    assert {row.label: row.psnr["mini-rain1400"].seeds for row in found.rows} == {
        "res-sl-scratch": 2,
        "res-sl-logits": 2,
        "as-long": 1,
    }
    assert {one.label for one in found.judged} == {"res-sl-logits", "as-long"}
    assert all(one.conclusion in Conclusion for one in found.judged)
    for share in range(3):
        assert {label for label, _ in found.ranking(Task.DERAINING, share)} == {row.label for row in tiny.rows}
    assert {label: mean.seeds for label, mean in found.ranking(Task.DERAINING, 2)}["res-sl-logits"] == 2
    assert {(one.teacher, one.seed) for one in found.margins} == {("restormer", 0), ("restormer", 1)}
    assert set(found.teachers) == {"restormer/deraining/0", "restormer/deraining/1"}
    text = as_markdown(found)
    assert "| res-sl-logits |" in text
    assert "PSNR on clean images" in text
    assert json.loads(json.dumps(as_data(found)))["missing"] == 0


def test_students_of_one_teacher_and_the_same_batches_train_side_by_side(tiny: Plan, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "study")
    folder.decide("steps", {"as-long/deraining": 9.0})
    searched = list(trainings.search(tiny, folder, DataSource()))
    assert [len(group) for group in trainings.grouped(searched, 4)] == [4, 2]
    job = trainings.joined(searched)
    assert [job.recipe_of(m).lr for m in job.methods] == [t.job.recipe.lr for t in searched]
    assert len(set(job.own_recipes)) == 2
    rows = trainings.grouped(list(trainings.rows(tiny, folder, DataSource())), 6)
    assert sorted([f"{t.label} {t.job.seed}" for t in group] for group in rows) == [
        ["as-long 0"],
        ["res-sl-scratch 0", "res-sl-logits 0"],
        ["res-sl-scratch 1", "res-sl-logits 1"],
    ]
    assert [len(g) for g in trainings.grouped(list(trainings.teachers(tiny, folder, DataSource())), 6)] == [1, 1]


def test_own_recipes_share_their_batches(tiny: Plan, tmp_path: Path) -> None:
    jobs = [t.job for t in trainings.search(tiny, Folder(tmp_path), DataSource())][:2]
    methods = tuple(job.methods[0] for job in jobs)
    for other in (replace(jobs[1].recipe, batch=2), replace(jobs[1].recipe, seed=1)):
        with pytest.raises(TrainingStopped, match="with the same batches"):
            replace(jobs[0], methods=methods, own_recipes=(jobs[0].recipe, other))
    with pytest.raises(TrainingStopped, match="1 recipes for 2 methods"):
        replace(jobs[0], methods=methods, own_recipes=(jobs[0].recipe,))


def test_students_of_a_teacher_that_was_trained_again_are_not_done(
    tiny: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "choose_datasets", lambda names, scale: [FewImages()])
    folder = Folder(tmp_path / "study")
    run_study(tiny, folder, QUIET)
    teacher = next(trainings.teachers(tiny, folder, DataSource()))
    rows = list(trainings.rows(tiny, folder, DataSource()))
    assert all(row.done for row in rows)
    state = files.load_weights(teacher.path)
    card = files.read_card(teacher.path)
    files.write_weights(teacher.path, {name: 1.25 * value for name, value in state.items()}, card)
    assert teacher.done
    learning = {row.label for row in rows if not row.done}
    assert learning == {"res-sl-logits"}
    assert {row.job.teacher_seed for row in rows if not row.done} == {teacher.job.seed}


def test_a_poor_teacher_stops_the_study(tiny: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = tiny.model_copy(update={"health": Health(teacher_gain=0.1)})
    monkeypatch.setattr(beforehand, "check_teacher", lambda *args, **force: TeacherCheck(20.0, 20.05, 30.0))
    with pytest.raises(TrainingStopped, match=r"at least 0\.1 dB"):
        run_study(strict, Folder(tmp_path / "study"), QUIET)


def test_rates_are_chosen_by_validation_and_kept(tiny: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)
    monkeypatch.setattr(trainings.Training, "done", property(lambda self: True))
    monkeypatch.setattr(
        files, "read_card", lambda path: {"validation": [[2, 30.0 if "rate-0.001" in path.name else 29.0]]}
    )
    decide.decide_rates(tiny, folder, DataSource())
    assert set(folder.decisions()["rates"].values()) == {1e-3}
    monkeypatch.setattr(
        files, "read_card", lambda path: {"validation": [[2, 29.0 if "rate-0.001" in path.name else 30.0]]}
    )
    decide.decide_rates(tiny, folder, DataSource())
    assert set(folder.decisions()["rates"].values()) == {1e-3}  # a decision is not taken back


@pytest.mark.parametrize(
    ("curve", "gained", "state"),
    [
        ([[25, 20.0], [50, 24.0], [75, 25.0], [100, 25.1]], 5.0, State.LEARNT),
        ([[25, 20.0], [50, 24.0], [75, 25.0], [100, 25.2]], 5.0, State.LEARNING),
        ([[25, 20.0], [50, 20.0], [75, 20.0], [100, 20.0]], 0.05, State.COLLAPSED),
        ([], None, State.UNKNOWN),
    ],
)
def test_health_is_read_from_the_curve(curve: list[list[float]], gained: float | None, state: State) -> None:
    card = {"validation": curve, "iterations": 100} | ({} if gained is None else {"gain_db": gained})
    assert health(card, Health()).state is state


def test_times_are_measured_recorded_and_told(tiny: Plan, tmp_path: Path) -> None:
    wanted = everything(tiny, Folder(tmp_path / "study"), DataSource())
    found = times.measured(wanted, "cpu")
    assert set(found) == {"restormer deraining 1x32", "res-sl-scratch deraining 1x32", "res-sl-logits deraining 1x32"}
    assert all(value > 0 for value in found.values())
    path = tmp_path / "times.json"
    path.write_text(json.dumps({"device": "cpu", "seconds": found}))
    assert times.read_times(path) == found
    path.write_text(json.dumps({"seconds": {"a": -1}}))
    with pytest.raises(BadData, match="positive"):
        times.read_times(path)
    assert [told_time(value) for value in (3, 300, 8000, 400_000)] == ["3 s", "5.0 min", "2.2 h", "4.6 days"]


def test_the_commands_answer(tmp_path: Path) -> None:
    name, out = str(plan_file(tmp_path)), str(tmp_path / "study")
    planned = CliRunner().invoke(app, ["study", "plan", name, "--out", out])
    assert planned.exit_code == 0, planned.output
    assert "teachers" in planned.output
    assert CliRunner().invoke(app, ["study", "status", name, "--out", out]).exit_code == 1
    told = CliRunner().invoke(app, ["study", "report", name, "--out", out])
    assert "trainings are missing" in told.output
    assert "mini-deraining" in CliRunner().invoke(app, ["study", "list"]).output


@pytest.mark.parametrize("text", ["0/2", "3/2", "a/b", "1"])
def test_a_wrong_shard_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="--shard I/N"):
        parse_shard(text)


@pytest.mark.slow
def test_a_study_killed_at_five_moments_gives_the_same_bytes(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing: of a teacher, of the search, of decisions, of a row, of a cell."""
    plan = plan_file(tmp_path)
    done = Folder(tmp_path / "study")
    done.decide("steps", {"as-long/deraining": 3.0})  # measured times differ from run to run
    ended = [
        subprocess.run(_killed(plan, done, last), cwd=TOP, check=False).returncode for last in (2, 6, 9, 14, 20, 0)
    ]
    assert ended == [-signal.SIGKILL] * 5 + [0]
    whole = Folder(tmp_path / "whole")
    whole.decide("steps", {"as-long/deraining": 3.0})
    assert subprocess.run(_killed(plan, whole, 0), cwd=TOP, check=False).returncode == 0
    names = sorted(path.relative_to(whole.weights) for path in whole.weights.rglob("*.safetensors"))
    assert len(names) == 2 + 6 + 5
    for name in names:
        assert (done.weights / name).read_bytes() == (whole.weights / name).read_bytes(), name
    assert done.decisions() == whole.decisions()


def _killed(plan: Path, folder: Folder, last: int) -> list[str]:
    return [sys.executable, "-m", "tests.studies.plans.killed", str(plan), str(folder.root), str(last)]


def test_train_all_does_the_trainings_of_the_zoo() -> None:
    zoo = everything(read_plan("zoo"), Folder(Path("nowhere")), DataSource())
    told = {(t.job.methods[0].id, t.job.task, t.job.recipe) for t in zoo}
    assert told == {
        (job.methods[0].id, job.task, job.recipe) for job in make_jobs(Selection(everything=True, together=False))
    }
    assert len(told) == len(zoo)
