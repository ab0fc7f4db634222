"""The words of the laboratory as small frozen dataclasses: the same in code, command line, files and documents.

Nothing here imports torch: listing and planning must stay instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Task(StrEnum):
    """What a network is asked to remove."""

    DERAINING = "deraining"
    DEBLURRING = "deblurring"
    DENOISING = "denoising"


class Scale(StrEnum):
    """`paper`: full-size networks on official data. `mini`: small networks on the embedded data."""

    PAPER = "paper"
    MINI = "mini"


@dataclass(frozen=True)
class Pair:
    """One test image: `degraded` and `clean` are float32 tensors (3, H, W) in [0, 1] of equal size.

    `scene` names the photograph or video the pair comes from; statistics cluster by it.
    """

    name: str
    degraded: Tensor
    clean: Tensor
    scene: str = ""


@dataclass(frozen=True)
class Score:
    """PSNR in dB (infinite for identical images) and SSIM of one restored image under one protocol."""

    psnr: float
    ssim: float
