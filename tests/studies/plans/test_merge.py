"""Merging the parts of a study from several machines, and the margins of its teachers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BadData, SlkdBenchError
from benchmark.methods.weights import files
from benchmark.studies.plans import margins
from benchmark.studies.plans.merge import merge_studies
from benchmark.studies.plans.plan import Plan
from benchmark.studies.plans.trainings import Folder

NAME = Path("mini/deraining/res-sl-scratch.safetensors")


def part(folder: Path, value: float, steps: int, name: Path = NAME) -> Folder:
    """A study's folder with one weight and one decision."""
    study = Folder(folder)
    files.write_weights(study.weights / name, {"a": torch.full((3,), value)}, {"method": "res-sl-scratch"})
    study.decide("steps", {"as-long/deraining": float(steps)})
    return study


def test_parts_are_put_together_and_equal_ones_counted_once(tmp_path: Path) -> None:
    one = part(tmp_path / "one", 1.0, 7)
    two = part(tmp_path / "two", 1.0, 7, Path("mini/deraining/res-sl-slkd.safetensors"))
    two.decide("rates", {"res-sl-slkd/deraining": 1e-3})
    whole = Folder(tmp_path / "whole")
    assert merge_studies([one.root, two.root], whole.root) == {"weights": 2, "decisions": 2}
    assert files.has_whole_weights(whole.weights / NAME)
    assert whole.decisions() == {"rates": {"res-sl-slkd/deraining": 1e-3}, "steps": {"as-long/deraining": 7.0}}
    assert merge_studies([one.root, two.root], whole.root) == {}


@pytest.mark.parametrize(("value", "steps", "told"), [(2.0, 7, "res-sl-scratch"), (1.0, 8, "steps of as-long")])
def test_parts_that_differ_are_refused_before_anything_is_copied(
    tmp_path: Path, value: float, steps: int, told: str
) -> None:
    one, two = part(tmp_path / "one", 1.0, 7), part(tmp_path / "two", value, steps)
    with pytest.raises(SlkdBenchError, match=told):
        merge_studies([one.root, two.root], tmp_path / "whole")
    assert not (tmp_path / "whole").exists()
    merge_studies([one.root, two.root], tmp_path / "whole", replace=True)
    assert (tmp_path / "whole/weights" / NAME).read_bytes() == (two.weights / NAME).read_bytes()
    assert Folder(tmp_path / "whole").decisions()["steps"] == {"as-long/deraining": steps}


def test_half_written_weights_and_other_folders_are_left_out(tmp_path: Path) -> None:
    one = part(tmp_path / "one", 1.0, 7)
    (one.weights / NAME).write_bytes(b"cut off")
    merge_studies([one.root], tmp_path / "whole")
    assert not (tmp_path / "whole/weights" / NAME).exists()
    with pytest.raises(SlkdBenchError, match="a folder of a study"):
        merge_studies([tmp_path / "nothing"], tmp_path / "whole")


def test_a_broken_record_is_told(tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text("[1", encoding="utf-8")
    with pytest.raises(BadData, match=r"rates\.json"):
        Folder(tmp_path).decisions()


def test_a_teacher_is_held_against_its_best_student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan.model_validate(
        json.loads(
            """{"id": "m", "title": "m", "tasks": ["deraining"], "seeds": [0, 1], "sets": ["mini-rain1400"],
            "budget": {"iterations": 4}, "teachers": [{"method": "restormer", "seeds": [0, 1]}],
            "rows": [{"method": "res-sl-scratch"}, {"method": "res-sl-slkd"}]}"""
        )
    )
    scores = {("restormer", 0): 30.0, ("restormer", 1): 30.0, ("res-sl-scratch", 0): 29.0, ("res-sl-scratch", 1): 28.0}
    scores |= {("res-sl-slkd", 0): 28.5, ("res-sl-slkd", 1): 29.8}
    monkeypatch.setattr(margins, "_psnr", lambda plan, folder, cell: scores.get((cell[0], cell[2])))
    found = {one.seed: (one.best, round(one.margin, 6)) for one in margins.margins(plan, Folder(tmp_path))}
    assert found == {0: ("res-sl-scratch, seed 0", 1.0), 1: ("res-sl-slkd, seed 1", 0.2)}
    assert [text.split(":")[0] for text in margins.too_close(plan, Folder(tmp_path))] == [
        "restormer (seed 1) on mini-rain1400"
    ]
