"""Five small data sets on real photographs, one after each of the paper's.

The pairs are made here, from photographs that pip dependencies ship, by degradations that follow the optics of the
official sets. They are not the official sets, and their titles say so: "mini, after Rain1400".

A set has versions: the first over eight photographs, the second over thirteen, whose first 24 pairs are those of the
first. A set's plain name means version `CURRENT`; `mini-rain1400@2` names another one.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import UnknownName
from benchmark.core.types import Task

if TYPE_CHECKING:
    from benchmark.datasets.mini.pairs import MiniDataset

CURRENT = 1  # the version that a plain name means; reference results belong to it
SCENES = {1: 8, 2: 13}  # photographs of a version
EACH = 3  # pairs a photograph


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
    version: int = CURRENT


catalogue: tuple[MiniRecord, ...] = (
    MiniRecord(
        "mini-rain1400",
        "mini, after Rain1400",
        Task.DERAINING,
        "rain13k-y",
        EACH * SCENES[CURRENT],
        "streak rain of fourteen directions and strengths",
        "rain1400",
    ),
    MiniRecord(
        "mini-test1200",
        "mini, after Test1200",
        Task.DERAINING,
        "rain13k-y",
        EACH * SCENES[CURRENT],
        "light, medium and heavy rain with a veil of mist",
        "test1200",
    ),
    MiniRecord(
        "mini-gopro",
        "mini, after GoPro",
        Task.DEBLURRING,
        "rgb-uint8-volumetric",
        EACH * SCENES[CURRENT],
        "camera shake as the mean of frames in linear light",
        "gopro",
    ),
    MiniRecord(
        "mini-hide",
        "mini, after HIDE",
        Task.DEBLURRING,
        "rgb-uint8-volumetric",
        EACH * SCENES[CURRENT],
        "a moving subject before a still background, mean of frames in linear light",
        "hide",
    ),
    MiniRecord(
        "mini-sidd",
        "mini, after SIDD",
        Task.DENOISING,
        "rgb-float-volumetric",
        EACH * SCENES[CURRENT],
        "raw sensor noise through demosaicing, white balance and tone curve",
        "sidd",
    ),
)


def record_of(name: str) -> MiniRecord:
    """The record of a mini set by its id, or by its id and a version, as in `mini-rain1400@2`. Raises UnknownName."""
    base, separator, number = name.partition("@")
    version = int(number) if number.isdecimal() else CURRENT
    record = next((record for record in catalogue if record.id == base), None)
    if record is None or version not in SCENES or (separator and not number.isdecimal()):
        raise UnknownName(
            "mini data set", name, [*(r.id for r in catalogue), *(f"{base}@{v}" for v in SCENES if record)]
        )
    own = record.id if version == CURRENT else f"{record.id}@{version}"
    title = record.title if version == CURRENT else f"{record.title} (version {version})"
    return replace(record, id=own, title=title, version=version, count=EACH * SCENES[version])


def load(name: str, photos: Path | None = None, seed: int = 0) -> MiniDataset:
    """The mini set `name` (an id, or id@version), from the embedded photographs or the clean ones in the folder `photos`.

    The second version falls back to eight photographs, under a name that says so, where the installed pyiqa does not
    ship the other five. Raises UnknownName for another name, BadData for an empty folder or a missing embedded
    photograph, and (when pairs are made) BadImage for a file that is cut off, is no image or is smaller than a crop.
    """
    from benchmark.datasets.mini import photographs
    from benchmark.datasets.mini.pairs import MiniDataset

    record = record_of(name)
    about = MiniDataset(record.id, record.title, record.task, record.protocol, (), seed, version=record.version)
    if photos is not None:
        folder = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(photos).resolve().name) or "photos"
        # results on other photographs never stand under the set's own name
        return about.over(photographs.folder(Path(photos)), folder, f"photographs of {folder}")
    chosen = photographs.embedded()
    if record.version == 1:
        return replace(about, photographs=chosen)
    more = photographs.calibration()
    if not more:
        warnings.warn(
            f"{record.id} has eight scenes here: this pyiqa does not ship the other five photographs", stacklevel=2
        )
        return about.over(chosen, "8-scenes", "eight scenes only")
    return replace(about, photographs=(*chosen, *more))
