"""Mistakes that other evaluation code makes, and what each of them costs: ours must be on the right side."""

import numpy as np
import pytest

from benchmark.protocols import get_protocol
from tests.protocols import literal
from tests.protocols.pairs import oracle, pair

ORACLE = oracle()


def psnr_of(protocol: str, name: str) -> float:
    return get_protocol(protocol).score(*pair(name)).psnr


def test_full_range_luma_loses_more_than_a_decibel() -> None:
    weights = np.array([0.299, 0.587, 0.114])
    for name in ORACLE:
        x, y = (image @ weights for image in pair(name))
        assert literal.psnr(x, y, 255) - psnr_of("ddn-y", name) == pytest.approx(-1.32, abs=0.01)


def test_rounding_luma_matters_at_high_quality() -> None:
    assert psnr_of("ddn-y", "p5_chroma_512") - psnr_of("rain13k-y", "p5_chroma_512") == pytest.approx(1.42, abs=0.01)
    assert psnr_of("ddn-y", "p4_noise3_512") - psnr_of("rain13k-y", "p4_noise3_512") == pytest.approx(0.26, abs=0.01)


def test_one_protocols_ssim_is_not_anothers() -> None:
    restored, clean = pair("p3_motionblur_300x451")
    volume, plane = (get_protocol(id).score(restored, clean).ssim for id in ("rgb-uint8-volumetric", "rgb-ssim2d"))
    assert volume - plane == pytest.approx(0.1527, abs=1e-4)


def test_the_accidental_range_of_two_flatters() -> None:
    restored, clean = pair("p1_noise25_256")
    flattered = get_protocol("uformer-float").score(restored, clean).ssim
    assert flattered - get_protocol("rgb-ssim2d").score(restored, clean).ssim > 0.1


def test_rounding_to_bytes_or_truncating() -> None:
    clean = pair("p2_streaks_384x512")[1] / 255
    restored = np.clip(clean + 0.004 * np.random.default_rng(0).standard_normal(clean.shape), 0, 1)
    rounded = get_protocol("rgb").score(restored, clean).psnr
    unrounded = get_protocol("rgb-float-volumetric").score(restored, clean).psnr
    truncated = get_protocol("rgb").score(np.floor(restored * 255) / 255, clean).psnr
    assert unrounded - rounded == pytest.approx(0.35, abs=0.1)  # at 48 dB
    assert rounded - truncated > 0.5
