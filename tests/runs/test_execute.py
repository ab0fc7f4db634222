from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.core import unfinished
from benchmark.core.errors import BadImage
from benchmark.core.types import Scale
from benchmark.protocols import get_protocol
from benchmark.runs import batches
from benchmark.runs.batches import Stretch
from benchmark.runs.cells import read_cell
from benchmark.runs.execute import Observer, error_path, execute
from benchmark.runs.options import RunOptions
from benchmark.runs.restore import Course, restore_and_score
from tests.runs.toys import ToySet, toy_plan


def test_scores_equal_those_of_single_images_in_the_order_of_the_set() -> None:
    dataset, protocol = ToySet(), get_protocol("rgb-uint8-volumetric")
    result = restore_and_score(lambda x: x, dataset, protocol)
    assert [score.name for score in result.scores] == dataset.names()
    for index, score in enumerate(result.scores):
        pair = dataset[index]
        alone = protocol.score(pair.degraded, pair.clean)
        assert score.psnr == pytest.approx(alone.psnr, abs=1e-9)
        assert score.ssim == pytest.approx(alone.ssim, abs=1e-9)


def test_equal_sizes_are_batched_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_PIXELS", 3 * 24 * 40)
    seen = []

    def network(batch: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(batch.shape))
        return batch

    restore_and_score(network, ToySet(), get_protocol("rgb-uint8-volumetric"))
    assert seen == [(3, 3, 24, 40), (3, 3, 24, 40), (1, 3, 24, 40), (2, 3, 32, 40), (2, 3, 32, 40), (1, 3, 32, 40)]


def test_a_second_run_reads_no_image_and_leaves_the_file_alone(tmp_path: Path) -> None:
    dataset = ToySet()
    plan = toy_plan(tmp_path, dataset)
    assert execute(plan).computed == 1
    before, read = plan.cells[0].path.read_bytes(), dataset.read
    again = execute(plan)
    assert (again.computed, again.already_done, dataset.read) == (0, 1, read)
    assert plan.cells[0].path.read_bytes() == before


def test_a_run_that_finds_all_done_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path, ToySet())
    execute(plan)
    with unfinished.new_file(plan.cells[0].path.parent) as file:
        file.write(b"half")
    left = Path(file.name)
    left.rename(left.with_name(left.name.replace(f"-{os.getpid()}-", "-999999999-")))  # of a process that is no more
    assert execute(plan).computed == 0
    assert list(plan.cells[0].path.parent.iterdir()) == [plan.cells[0].path]


def test_a_deleted_or_cut_file_is_computed_anew_to_the_same_bytes(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path, ToySet())
    execute(plan)
    path = plan.cells[0].path
    before = path.read_bytes()
    path.write_bytes(before[:100])
    assert execute(plan).computed == 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("changed", [{"print_": "other data"}])
def test_other_data_is_computed_anew(tmp_path: Path, changed: dict[str, Any]) -> None:
    execute(toy_plan(tmp_path, ToySet()))
    assert execute(toy_plan(tmp_path, ToySet(**changed))).computed == 1


def test_a_failing_cell_says_why_and_the_rest_goes_on(tmp_path: Path) -> None:
    bad, good = toy_plan(tmp_path / "bad", ToySet(broken=5)), toy_plan(tmp_path / "good", ToySet())
    bad.cells += good.cells
    summary = execute(bad)
    assert summary.computed == 1
    assert "image-5 is cut off" in summary.failed["identity on toy"]
    reason = json.loads(error_path(bad.cells[0].path).read_text())
    assert "image-5 is cut off" in reason["reason"]
    assert not bad.cells[0].path.exists()


def test_keep_going_scores_the_good_images_names_the_bad_and_is_not_done(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path, ToySet(broken=5))
    summary = execute(plan, RunOptions(keep_going=True))
    cell = read_cell(plan.cells[0].path)
    assert len(cell.scores) == 11
    assert list(cell.failures) == ["image-5"]
    assert "image-5" in summary.incomplete["identity on toy"]
    mended = toy_plan(tmp_path, ToySet())
    assert execute(mended).computed == 1
    assert len(read_cell(plan.cells[0].path).scores) == 12


def test_without_keep_going_a_bad_image_raises() -> None:
    with pytest.raises(BadImage, match="image-5"):
        restore_and_score(lambda x: x, ToySet(broken=5), get_protocol("rgb-uint8-volumetric"))


def test_an_error_of_the_network_is_recorded_with_its_traceback(tmp_path: Path) -> None:
    def broken(cell: object) -> torch.nn.Module:
        raise RuntimeError("out of memory")

    plan = toy_plan(tmp_path, ToySet())
    assert "RuntimeError: out of memory" in execute(plan, load=broken).failed["identity on toy"]
    assert "Traceback" in json.loads(error_path(plan.cells[0].path).read_text())["traceback"]
    assert execute(plan).failed == {}
    assert not error_path(plan.cells[0].path).exists()


def test_a_result_says_what_made_it(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path, ToySet())
    execute(plan)
    cell = read_cell(plan.cells[0].path)
    assert cell.key["data"] == "abc"
    assert cell.key["protocol"].startswith("rgb-uint8-volumetric@")
    assert cell.made_by["torch"] == torch.__version__
    assert cell.scale == Scale.MINI


def test_the_observer_hears_of_every_image(tmp_path: Path) -> None:
    class Counting(Observer):
        images = 0

        def image_scored(self, cell: object, score: object) -> None:
            self.images += 1

    observer = Counting()
    execute(toy_plan(tmp_path, ToySet()), observer=observer)
    assert observer.images == 12


def test_one_image_that_cannot_be_scored_leaves_its_batch_the_scores() -> None:
    def network(batch: torch.Tensor) -> torch.Tensor:
        spoilt = batch.clone()
        for image in spoilt:
            if torch.equal(image, ToySet()[2].degraded):
                image[0, 0, 0] = torch.nan
        return spoilt

    protocol = get_protocol("rgb-uint8-volumetric")
    result = restore_and_score(network, ToySet(), protocol, Course(stretch=Stretch(keep_going=True)))
    assert list(result.failures) == ["image-2"]
    assert len(result.scores) == 11
    with pytest.raises(BadImage):
        restore_and_score(network, ToySet(), protocol)
