"""Shards, merging, status and the queue."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core.errors import SlkdBenchError
from benchmark.runs.cells import Cell, ImageScore, cell_path, read_cell, write_cell
from benchmark.runs.merge import merge
from benchmark.runs.options import RunRequest
from benchmark.runs.shards import Shard, chosen_shard, parse_shard
from benchmark.runs.slurm import Queue, submit
from benchmark.runs.status import status_of

TOP = Path(__file__).parent.parent.parent


def put(out: Path, method: str, psnr: float = 30.0) -> Path:
    path = cell_path(out, method, "toy", "mini")
    write_cell(
        path, Cell(method, "toy", "mini", 0, {"data": "x"}, {"device": "cpu"}, (ImageScore("a", "s", psnr, 0.9),))
    )
    return path


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_shards_cover_everything_once(count: int) -> None:
    cells = list(range(20))
    parts = [Shard(i, count).of(cells) for i in range(count)]
    assert sorted(cell for part in parts for cell in part) == cells


def test_shard_from_the_command_line_or_the_ranks() -> None:
    assert parse_shard("2/4") == Shard(1, 4)
    assert chosen_shard(None, {}) == Shard(0, 1)
    assert chosen_shard(None, {"RANK": "1", "WORLD_SIZE": "2"}) == Shard(1, 2)
    assert chosen_shard("1/3", {"RANK": "1", "WORLD_SIZE": "2"}) == Shard(0, 3)


@pytest.mark.parametrize(("rank", "world"), [("x", "2"), ("0", "0"), ("5", "2"), ("-1", "2"), ("", "1"), ("1", "x")])
def test_a_rank_that_is_none_of_the_world_is_refused(rank: str, world: str) -> None:
    with pytest.raises(SlkdBenchError, match="RANK from 0"):
        chosen_shard("", {"RANK": rank, "WORLD_SIZE": world})


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/2"])
def test_bad_shards(text: str) -> None:
    with pytest.raises(SlkdBenchError, match="I/N"):
        parse_shard(text)


def test_merging_two_machines(tmp_path: Path) -> None:
    put(tmp_path / "a", "one")
    put(tmp_path / "b", "two")
    put(tmp_path / "b", "one")
    put(tmp_path / "b", "cut").write_text("{")
    outcome = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert outcome == {"copied": 2, "equal": 1, "unreadable": 1}
    assert sorted(p.name for p in (tmp_path / "all").rglob("*.json")) == ["one.json", "two.json"]
    again = merge([tmp_path / "a"], tmp_path / "all")
    assert again == {"equal": 1}


def test_two_results_of_one_cell_are_not_silently_chosen_from(tmp_path: Path) -> None:
    put(tmp_path / "a", "one", 30.0)
    later = put(tmp_path / "b", "one", 31.0)
    with pytest.raises(SlkdBenchError, match="--replace"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert not (tmp_path / "all").exists()
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all", replace=True)
    assert next((tmp_path / "all").rglob("one.json")).read_bytes() == later.read_bytes()


def test_machines_that_made_the_same_scores_do_not_clash(tmp_path: Path) -> None:
    path = put(tmp_path / "a", "one")
    other = put(tmp_path / "b", "one")
    write_cell(other, dataclasses.replace(read_cell(path), made_by={"device": "another"}))
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all") == {"copied": 1, "equal": 1}


def test_merging_something_else(tmp_path: Path) -> None:
    with pytest.raises(SlkdBenchError, match="cells"):
        merge([tmp_path], tmp_path / "all")


def test_status(tmp_path: Path) -> None:
    path = put(tmp_path, "one")
    assert status_of(tmp_path).code == 0
    path.with_name("two.error.json").write_text(json.dumps({"reason": "out of memory"}))
    path.with_name("three.json").write_text("{")
    found = status_of(tmp_path)
    assert found.code == 1
    assert found.failed == [("mini/toy/two", "out of memory")]
    assert "three.json" in found.broken[0]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmark", "run", "--method", "identity", *arguments]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TOP), "OMP_NUM_THREADS": "1", **more}


def results(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted((out / "cells").rglob("*.json"))}


def here(*arguments: str) -> None:
    """The command in this process."""
    done = CliRunner().invoke(app, ["run", "--method", "identity", *arguments])
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    """The files of one process that computes everything."""
    out = tmp_path_factory.mktemp("one")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as `environment` says to the others
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SLKD_BENCH_HOME", str(tmp_path_factory.mktemp("home")))
        here("--out", str(out))
    found = results(out)
    assert len(found) == 5
    yield found
    torch.set_num_threads(threads)


def test_two_shards_give_the_files_of_one_process(one: dict[str, bytes], tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        here("--out", str(tmp_path), "--shard", shard)
    assert results(tmp_path) == one


@pytest.mark.slow
def test_two_torchrun_ranks(one: dict[str, bytes], tmp_path: Path) -> None:
    """The quick suite sets the two variables itself, as torchrun does: `test_a_killed_rank_loses_at_most_its_cell`."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--module"]
    words = ["benchmark", "run", "--method", "identity", "--out", "ranks"]
    subprocess.run([*torchrun, *words], cwd=tmp_path, env=environment(), check=True, capture_output=True, timeout=300)
    assert results(tmp_path / "ranks") == one


