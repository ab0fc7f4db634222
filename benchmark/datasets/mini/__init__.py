"""Five small data sets on real photographs, one after each of the paper's, and the streams to train for them.

The pairs are made here, from photographs that pip dependencies ship, by degradations that follow the optics of the
official sets. They are not the official sets, and their titles say so: "mini, after Rain1400".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import UnknownName
from benchmark.core.types import Task

if TYPE_CHECKING:
    from benchmark.datasets.mini.pairs import MiniDataset
    from benchmark.training.data.mini import TrainingStream


@dataclass(frozen=True)
class MiniRecord:
    """What a listing says of one mini set; `after` is the official set that it follows."""

    id: str
    title: str
    task: Task
    protocol: str
    count: int
    description: str
    after: str


catalogue: tuple[MiniRecord, ...] = (
    MiniRecord(
        "mini-rain1400",
        "mini, after Rain1400",
        Task.DERAINING,
        "rain13k-y",
        24,
        "streak rain of fourteen directions and strengths over eight photographs",
        "rain1400",
    ),
    MiniRecord(
        "mini-test1200",
        "mini, after Test1200",
        Task.DERAINING,
        "rain13k-y",
        24,
        "light, medium and heavy rain with a veil of mist over eight photographs",
        "test1200",
    ),
    MiniRecord(
        "mini-gopro",
        "mini, after GoPro",
        Task.DEBLURRING,
        "rgb-uint8-volumetric",
        24,
        "camera shake as the mean of frames in linear light, eight photographs",
        "gopro",
    ),
    MiniRecord(
        "mini-hide",
        "mini, after HIDE",
        Task.DEBLURRING,
        "rgb-uint8-volumetric",
        24,
        "a moving subject before a still background, mean of frames in linear light, eight photographs",
        "hide",
    ),
    MiniRecord(
        "mini-sidd",
        "mini, after SIDD",
        Task.DENOISING,
        "rgb-float-volumetric",
        24,
        "raw sensor noise through demosaicing, white balance and tone curve, eight photographs",
        "sidd",
    ),
)


def load(id: str, photos: Path | None = None, seed: int = 0) -> MiniDataset:
    """The mini set `id`, from the embedded photographs or from the clean ones in the folder `photos`.

    Raises UnknownName for another id, BadData for an empty folder or a missing embedded photograph, and (when pairs
    are made) BadImage for a file that is cut off, is no image or is smaller than a crop.
    """
    from benchmark.datasets.mini import photographs
    from benchmark.datasets.mini.pairs import MiniDataset

    for record in catalogue:
        if record.id == id:
            chosen = photographs.folder(Path(photos)) if photos else photographs.embedded()
            if photos is None:
                return MiniDataset(record.id, record.title, record.task, record.protocol, chosen, seed)
            folder = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(photos).resolve().name) or "photos"
            title = f"{record.title}, photographs of {folder}"
            return MiniDataset(
                f"{id}-{folder}", title, record.task, record.protocol, chosen, seed, made_from=folder
            )  # results on other photographs never stand under the set's own name
    raise UnknownName("mini data set", id, [record.id for record in catalogue])


def stream(
    task: Task | str, batch: int, patch: int, seed: int = 0, photos: Path | None = None, leaves: float = 0.2
) -> TrainingStream:
    """An endless, seeded stream of training batches for `task`: see `training.TrainingStream`."""
    from benchmark.training.data.mini import TrainingStream

    return TrainingStream(Task(task), batch, patch, seed, photos, leaves)
