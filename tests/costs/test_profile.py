"""`profile`: somebody's own network, a network that fails among others, and what is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.costs.records import all_complexity, read_latencies

NETWORKS = """
import torch
from torch import nn


class Class(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.unused = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(2, 2)

    def forward(self, image):
        return self.one(image)


class Broken(Class):
    def forward(self, image):
        raise RuntimeError("no such kernel")


def function(image):
    return image
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    name = f"net_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("benchmark.costs.latency.WARM_UP_S", 0.0)
    return Path(name)


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["profile", "--scale", "mini", "--size", "32", *words])
    return done.exit_code, done.output + str(done.exception or "")


def test_somebodys_own_network_is_counted_timed_and_recorded_in_a_folder_of_its_own(work: Path) -> None:
    code, shown = run(f"mynet={work}:Class", "--device", "cpu", "--repeats", "2", "--save", "--out", "mine")
    assert code == 0, shown
    (record,) = all_complexity(Path("mine"))
    assert (record.network, record.task) == ("mynet", "own")
    assert record.gmacs * 1e9 == pytest.approx(32 * 32 * 3 * 3 * 9)
    assert (record.parameters, record.parameters_used) == (3 * 3 * 9 + 3 + 6, 3 * 3 * 9 + 3)
    (times,) = read_latencies("mini", Path("mine")).values()
    assert [r.network for r in times.records] == ["mynet"]
    assert times.repeats == 2


def test_one_that_fails_is_named_and_the_others_are_kept(work: Path) -> None:
    code, shown = run(f"bad={work}:Broken", "prenet", "--device", "cpu", "--repeats", "1", "--save", "--out", "mine")
    assert code == 2
    assert "no such kernel" in shown
    assert "Traceback" not in shown
    assert [r.network for r in all_complexity(Path("mine"))] == ["prenet"]
    (times,) = read_latencies("mini", Path("mine")).values()
    assert [r.network for r in times.records] == ["prenet"]


def test_a_mode_that_did_not_run_is_not_recorded(work: Path) -> None:
    code, shown = run("prenet", "--device", "cpu", "--mode", "graph", "--save", "--out", "mine")
    assert code != 0
    assert "CUDA device for --mode graph" in shown
    assert not Path("mine").exists()


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_here_is_one_message(work: Path, device: str) -> None:
    code, shown = run("prenet", "--device", device)
    assert code != 0
    assert device in shown
    assert "--device cpu" in shown
