"""The image pairs scored by the published evaluation scripts, and the columns that belong to each protocol."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent / "data"

COLUMNS = {
    "rain13k-y": ("derain13k_psnrY", "derain13k_ssimY"),
    "ddn-y": ("ddn_psnrY", "ddn_ssimY"),
    "rgb-uint8-volumetric": ("rgb_psnr_uint8", "matlab_ssim_vol_uint8"),
    "rgb-float-volumetric": ("rgb_psnr_single", "matlab_ssim_vol_single"),
    "rgb-ssim2d": ("rgb_psnr_uint8", "matlab_ssim_2d_uint8"),
}


def oracle() -> dict[str, dict[str, float]]:
    with (FOLDER / "octave_oracle.csv").open() as file:
        return {row.pop("pair"): {k: float(v) for k, v in row.items()} for row in csv.DictReader(file)}


PAIRS = tuple(oracle())


def pair(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Restored and clean, each (H, W, 3) uint8."""
    restored, clean = (np.asarray(Image.open(FOLDER / f"{name}_{kind}.png")) for kind in ("res", "gt"))
    return restored, clean
