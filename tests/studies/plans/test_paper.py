"""The plan of the paper's reproduction, end to end on small trees of the official layouts, with random teachers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BadData, BadResult, BadWeights
from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method
from benchmark.methods.weights.loading import build_network
from benchmark.studies.plans.execute import run_study
from benchmark.studies.plans.how import StudyRun
from benchmark.studies.plans.plan import Plan, plans_here, read_plan
from benchmark.studies.plans.trainings import Folder
from benchmark.studies.plans.views import write_views
from benchmark.training.settings import Settings
from tests.datasets import trees

SETS = {"rain13k": "input-target", "test2800": "input-target", "test1200": "input-target"}
ROWS = ("res-sl-scratch", "res-sl-slkd", "res-sl-ablation-nc", "res-sl-slkd@reading=features")
# Budgets and checks of the shipped plan that a machine without the data and the weights cannot pass, one by one.
FORCED = {
    r'tasks = \["deraining", "deblurring", "denoising"\]\nseeds = \[0, 1, 2\]': 'tasks = ["deraining"]\nseeds = [0]',
    r"sets = .*": 'sets = ["test2800", "test1200"]',
    r"verify = .*": f"verify = {list(SETS)}".replace("'", '"'),
    r"iterations = .*": "iterations = 2",
    r"batch = .*": "batch = 1",
    r"patch = .*": "patch = 16",
    r"teacher_gain = .*": "teacher_gain = 0",
    r"teacher_margin = .*": "teacher_margin = 0",
}


def plan_text(within: str = "inf") -> str:
    """The shipped plan with tiny budgets, only Restormer's weights and only `ROWS`."""
    text = plans_here()["paper"].read_text(encoding="utf-8")
    for pattern, new in (FORCED | {r"printed_within = .*": f"printed_within = {within}"}).items():
        assert re.search(pattern, text), pattern
        text = re.sub(pattern, new, text, count=1)
    head, *entries = re.split(r"(?m)^(?=\[\[)", text)
    kept = [e for e in entries if e.startswith("[[imported]]") and 'task = "deraining"' in e]
    kept += [e for e in entries if e.startswith("[[rows]]") and any(f'method = "{row}"\n' in e for row in ROWS)]
    assert len(kept) == 1 + len(ROWS)
    return head + "".join(kept)


@pytest.fixture
def study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect: Callable[..., None]
) -> tuple[Callable[[str], Plan], StudyRun]:
    """The plan by how near print the teacher must be, and how it is run: on trees, with random weights of Restormer."""
    monkeypatch.setattr(trees.picture, "__defaults__", (32, 24))
    root = tmp_path / "data"
    for name, layout in SETS.items():
        expect(name, len(trees.TREES[name, layout](root / name)))
    monkeypatch.setenv("SLKD_BENCH_DATA", str(root))
    torch.manual_seed(0)
    (tmp_path / "authors/restormer").mkdir(parents=True)
    state = build_network(get_method("restormer"), Task.DERAINING, Scale.PAPER).state_dict()
    torch.save({"params": state}, tmp_path / "authors/restormer/deraining.pth")

    def plan(within: str) -> Plan:
        file = tmp_path / "paper.toml"
        file.write_text(plan_text(within), encoding="utf-8")
        return read_plan(str(file))

    return plan, StudyRun(Settings(quiet=True, threads=1), checkpoints=tmp_path / "authors")


@pytest.mark.slow
def test_the_whole_reproduction_runs_from_one_file(
    study: tuple[Callable[[str], Plan], StudyRun], tmp_path: Path
) -> None:
    plan_of, run = study
    folder = Folder(tmp_path / "study")
    with pytest.raises(BadResult, match=r"Restormer on test2800: [\d.-]+ dB, printed 34\.18 dB; Restormer on test1200"):
        run_study(plan_of("0.01"), folder, run)  # random weights are not what the authors print
    assert set(folder.read("verified")) == set(SETS)
    plan = plan_of("inf")
    outcome = run_study(plan, folder, run)
    assert outcome.whole, outcome
    assert outcome.trained == len(ROWS)
    assert run_study(plan, folder, run).trained == 0
    written = {path.name: path.read_text(encoding="utf-8") for path in write_views(plan, folder)}
    assert set(written) == {"report.md", "table-ii.md", "table-iv.md", "verdict.md"}
    assert "restormer/deraining/0" in written["report.md"]
    assert all(f"| {row} |" in written["report.md"] for row in ROWS)
    assert "Res-SL" in written["table-ii.md"]
    assert "Test1200" in written["verdict.md"]


def test_missing_data_and_weights_stop_it_before_anything_is_trained(
    study: tuple[Callable[[str], Plan], StudyRun], tmp_path: Path
) -> None:
    plan_of, run = study
    (tmp_path / "authors/restormer/deraining.pth").unlink()
    with pytest.raises(BadWeights, match=r"deraining\.pth"):
        run_study(plan_of("inf"), Folder(tmp_path / "study"), run)
    next((tmp_path / "data/test1200/target").iterdir()).write_bytes(b"cut off")
    with pytest.raises(BadData, match="data verify test1200"):
        run_study(plan_of("inf"), Folder(tmp_path / "other"), run)
    assert not (tmp_path / "other/training").exists()
