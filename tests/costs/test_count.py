"""The canonical count against fvcore's published convention."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmark.costs.count import count, parameters_used
from benchmark.costs.counters import fvcore_count, torch_count


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
