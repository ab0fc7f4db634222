"""The canonical count against fvcore's published convention, network by network, at full size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from benchmark.costs.count import count, count_named, parameters_used
from benchmark.costs.counters import fvcore_count, torch_count

KNOWN = [  # network, task, changed arguments, GMAC of the authors' code by fvcore at 512 x 512
    ("restormer", "deraining", {}, 619.528),
    ("restormer", "denoising", {}, 619.528),
    ("res-sl", "deraining", {}, 85.023),
    ("uformer", "deraining", {}, 347.563),
    ("ufor-sl", "deraining", {}, 57.083),
    ("drsformer", "deraining", {}, 971.957),
    ("drs-sl", "deraining", {}, 132.003),
    ("mprnet", "deraining", {}, 564.957),
    ("prenet", "deraining", {}, 264.996),
    ("prenet", "deraining", {"stages": 4}, 176.664),
    ("rcdnet", "deraining", {}, 842.470),
    ("dmphn", "deblurring", {}, 195.438),
    ("dmphn", "deblurring", {"patches": (1, 2, 4, 8)}, 260.584),
    ("mt-rnn", "deblurring", {}, 579.108),
    ("vdn", "denoising", {}, 147.925),
    ("deamnet", "denoising", {}, 583.547),
    ("deamnet", "denoising", {"channels": 1}, 582.943),
]


@pytest.mark.parametrize(("network", "task", "changed", "gmacs"), KNOWN)
def test_full_size_counts(network: str, task: str, changed: dict[str, Any], gmacs: float) -> None:
    assert count_named(network, "paper", task, **changed).gmacs == pytest.approx(gmacs, abs=6e-4)


@pytest.mark.parametrize(("task", "gmacs"), [("deblurring", 3040), ("denoising", 2294)])
def test_the_larger_variants_of_mprnet(task: str, gmacs: float) -> None:
    assert count_named("mprnet", "paper", task).gmacs == pytest.approx(gmacs, abs=0.5)


class Worked(nn.Module):
    """A network whose count is worked out by hand: 16 x 16 image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.layer = nn.LayerNorm(8)
        self.head = nn.Linear(8, 3)
        self.unused = nn.Linear(5, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.conv(x))
        x = self.layer(x.flatten(2).transpose(1, 2))
        result: torch.Tensor = self.head(x).transpose(1, 2).reshape(1, 3, 16, 16)
        return result


def test_a_case_worked_by_hand_and_what_fvcore_says_of_it() -> None:
    pixels = 16 * 16
    expected = pixels * (8 * 3 * 9 + 2 * 8 + 5 * 8 + 8 * 3)
    network = Worked()
    counted = count(network, "worked", 16)
    assert counted.gmacs * 1e9 == pytest.approx(expected)
    assert fvcore_count(network, 16, 16).gmacs * 1e9 == pytest.approx(expected)
    assert torch_count(network, 16).gmacs * 1e9 == pytest.approx(pixels * (8 * 3 * 9 + 8 * 3))
    assert counted.true_gflops > 2 * pixels * (8 * 3 * 9 + 8 * 3) / 1e9
    assert next(network.parameters()).device.type == "cpu"


def test_parameters_that_the_image_does_not_depend_on_are_told_apart() -> None:
    network = Worked()
    total = sum(p.numel() for p in network.parameters())
    assert parameters_used(network, 16) == total - 30
    assert all(p.grad is None for p in network.parameters())


def test_the_count_does_not_depend_on_the_fast_path() -> None:
    torch.manual_seed(0)
    from benchmark.methods.networks import build

    network = build("uformer", "mini", "deraining")
    slow = count(network, "uformer", 128).gmacs
    with torch.enable_grad():
        assert count(network.train(), "uformer", 128).gmacs == slow


def test_torch_counter_names_what_it_leaves_out() -> None:
    left_out = torch_count(Worked(), 16).left_out
    assert "native_layer_norm" in left_out
    assert "view" not in left_out
