from __future__ import annotations

import gc
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.costs.card import DeviceCard, preferred
from benchmark.costs.latency import Timing, device_card, measure, summarise
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


def quick(repeats: int = 1) -> Timing:
    return Timing(repeats=repeats, warm_up_s=0)


class Counting(nn.Module):
    """Counts its passes."""

    passes = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        return image


def test_it_warms_up_for_as_long_as_it_says() -> None:
    network = Counting()
    before = time.perf_counter()
    measure(network, 32, Timing(repeats=3, warm_up_s=0.2))
    assert time.perf_counter() - before >= 0.2
    assert network.passes > 100
    few = Counting()
    measure(few, 32, Timing(repeats=3, warm_up=2, warm_up_s=0))
    assert few.passes == 2 + 3
    assert Timing().repeats == 30
    assert Timing().warm_up_s >= 1


def test_a_mode_that_the_device_has_not_is_refused() -> None:
    with pytest.raises(SlkdBenchError, match="CUDA device for --mode graph"):
        measure(Counting(), 32, Timing(mode="graph"))


def test_a_compiled_pass_that_ran_eagerly_is_no_compiled_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch._dynamo.config, "disable", True)
    with pytest.raises(SlkdBenchError, match="ran eagerly"):
        measure(Counting(), 32, Timing(mode="compiled", repeats=1, warm_up_s=0))


def test_times_are_as_many_as_asked_for_and_in_milliseconds() -> None:
    times = measure(Hungry(64), 32, quick(4)).passes
    assert len(times) == 4
    assert 0.05 < min(times) < 5000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_peak_memory_is_the_networks_own_not_that_of_the_one_before() -> None:
    large = measure(Hungry(256), 32, quick()).peak_mib
    small = measure(Hungry(64), 32, quick()).peak_mib
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
        peak = measure(Tidy(64), 32, quick()).peak_mib
    finally:
        gc.enable()
    assert peak is not None
    assert 50 < peak < 160


def test_median_and_deciles() -> None:
    assert summarise([5.0]) == (5.0, 5.0, 5.0)
    median, low, high = summarise([float(n) for n in range(1, 102)])
    assert (median, low, high) == (51.0, 11.0, 91.0)


def test_cards_that_differ_have_files_of_their_own(tmp_path: Path) -> None:
    first, second = device_card(Timing(threads=1)), device_card(Timing(precision="bf16", threads=1))
    assert first.file_name != second.file_name
    assert replace(first, tf32="off").file_name != replace(first, tf32="everywhere").file_name
    for card in (first, second):
        write_latencies(card, [Latency("prenet", "mini", "deraining", 64, 2.0, 1.0, 3.0, None, 5)], tmp_path)
    write_latencies(first, [Latency("prenet", "mini", "deraining", 64, 4.0, 1.0, 5.0, None, 5)], tmp_path)
    found = read_latencies("mini", tmp_path)
    assert len(found) == 2
    assert found[first.file_name].card == first
    assert [r.median_ms for r in found[first.file_name].records] == [4.0]
    assert read_latencies("paper", tmp_path) == {}


def test_scales_and_image_sizes_of_one_card_keep_their_own_size_and_repeats(tmp_path: Path) -> None:
    card = device_card(Timing(threads=1))
    for record in (
        Latency("prenet", "paper", "deraining", 256, 9.0, 8.0, 10.0, None, 3),
        Latency("prenet", "mini", "deraining", 512, 2.0, 1.0, 3.0, None, 5),
        Latency("prenet", "mini", "deraining", 128, 1.0, 1.0, 1.0, None, 7),
    ):
        write_latencies(card, [record], tmp_path)
    for scale, size, repeats in (("paper", 256, 3), ("mini", 512, 5)):
        shown = read_latencies(scale, tmp_path)[card.file_name]
        assert (shown.size, shown.repeats) == (size, repeats)
        assert [(r.scale, r.size) for r in shown.records] == [(scale, size)]


def test_the_recorded_cards_say_what_decides_a_time() -> None:
    cards = read_latencies("paper")
    assert {name for name, times in cards.items() if times.card.kind == "cuda"}
    for name, times in cards.items():
        assert name == times.card.file_name
        if times.card.kind == "cuda":
            assert times.card.tf32
            assert times.card.cudnn_benchmark is not None
            assert times.card.commit
            assert times.size == 512
            assert times.repeats == 30


def test_tables_show_a_gpu_in_whole_fp32_where_there_is_one() -> None:
    cpu = DeviceCard("c", "cpu", "2", "fp32", "eager")
    gpu = DeviceCard("g", "cuda", "2", "fp32", "eager", tf32="off")
    others = [replace(gpu, tf32="convolutions"), replace(gpu, mode="graph"), replace(gpu, precision="bf16")]
    cards = {str(i): (card, 17) for i, card in enumerate([cpu, *others])}
    assert cards[preferred(cards)][0].kind == "cuda"
    assert preferred({**cards, "whole": (gpu, 15)}) == "whole"
    assert preferred({}) == ""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tf32": "maybe"}, "field tf32"),
        ({"commmit": "red"}, "did you mean 'commit'?"),
        ({"precision": "fp8"}, "field precision: 'fp32', 'bf16' or 'fp16'"),
        ({"threads": "two"}, "field threads"),
    ],
)
def test_a_wrong_entry_of_a_card_is_named(tmp_path: Path, change: dict[str, object], named: str) -> None:
    path = write_latencies(device_card(Timing(threads=1)), [], tmp_path)
    raw = json.loads(path.read_text())
    raw["card"] |= change
    path.write_text(json.dumps(raw))
    with pytest.raises(BadResult) as error:
        read_latencies("mini", tmp_path)
    assert named in str(error.value)
    assert path.name in str(error.value)


def test_a_wrong_record_is_named_by_its_network(tmp_path: Path) -> None:
    path = write_complexity([Complexity("prenet", "paper", "deraining", 512, 1, 1, 265.0, 512.0)], {}, tmp_path)
    raw = json.loads(path.read_text())
    raw["records"][0]["gmac"] = raw["records"][0].pop("gmacs")
    path.write_text(json.dumps(raw))
    with pytest.raises(BadResult, match=r"record prenet, field gmac.*") as error:
        all_complexity(tmp_path)
    assert "did you mean 'gmacs'?" in str(error.value)


def test_counts_of_another_size_do_not_enter_the_tables(tmp_path: Path) -> None:
    small = Complexity("prenet", "paper", "deraining", 256, 1, 1, 66.0, 130.0)
    usual = Complexity("prenet", "paper", "deraining", 512, 1, 1, 265.0, 512.0)
    write_complexity([usual, small], {}, tmp_path)
    assert read_complexity("paper", tmp_path) == {("prenet", "deraining"): usual}
    assert len(all_complexity(tmp_path)) == 2
