"""What surrounds a computation: the options of a run as data, so that they travel as one thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmark.core.types import Scale, Task
from benchmark.methods.own import OwnNetwork


@dataclass(frozen=True)
class RunOptions:
    """How cells are computed.

    `limit` takes the first images of a set alone, `keep_going` leaves out images that cannot be restored or scored,
    `memory` bounds a network in GiB, `tf32` lets CUDA round products, `save_images` is a folder for restored images,
    `any_versions` lets cells count as done that another series of torch, numpy, Pillow or OpenCV made, `metrics` are
    further ones by their pyiqa names.
    """

    device: str = "cpu"
    limit: int | None = None
    keep_going: bool = False
    memory: float | None = None
    tf32: bool = False
    save_images: Path | None = None
    any_versions: bool = False
    metrics: tuple[str, ...] = ()

    @property
    def precision(self) -> str:
        """What products are rounded to: TF32 is a thing of CUDA, elsewhere the choice changes nothing."""
        return "tf32" if self.tf32 and self.device.startswith("cuda") else "fp32"


@dataclass(frozen=True)
class RunRequest:
    """One call of `slkd-bench run`: which methods on which data sets, where results go, and how."""

    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    everything: bool = False
    scale: Scale = Scale.MINI
    seeds: tuple[int, ...] = ()
    out: Path = Path("runs")
    photos: Path | None = None
    protocol: str = ""
    task: Task | None = None
    shard: str = ""
    threads: int | None = None
    own: OwnNetwork = field(default_factory=OwnNetwork)
    options: RunOptions = field(default_factory=RunOptions)
