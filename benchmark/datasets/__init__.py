"""Every data set by its id: official ones on disk, embedded mini ones, and any folder with `input` and `target`.

Listing and resolving names needs no torch. A new official data set is a new passport in `passports/`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core import paths
from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale, Task
from benchmark.datasets import mini
from benchmark.datasets.mini import catalogue
from benchmark.datasets.pairs import open_folder, open_official
from benchmark.datasets.passport import Passport, passports

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset

__all__ = ["dataset_ids", "describe", "get_dataset", "is_folder", "resolve"]


def _minis() -> dict[str, Any]:
    """The embedded data sets' records by id."""

    return {record.id: record for record in catalogue}


def dataset_ids(role: str = "") -> tuple[str, ...]:
    """Every registered id, the embedded ones first; `role` may restrict it to "test" or "train"."""
    official = (id for id, passport in passports().items() if role in ("", passport.role))
    return (*(_minis() if role != "train" else ()), *official)


def describe(id: str) -> Passport:
    """The passport of a registered data set; an embedded one gets a short passport too. Raises UnknownName."""
    if id in passports():
        return passports()[id]
    record = _minis().get(id)
    if record is None:
        raise UnknownName("data set", id, dataset_ids())
    count = int(getattr(record, "count", 0))
    return Passport(
        id=record.id,
        title=record.title,
        task=Task(record.task),
        protocol=record.protocol,
        layouts=(),
        counts=(count,) if count else (),
        source="embedded: made from the photographs of scikit-image, scikit-learn and matplotlib",
        licence="those of the packages that ship the photographs",
        scale=Scale.MINI,
    )


def is_folder(name: str | os.PathLike[str]) -> bool:
    """Whether a name is a path: it has a separator, is a Path, or is an existing folder and no registered name."""
    if not isinstance(name, str):
        return True
    return os.sep in name or (name not in dataset_ids() and Path(name).is_dir())


def resolve(name: str, scale: Scale = Scale.PAPER) -> str:
    """The id meant by a name at a scale: `rain1400` at mini gives `mini-rain1400`; ids and folders stay as they are.

    Raises UnknownName with the nearest names.
    """
    known = dataset_ids()
    if is_folder(name):
        return name
    lower = name.lower()
    if scale is Scale.MINI and f"mini-{lower}" in known:
        return f"mini-{lower}"
    if lower not in known:
        raise UnknownName("data set", name, known)
    return lower


def get_dataset(
    name: str | os.PathLike[str],
    root: Path | None = None,
    photos: Any = None,
    *,
    protocol: str = "",
    task: Task | None = None,
    keep_going: bool = False,
    seed: int = 0,
) -> Dataset:
    """Open a data set by its id, or any folder with `input` and `target` by its path.

    `root` is the folder that holds the official sets (ROOT/ID); `photos` are the embedded sets' photographs and
    `seed` their degradations' seed; `protocol` and `task` are what a folder cannot know of itself. With `keep_going`
    a folder with missing partners, strays or a wrong count is opened all the same, its `problems` told.

    Raises UnknownName, or BadData naming the file or folder.
    """

    if is_folder(name):
        return open_folder(Path(name), protocol or "rgb", task, keep_going)
    id = resolve(str(name))
    if id in passports():
        passport = passports()[id]
        return open_official(passport, place(passport, root), keep_going)

    data: Dataset = mini.load(id, photos=photos, seed=seed)
    return data


def place(passport: Passport, root: Path | None = None) -> Path:
    """The folder where an official data set is looked for: the noise levels of one set share it."""

    return (root or paths.data()) / (passport.folder or passport.id)
