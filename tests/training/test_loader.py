"""Batches from worker processes: in order, the same as without workers, errors whole, nothing left running."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch import Tensor

from benchmark.core.errors import BadImage, GroupStopped, SlkdBenchError, TrainingStopped, UnknownName
from benchmark.training.data.loader import Batches
from benchmark.training.data.stream import Steps, Stream, shared
from tests.training.blobs import Blobs


class Slow(Blobs):
    """Blobs made by worker processes; step 7 fails, and each batch takes `pause` seconds."""

    def __init__(self, workers: int, pause: float = 0.0, failing: int = -1) -> None:
        super().__init__()
        self.workers, self.pause, self.failing = workers, pause, failing

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Tensor, Tensor]:
        time.sleep(self.pause)
        if step == self.failing:
            raise BadImage("a whole picture", "half of one", "Get it again.")
        return super().batch(step, rank, world)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_come_in_order_and_no_worker_is_left(workers: int) -> None:
    before = len(multiprocessing.active_children())
    with Batches(Slow(workers), Steps(3, 20), ahead=2) as batches:
        for step, (degraded, clean) in enumerate(batches, start=3):
            expected = Blobs().batch(step)
            assert torch.equal(degraded, expected[0])
            assert torch.equal(clean, expected[1])
            if step == 9:
                assert len(multiprocessing.active_children()) - before == workers
                break
    assert len(multiprocessing.active_children()) == before


@pytest.mark.parametrize("workers", [0, 2])
def test_every_step_is_given_once_and_the_ranks_split_it(workers: int) -> None:
    shares = [list(Batches(Slow(workers), Steps(2, 7, rank, 2))) for rank in range(2)]
    assert [len(share) for share in shares] == [5, 5]
    for step, (first, second) in enumerate(zip(*shares, strict=True), start=2):
        assert torch.equal(torch.cat([first[0], second[0]]), Blobs().batch(step)[0])


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_keeps_its_kind_and_its_words(workers: int) -> None:
    batches = iter(Batches(Slow(workers, failing=7), Steps(4, 12)))
    for _ in range(3):
        next(batches)
    with pytest.raises(BadImage, match=r"^expected a whole picture; found half of one\. Get it again\.$"):
        next(batches)


def test_a_run_that_forgets_to_close_ends_all_the_same() -> None:
    code = (
        "from tests.training.test_loader import Slow; from benchmark.training.data.loader import Batches;"
        "from benchmark.training.data.stream import Steps; batches = iter(Batches(Slow(1), Steps(0, 50)));"
        "next(batches); print('alive', flush=True)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == "alive\n"


def test_time_is_told_apart_waiting_from_training() -> None:
    slow, quick = (Batches(Slow(0, pause), Steps(0, 5)) for pause in (0.05, 0.0))
    for _ in zip(slow, quick, strict=True):
        pass
    assert 0.25 <= slow.waited < 1
    assert quick.waited < 0.1
    assert 0.8 < slow.waiting <= 1
    assert quick.waiting < 0.4


def test_the_random_numbers_of_a_run_are_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    for _ in Batches(Slow(2), Steps(0, 3)):
        pass
    assert torch.equal(torch.rand(3), expected)


def test_a_signal_to_stop_does_not_end_the_workers() -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        with Batches(Slow(2, 0.02), Steps(0, 30), ahead=1) as batches:
            for step, _ in enumerate(batches):
                if step == 2:
                    for child in multiprocessing.active_children():
                        assert child.pid is not None
                        os.kill(child.pid, signal.SIGTERM)  # as SLURM does to every process of a job
                    os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert step == 29
    assert received == [signal.SIGTERM]


@pytest.mark.parametrize(
    "error",
    [
        BadImage("a", "b", "c"),
        UnknownName("method", "x", ["y"]),
        GroupStopped({"m": TrainingStopped("a", "b", "c")}, 2),
    ],
)
def test_errors_travel_between_processes(error: SlkdBenchError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.expected, again.found, again.remedy) == (error.expected, error.found, error.remedy)
    assert vars(again).keys() == vars(error).keys()


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_shares_laid_end_to_end_are_the_numbers_of_a_step(world: int) -> None:
    numbers = [number for rank in range(world) for number in shared(4, 10, rank, world)]
    assert numbers == list(range(40, 50))


def test_a_stream_of_anybody_will_do() -> None:
    stream: Stream = Blobs()
    assert len(list(Batches(stream, Steps(0, 2)))) == 2
