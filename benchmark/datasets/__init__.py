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
from benchmark.datasets.mini import catalogue, record_of
from benchmark.datasets.pairs import open_folder, open_official
from benchmark.datasets.passport import Passport, passports

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset

__all__ = ["dataset_ids", "describe", "get_dataset", "is_folder", "resolve"]


def _is_mini(name: str) -> bool:
    """Whether a name is the id of an embedded data set, with or without a version."""
    return name.partition("@")[0] in {record.id for record in catalogue}


def dataset_ids(role: str = "") -> tuple[str, ...]:
    """Every registered id, the embedded ones first; `role` may restrict it to "test" or "train"."""
    official = (id for id, passport in passports().items() if role in ("", passport.role))
    return (*((record.id for record in catalogue) if role != "train" else ()), *official)


def describe(name: str) -> Passport:
    """The passport of a registered data set; an embedded one gets a short passport too. Raises UnknownName."""
    if name in passports():
        return passports()[name]
    if not _is_mini(name):
        raise UnknownName("data set", name, dataset_ids())
    record = record_of(name)
    packages = ["scikit-image", "scikit-learn", "matplotlib"] + (["pyiqa"] if record.version > 1 else [])
    return Passport(
        id=record.id,
        title=record.title,
        task=Task(record.task),
        protocol=record.protocol,
        layouts=(),
        counts=(record.count,),
        source=f"embedded: made from the photographs of {', '.join(packages[:-1])} and {packages[-1]}",
        licence="those of the packages that ship the photographs",
        scale=Scale.MINI,
    )


def is_folder(name: str | os.PathLike[str]) -> bool:
    """Whether a name is a path: it has a separator, is a Path, or is an existing folder and no registered name."""
    if not isinstance(name, str):
        return True
    return os.sep in name or (not _is_mini(name) and name not in dataset_ids() and Path(name).is_dir())


def resolve(name: str, scale: Scale = Scale.PAPER) -> str:
    """The id meant by a name at a scale: `rain1400` at mini gives `mini-rain1400`; ids and folders stay as they are.

    Raises UnknownName with the nearest names.
    """
    known = dataset_ids()
    if is_folder(name):
        return name
    lower = name.lower()
    for id in (f"mini-{lower}", lower) if scale is Scale.MINI else (lower,):
        if _is_mini(id):
            return record_of(id).id
    if lower not in known:
        raise UnknownName("data set", name, known)
    return lower


def get_dataset(  # noqa: PLR0913
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
        if (Path(name) / "pairs.npy").is_file():
            from benchmark.datasets.packed import open_packed

            return open_packed(Path(name))
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
