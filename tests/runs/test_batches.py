"""How many images go through together."""

from __future__ import annotations

import pytest
import torch

from benchmark.core import devices
from benchmark.runs import batches
from benchmark.runs.batches import BYTES_A_PIXEL, DEVICE_PIXELS, Stretch, device_pixels
from tests.runs.toys import ToySet

GIB = 2**30


def test_a_batch_on_an_accelerator_is_halved_until_it_fits_into_what_is_free() -> None:
    assert device_pixels(None) == DEVICE_PIXELS  # a device that does not tell
    assert device_pixels(141 * GIB) == device_pixels(79 * GIB) == DEVICE_PIXELS
    assert device_pixels(23 * GIB) == DEVICE_PIXELS // 4 == 720 * 1280
    assert device_pixels(23 * GIB) == device_pixels(22 * GIB)  # another program beside it changes no batch
    assert device_pixels(0) == 1
    for gib in range(1, 80):
        assert device_pixels(gib * GIB) * BYTES_A_PIXEL < gib * GIB


def test_the_network_that_needs_most_fits_into_what_is_reckoned_for_a_pixel() -> None:
    from benchmark.methods.networks import build
    from benchmark.runs.tiling import peak_bytes

    with torch.device("meta"):
        network, image = build("drsformer", "paper", "deraining").eval(), torch.zeros(1, 3, 64, 64)
    assert peak_bytes(network, image) / 64**2 == pytest.approx(BYTES_A_PIXEL, rel=0.01)


def test_an_image_larger_than_the_memory_for_a_batch_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(batches, "DEVICE_PIXELS", 4 * 24 * 40)
    monkeypatch.setattr(batches, "BYTES_A_PIXEL", 4 * GIB // (24 * 40))

    def free(device: str) -> int:
        asked.append(device)
        return 11 * GIB

    monkeypatch.setattr(batches, "free_bytes", free)
    sizes = [len(batch) for batch in batches.batches(ToySet(), Stretch(), "cuda:1")]
    assert asked == ["cuda:1"]
    assert sizes == [2, 2, 2, 1, 1, 1, 1, 1, 1]  # seven of 24 x 40, then five of 32 x 40, of which two are too many
    monkeypatch.setattr(batches, "free_bytes", lambda device: 0)
    assert [len(batch) for batch in batches.batches(ToySet(), Stretch(), "cuda")] == [1] * 12


def test_what_torch_keeps_for_itself_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * GIB, 24 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 5 * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 1 * GIB)
    assert devices.free_bytes("cuda:0") == 7 * GIB
    assert devices.free_bytes("cpu") is None
