"""Pair rules: which clean image belongs to a degraded one, decided by names alone, never by the order of a folder.

A rule turns the relative path of a file (POSIX, without a suffix where it says so) into the name of the pair. Each
returns one key for the degraded side and one for the clean side; files with equal keys belong together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class PairRule:
    """How names pair: `name` gives the pair's name of a degraded file, `partner` the key of the clean file that a
    degraded file needs, `key` the key of a clean file."""

    id: str
    says: str
    name: Callable[[PurePosixPath], str]
    partner: Callable[[PurePosixPath], str]
    key: Callable[[PurePosixPath], str]


def _stem(path: PurePosixPath) -> str:
    return path.stem


def _before_underscore(path: PurePosixPath) -> str:
    return path.stem.rpartition("_")[0]


def _scene_and_stem(path: PurePosixPath) -> str:
    """`test/GOPR0384_11_00/blur/000001.png` gives `GOPR0384_11_00-000001`."""
    return f"{path.parent.parent.name}-{path.stem}"


def _rain_number(path: PurePosixPath) -> str:
    """`norain-012x2`, `rain-012` and `norain-12` give `norain-12`."""
    match = re.fullmatch(r"(?:no)?rain-0*(\d+)(?:x2)?", path.stem)
    return f"norain-{match[1]}" if match else path.stem


def _without_role(path: PurePosixPath) -> str:
    """`Canon5D2_5_160_3200_chair_11_real` and `..._mean` give the name without the last word."""
    return re.sub(r"_(real|mean)$", "", path.stem, flags=re.IGNORECASE)


def _sidd_medium(path: PurePosixPath) -> str:
    """`Data/0001_001_S6_.../0001_NOISY_SRGB_010.PNG` gives `0001_001_S6_..._010`."""
    return f"{path.parent.name}_{path.stem.rpartition('_')[2]}"


def _realblur(path: PurePosixPath) -> str:
    """`.../scene001/blur/blur_1.png` and `.../scene001/gt/gt_1.png` give `scene001-1`."""
    return f"{path.parent.parent.name}-{path.stem.rpartition('_')[2]}"


def _same(name: str, says: str, key: Callable[[PurePosixPath], str]) -> PairRule:
    return PairRule(name, says, key, key, key)


RULES: dict[str, PairRule] = {
    rule.id: rule
    for rule in (
        _same("equal", "equal names, the endings apart", _stem),
        PairRule("ddn", "901_3.jpg belongs to 901.jpg", _stem, _before_underscore, _stem),
        _same("scene-frame", "SCENE/blur/N.png belongs to SCENE/sharp/N.png", _scene_and_stem),
        _same("rain-norain", "rain-N.png or norain-Nx2.png belongs to norain-N.png", _rain_number),
        _same("real-mean", "NAME_real.* belongs to NAME_mean.*", _without_role),
        _same("noisy-gt", "SCENE/*_NOISY_SRGB_N.PNG belongs to SCENE/*_GT_SRGB_N.PNG", _sidd_medium),
        _same("blur-gt", "SCENE/blur/blur_N.png belongs to SCENE/gt/gt_N.png", _realblur),
    )
}
"""Every pair rule by its id."""
