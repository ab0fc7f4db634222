from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.costs.latency import card_id, device_card, measure, summarise
from benchmark.costs.records import (
    Complexity,
    Latency,
    all_complexity,
    read_complexity,
    read_latencies,
    write_complexity,
    write_latencies,
)


class Hungry(nn.Module):
    """Holds `mib` for a moment."""

    def __init__(self, mib: int) -> None:
        super().__init__()
        self.mib = mib

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image + torch.ones(self.mib, 2**18).sum() * 0


def test_times_are_as_many_as_asked_for_and_in_milliseconds() -> None:
    times, _ = measure(Hungry(64), 32, "cpu", repeats=4)
    assert len(times) == 4
    assert 0.05 < min(times) < 5000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_peak_memory_is_the_networks_own_not_that_of_the_one_before() -> None:
    _, large = measure(Hungry(256), 32, "cpu", repeats=1)
    _, small = measure(Hungry(64), 32, "cpu", repeats=1)
    assert large is not None
    assert small is not None
    assert 240 < large < 400
    assert 50 < small < 160


class Tidy(Hungry):
    """Has the collector run in the middle of it, as may happen at any allocation."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        gc.collect()
        return super().forward(image)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_rubbish_that_is_collected_during_a_measurement_hides_nothing_of_the_peak() -> None:
    rubbish: list[object] = [torch.ones(256, 2**18)]
    rubbish.append(rubbish)
    gc.disable()
    try:
        del rubbish
        _, peak = measure(Tidy(64), 32, "cpu", repeats=1)
    finally:
        gc.enable()
    assert peak is not None
    assert 50 < peak < 160


def test_median_and_deciles() -> None:
    assert summarise([5.0]) == (5.0, 5.0, 5.0)
    median, low, high = summarise([float(n) for n in range(1, 102)])
    assert (median, low, high) == (51.0, 11.0, 91.0)


def test_cards_that_differ_have_files_of_their_own(tmp_path: Path) -> None:
    first, second = device_card("cpu", threads=1), device_card("cpu", "bf16", threads=1)
    assert card_id(first) != card_id(second)
    for card in (first, second):
        write_latencies(
            card_id(card), card, [Latency("prenet", "mini", "deraining", 64, 2.0, 1.0, 3.0, None, 5)], tmp_path
        )
    write_latencies(
        card_id(first), first, [Latency("prenet", "mini", "deraining", 64, 4.0, 1.0, 5.0, None, 5)], tmp_path
    )
    found = read_latencies("mini", tmp_path)
    assert len(found) == 2
    assert [r.median_ms for r in found[card_id(first)][1]] == [4.0]
    assert read_latencies("paper", tmp_path) == {}


def test_scales_and_image_sizes_of_one_card_keep_their_own_size_and_repeats(tmp_path: Path) -> None:
    card = device_card("cpu", threads=1)
    for record in (
        Latency("prenet", "paper", "deraining", 256, 9.0, 8.0, 10.0, None, 3),
        Latency("prenet", "mini", "deraining", 512, 2.0, 1.0, 3.0, None, 5),
        Latency("prenet", "mini", "deraining", 128, 1.0, 1.0, 1.0, None, 7),
    ):
        write_latencies(card_id(card), card, [record], tmp_path)
    for scale, size, repeats in (("paper", 256, 3), ("mini", 512, 5)):
        shown, records = read_latencies(scale, tmp_path)[card_id(card)]
        assert (shown["size"], shown["repeats"]) == (size, repeats)
        assert [(r.scale, r.size) for r in records] == [(scale, size)]


def test_counts_of_another_size_do_not_enter_the_tables(tmp_path: Path) -> None:
    small = Complexity("prenet", "paper", "deraining", 256, 1, 1, 66.0, 130.0)
    usual = Complexity("prenet", "paper", "deraining", 512, 1, 1, 265.0, 512.0)
    write_complexity([usual, small], {}, tmp_path)
    assert read_complexity("paper", tmp_path) == {("prenet", "deraining"): usual}
    assert len(all_complexity(tmp_path)) == 2
