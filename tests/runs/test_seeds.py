"""`run --all` computes every seed that has weights; --seed chooses among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BadWeights
from benchmark.core.types import Scale
from benchmark.datasets import get_dataset
from benchmark.methods.find import get_method
from benchmark.methods.weights import store
from benchmark.runs.execute import execute
from benchmark.runs.plan import Plan, make_plan


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of two further seeds of PReNet in the user's own folder, beside the shipped one."""
    monkeypatch.setenv("SLKD_BENCH_HOME", str(tmp_path / "home"))
    for seed in (41, 42):
        path = tmp_path / "home" / "weights" / store.relative_path("prenet", "deraining", "mini", seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"weights of seed {seed}".encode())
    return tmp_path


def plan(out: Path, seeds: list[int] | None = None) -> Plan:
    datasets = [get_dataset("mini-rain1400"), get_dataset("mini-test1200"), get_dataset("mini-gopro")]
    return make_plan([get_method("identity"), get_method("prenet")], datasets, Scale.MINI, out, seeds=seeds)


def test_every_seed_with_weights_has_its_cell_on_every_set_of_its_task(weights: Path) -> None:
    planned = plan(weights / "out")
    found = [(cell.dataset.id, cell.seed) for cell in planned.cells if cell.method.id == "prenet"]
    seeds = store.seeds("prenet", "deraining", "mini")
    assert {0, 41, 42} <= set(seeds)
    assert found == [(dataset, seed) for dataset in ("mini-rain1400", "mini-test1200") for seed in seeds]
    assert len({cell.path for cell in planned.cells}) == len(planned.cells)
    assert len({cell.key["weights"] for cell in planned.cells if cell.dataset.id == "mini-rain1400"}) == len(seeds) + 1
    assert [cell.seed for cell in planned.cells if cell.method.id == "identity"] == [0, 0, 0]


def test_seeds_can_be_chosen_and_those_without_weights_are_named_with_the_command(weights: Path) -> None:
    assert [cell.seed for cell in plan(weights / "out", [42]).cells if cell.method.id == "prenet"] == [42, 42]
    why = plan(weights / "out", [77]).missing["prenet on mini-rain1400"]
    assert "no weights of seed 77" in why
    assert "slkd-bench train prenet --task deraining --scale mini --seed 77`" in why


def test_published_weights_are_imported_before_anything_is_trained(weights: Path) -> None:
    datasets = [get_dataset("mini-rain1400")]
    methods = [get_method(name) for name in ("prenet", "restormer", "res-sl-slkd")]
    missing = make_plan(methods, datasets, Scale.PAPER, weights / "out").missing
    prenet, restormer, student = (missing[f"{method.id} on mini-rain1400"] for method in methods)
    assert "`slkd-bench weights import prenet FILE`, or train it" in prenet
    assert re.search("weights fetch restormer --task deraining.*weights import restormer FILE --task.*train", restormer)
    assert "weights import" not in student  # nobody publishes those of a student
    for why in (prenet, restormer, student):
        assert "`slkd-bench train" in why
    with pytest.raises(BadWeights, match=r"weights import restormer FILE .*, or `slkd-bench train"):
        store.require("restormer", "deraining", "paper")


def test_seeds_that_fail_are_told_apart(weights: Path) -> None:
    def load(cell: object) -> torch.nn.Module:
        raise RuntimeError("no memory")

    planned = plan(weights / "out", [41, 42])
    planned.cells = [cell for cell in planned.cells if cell.dataset.id == "mini-rain1400" and cell.seed]
    assert set(execute(planned, load=load).failed) == {f"prenet seed {seed} on mini-rain1400" for seed in (41, 42)}
