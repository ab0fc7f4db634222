"""What a protocol is: every choice that decides a PSNR and an SSIM, as data.

Two implementations interpret it: `reference` (numpy, float64, written as plainly as possible) and `batched` (torch, any
device, fast). This module imports neither torch nor numpy, so that protocols can be listed in no time.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadImage
from benchmark.core.types import Score
from benchmark.protocols.choices import Channel, Rounding, Ssim

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True)
class Protocol:
    """How a data set is scored. `id` and `version` together name the numbers; a change of any of them is a new version.

    `peak` is the P of PSNR = 10 log10(P^2 / MSE) and the scale on which images are compared (1 or 255).
    """

    id: str
    version: int
    title: str
    channel: Channel
    rounding: Rounding
    peak: float
    ssim: Ssim
    used_by: str
    note: str = ""

    def score(self, restored: Tensor | np.ndarray, clean: Tensor | np.ndarray) -> Score:
        """PSNR and SSIM of one restored image.

        Takes two tensors (3, H, W), or two arrays (H, W, 3) or (3, H, W) which the numpy reference scores; values in
        [0, 1] (what lies outside is clamped) or uint8. An array of 3 x W x 3 is read as (H, W, 3).
        Identical images give a PSNR of infinity. Raises BadImage for unequal sizes, NaN, and images smaller than the
        window.
        """
        if not _is_tensor(restored) and not _is_tensor(clean):
            from benchmark.protocols import reference

            return reference.score(self, restored, clean)
        from benchmark.protocols import batched

        return batched.score(self, _as_tensor(restored)[None], _as_tensor(clean)[None])[0]

    def score_batch(self, restored: Tensor, clean: Tensor) -> list[Score]:
        """PSNR and SSIM of each of N restored images (N, 3, H, W), on the device they are on; otherwise as `score`."""
        from benchmark.protocols import batched

        return batched.score(self, _as_tensor(restored), _as_tensor(clean))


def _is_tensor(image: object) -> bool:
    torch = sys.modules.get("torch")  # nobody holds a tensor without it having been imported
    return torch is not None and isinstance(image, torch.Tensor)


def _as_tensor(image: Any) -> Tensor:
    if not _is_tensor(image):
        raise BadImage(
            "two images of one kind, both tensors or both arrays",
            f"a tensor and a {type(image).__name__}",
            "Convert one of them with torch.from_numpy.",
        )
    tensor: Tensor = image
    return tensor
