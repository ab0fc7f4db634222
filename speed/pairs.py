"""A network of ours and its plain form with the same weights, and their times, taken in turn."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor, nn

from benchmark.methods.networks import arguments, build, network
from benchmark.methods.networks import networks as known

TOLERANCE = 1e-4  # of the outputs' largest value; some networks amplify float32 rounding


def plain_module(name: str) -> str:
    """The module of the plain form of the network called `name`."""
    return "speed.plain." + network(name).network.partition(":")[0].rpartition(".")[2]


def networks() -> list[str]:
    """The networks that have a plain form, students among them."""
    return [name for name in known() if importlib.util.find_spec(plain_module(name))]


def pair(name: str, scale: str = "paper", task: str | None = None) -> tuple[nn.Module, nn.Module]:
    """Ours and the plain form of `name`, in evaluation mode with the same fresh weights.

    Raises KeyError for an unknown name and ModuleNotFoundError where no plain form is written.
    """
    torch.manual_seed(0)
    ours = build(name, scale, task)
    plain = importlib.import_module(plain_module(name)).build(**arguments(name, scale, task))
    plain.load_state_dict(ours.state_dict(), strict=True)
    return ours.eval(), plain.eval()


@torch.no_grad()
def disagreement(ours: nn.Module, plain: nn.Module, image: Tensor) -> float:
    """The largest difference of the two outputs over the largest value."""
    expected = plain(image)
    return float((ours(image) - expected).abs().max() / expected.abs().max())


@torch.no_grad()
def in_turn(
    ours: nn.Module, plain: nn.Module, image: Tensor, runs: int, clock: Callable[[], float] = perf_counter
) -> tuple[list[float], list[float]]:
    """Seconds of `runs` passes of each by `clock`, one after the other in turn, after one pass of each to warm up."""
    times: tuple[list[float], list[float]] = [], []
    for run in range(runs + 1):
        order = (0, 1) if run % 2 else (1, 0)
        for which in order:
            network = (ours, plain)[which]
            start = clock()
            network(image)
            if run:
                times[which].append(clock() - start)
    return times
