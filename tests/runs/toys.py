"""A tiny data set and a tiny method for the tests of the harness."""

from __future__ import annotations

from pathlib import Path

import torch

from benchmark.core.errors import BadImage
from benchmark.core.types import Pair, Scale, Task
from benchmark.methods.find import get_method
from benchmark.runs.options import RunOptions
from benchmark.runs.plan import Plan, planned


class ToySet:
    """Twelve random pairs of two sizes; the image at `broken` cannot be read."""

    id, title, task, protocol, scale = "toy", "toy", Task.DERAINING, "rgb-uint8-volumetric", Scale.MINI

    def __init__(self, broken: int | None = None, print_: str = "abc") -> None:
        self.broken, self.print, self.read = broken, print_, 0

    def __len__(self) -> int:
        return 12

    def names(self) -> list[str]:
        return [f"image-{i}" for i in range(12)]

    def fingerprint(self) -> str:
        return self.print

    def __getitem__(self, index: int) -> Pair:
        if index == self.broken:
            raise BadImage("a whole image", f"image-{index} is cut off", "Fetch it again.")
        self.read += 1
        noise = torch.Generator().manual_seed(index)
        clean = torch.rand(3, 24 if index < 7 else 32, 40, generator=noise)
        degraded = (clean + 0.1 * torch.rand(clean.shape, generator=noise)).clamp(0, 1)
        return Pair(f"image-{index}", degraded, clean, f"scene-{index // 3}")


def toy_plan(out: Path, dataset: ToySet, method: str = "identity") -> Plan:
    chosen = get_method(method)
    return Plan([planned(chosen, dataset, Scale.MINI, 0, (out, RunOptions()))])
