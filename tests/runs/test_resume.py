"""A cell that was stopped half-way goes on from the images that are done, to the same bytes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from benchmark.core.types import Pair
from benchmark.runs import batches, restore
from benchmark.runs.cells import ImageScore, read_cell
from benchmark.runs.execute import execute
from benchmark.runs.options import RunOptions
from benchmark.runs.partial import Partial, partial_path
from tests.runs.toys import ToySet, toy_plan


class Stops(torch.nn.Module):
    """Restores so many batches, then is interrupted; counts the images that it sees."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after, self.batches, self.images = after, 0, 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        if self.batches == self.after:
            raise KeyboardInterrupt
        self.batches += 1
        self.images += len(image)
        return image * 0.9


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_PIXELS", 2 * 24 * 40)


@pytest.mark.parametrize("after", [1, 2, 3, 5])
def test_a_stopped_cell_goes_on_to_the_same_bytes(tmp_path: Path, after: int) -> None:
    whole, plan = toy_plan(tmp_path / "whole", ToySet()), toy_plan(tmp_path / "stopped", ToySet())
    execute(whole, load=lambda cell: Stops(-1))
    first, second = Stops(after), Stops(-1)
    with pytest.raises(KeyboardInterrupt):
        execute(plan, load=lambda cell: first)
    path = plan.cells[0].path
    known = partial_path(path).read_text().count('"name"')
    assert 0 < known <= first.images
    assert not path.exists()
    execute(plan, load=lambda cell: second)
    assert second.images == 12 - known
    assert path.read_bytes() == whole.cells[0].path.read_bytes()
    assert not partial_path(path).exists()


def test_lines_of_another_key_or_half_a_line_are_passed_over(tmp_path: Path) -> None:
    names, path = [f"image-{i}" for i in range(4)], tmp_path / "cell.json"
    scores = [ImageScore(name, "s", 30.0 + i, 0.5) for i, name in enumerate(names)]
    with Partial(path, {"data": "a"}, names) as partial:
        partial.add(scores[:2])
        partial.add([scores[2]])
    assert Partial(path, {"data": "a"}, names).done == scores[:3]
    assert Partial(path, {"data": "b"}, names).done == []
    text = partial_path(path).read_text()
    partial_path(path).write_text(text[:-20])
    with Partial(path, {"data": "a"}, names) as partial:
        assert partial.done == scores[:2]
        partial.add([scores[2], ("image-3", "cut off")])  # behind the half line of a killed run
    assert Partial(path, {"data": "a"}, names).done == [*scores[:3], ("image-3", "cut off")]
    edited = partial_path(path).read_text().replace("31.0", "41.0")
    partial_path(path).write_text(edited)
    assert Partial(path, {"data": "a"}, names).done == scores[:1]


def test_what_a_run_with_other_options_left_is_not_taken(tmp_path: Path) -> None:
    plan, fresh = toy_plan(tmp_path, ToySet()), Stops(-1)
    with pytest.raises(KeyboardInterrupt):
        execute(plan, load=lambda cell: Stops(3))
    other = dataclasses.replace(plan.cells[0], key={**plan.cells[0].key, "data": "changed"})
    plan.cells[0] = other
    execute(plan, load=lambda cell: fresh)
    assert fresh.images == 12
    assert len(read_cell(other.path).scores) == 12


def test_two_processes_on_one_cell_leave_one_whole_result(tmp_path: Path) -> None:
    names, path = ["a", "b"], tmp_path / "cell.json"
    scores = [ImageScore("a", "s", 30.0, 0.5), ImageScore("b", "s", 31.0, 0.5)]
    with Partial(path, {}, names) as one, Partial(path, {}, names) as two:
        one.add(scores[:1])
        two.add(scores[:1])
        one.add(scores[1:])
        two.remove()
        two.add(scores[1:])
    assert (
        all(json.loads(line) for line in partial_path(path).read_text().split())
        if partial_path(path).exists()
        else True
    )


def test_memory_does_not_grow_with_the_set() -> None:
    """No pixel of an image outlives the few batches that are on their way."""
    import gc
    import weakref

    alive: list[weakref.ref[torch.Tensor]] = []
    most = 0

    class Watched(ToySet):
        def __len__(self) -> int:
            return 60

        def names(self) -> list[str]:
            return [f"image-{i}" for i in range(60)]

        def __getitem__(self, index: int) -> Pair:
            pair = super().__getitem__(index % 7)
            pair = Pair(f"image-{index}", pair.degraded, pair.clean, pair.scene)
            alive.extend(weakref.ref(tensor) for tensor in (pair.degraded, pair.clean))
            return pair

    def network(batch: torch.Tensor) -> torch.Tensor:
        nonlocal most
        gc.collect()
        most = max(most, sum(reference() is not None for reference in alive))
        return batch

    from benchmark.protocols import get_protocol

    gc.collect()
    gc.freeze()  # what lives already is not looked through again and again
    try:
        found = restore.restore_and_score(network, Watched(), get_protocol("rgb"))
        gc.collect()
    finally:
        gc.unfreeze()
    assert len(found.scores) == 60
    assert sum(reference() is not None for reference in alive) == 0
    assert most <= 2 * 2 * (1 + 2 * batches.AHEAD + 2)  # two tensors a pair, two pairs a batch


def test_options_that_keep_going_resume_too(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path, ToySet(broken=1))
    stopped, second = Stops(3), Stops(-1)
    with pytest.raises(KeyboardInterrupt):
        execute(plan, RunOptions(keep_going=True), load=lambda cell: stopped)
    known = partial_path(plan.cells[0].path).read_text().count('"name"')
    execute(plan, RunOptions(keep_going=True), load=lambda cell: second)
    cell = read_cell(plan.cells[0].path)
    assert list(cell.failures) == ["image-1"]
    assert len(cell.scores) == 11
    assert second.images == 12 - known