def wait_until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not there() and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_run_goes_on_to_identical_files(one: dict[str, bytes], tmp_path: Path) -> None:
    """The quick suite kills one of two: `test_a_killed_rank_loses_at_most_its_cell`."""
    killed = subprocess.Popen(command("--out", "killed"), cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL)
    wait_until(lambda: bool(list((tmp_path / "killed").rglob("identity.json"))))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert len(results(tmp_path / "killed")) >= 1
    subprocess.run(command("--out", "killed"), cwd=tmp_path, env=environment(), check=True, capture_output=True)
    assert results(tmp_path / "killed") == one


def test_a_killed_rank_loses_at_most_its_cell(one: dict[str, bytes], tmp_path: Path) -> None:
    ranks = [
        subprocess.Popen(
            command("--out", "two"),
            cwd=tmp_path,
            env=environment(RANK=str(rank), WORLD_SIZE="2"),
            stdout=subprocess.DEVNULL,
        )
        for rank in (0, 1)
    ]
    wait_until((tmp_path / "two/cells/mini/mini-test1200/identity.json").exists)  # the second rank's first cell
    ranks[1].send_signal(signal.SIGKILL)
    assert ranks[0].wait(240) == 0
    ranks[1].wait()
    kept = results(tmp_path / "two")
    assert {
        "cells/mini/mini-rain1400/identity.json",
        "cells/mini/mini-gopro/identity.json",
        "cells/mini/mini-sidd/identity.json",
        "cells/mini/mini-test1200/identity.json",
    } <= set(kept)
    here("--out", str(tmp_path / "two"))
    assert results(tmp_path / "two") == one


def test_jobs_of_a_queue_fill_one_folder(
    one: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same code path as SLURM, with the queue of submitit that runs its jobs in this process."""
    submitit = pytest.importorskip("submitit")
    made: list[Any] = []
    monkeypatch.setattr(submitit.AutoExecutor, "submit", _noted(submitit.AutoExecutor.submit, made))
    monkeypatch.chdir(tmp_path)
    request = RunRequest(methods=("identity",), out=Path("queue"))
    assert len(submit(request, Queue(2, cluster="debug", minutes=5))) == len(made) == 2
    assert [job.result() for job in made] == [0, 0]
    assert results(tmp_path / "queue") == one


def _noted(call: Callable[..., Any], made: list[Any]) -> Callable[..., Any]:
    def noted(*arguments: Any) -> Any:
        made.append(call(*arguments))
        return made[-1]

    return noted


@pytest.mark.slow
def test_processes_of_a_queue_fill_one_folder(one: dict[str, bytes], tmp_path: Path) -> None:
    """The jobs are processes of their own, which read what was pickled."""
    pytest.importorskip("submitit")
    code = (
        "from pathlib import Path; from benchmark.runs.slurm import Queue, submit; "
        "from benchmark.runs.options import RunRequest; "
        "request = RunRequest(methods=('identity',), out=Path('queue')); "
        "print(len(submit(request, Queue(2, cluster='local', minutes=5))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.strip().endswith("2")
    _wait_for(tmp_path / "queue", 5)
    assert results(tmp_path / "queue") == one


def _wait_for(out: Path, count: int) -> None:
    deadline = time.monotonic() + 240
    while len(list((out / "cells").rglob("*.json"))) < count:
        assert time.monotonic() < deadline, [p.read_text() for p in (out / "slurm").glob("*.err")]
        time.sleep(0.2)


@pytest.mark.slow
def test_two_jobs_on_a_real_slurm(one: dict[str, bytes], tmp_path: Path) -> None:
    """Starts a single-machine SLURM (Debian's slurm-wlm and munge) and hands it two jobs."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("slurmctld", "slurmd", "munged", "sbatch"))):
        pytest.skip("needs root and Debian's slurm-wlm and munge")
    from tests.runs.slurm_here import running_slurm

    with running_slurm(tmp_path) as more:
        done = subprocess.run(
            command("--out", "queue", "--slurm", "2", "--slurm-option", "cpus_per_task=1"),
            cwd=tmp_path,
            env=environment(**more),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        _wait_for(tmp_path / "queue", 5)
    assert results(tmp_path / "queue") == one
