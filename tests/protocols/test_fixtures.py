"""Every protocol gives what the published evaluation scripts gave, in numpy and in torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.protocols import get_protocol
from tests.protocols.pairs import COLUMNS, PAIRS, oracle, pair

ORACLE = oracle()
DECIBEL, SSIM = 1e-4, 1e-6
SINGLE = 0.011  # what the single-precision accumulation of that column is worth


def as_tensor(image: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1).to(dtype) / 255


FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "numpy-uint8": lambda image: image,
    "numpy-float64": lambda image: image / 255,
    "torch-uint8": lambda image: torch.from_numpy(image.copy()).permute(2, 0, 1),
    "torch-float32": lambda image: as_tensor(image, torch.float32),
    "torch-float64": lambda image: as_tensor(image, torch.float64),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("protocol", COLUMNS)
def test_equals_the_published_script(protocol: str, name: str, form: str) -> None:
    score = get_protocol(protocol).score(*(FORMS[form](image) for image in pair(name)))
    psnr, ssim = (ORACLE[name][column] for column in COLUMNS[protocol])
    assert score.psnr == pytest.approx(psnr, abs=SINGLE if protocol == "rgb-float-volumetric" else DECIBEL)
    assert score.ssim == pytest.approx(ssim, abs=SSIM)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PAIRS)
def test_unrounded_psnr_of_bytes_is_the_psnr_of_bytes(name: str, form: str) -> None:
    """The single-precision column is too coarse; on images that are bytes already, rounding changes nothing."""
    score = get_protocol("rgb-float-volumetric").score(*(FORMS[form](image) for image in pair(name)))
    assert score.psnr == pytest.approx(ORACLE[name]["rgb_psnr_uint8"], abs=1e-5)
