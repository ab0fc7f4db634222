"""The passport of a data set: what it is, how it lies on disk, how it is scored, where it comes from.

One TOML file each in `passports/`; reading them needs neither torch nor a network. A fact that nobody could check is
written as "unknown", never guessed.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmark.core import paths
from benchmark.core.errors import BadData, UnknownName
from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.datasets import passport_form

FOLDER = Path(__file__).resolve().parent / "passports"


@dataclass(frozen=True)
class Layout:
    """One way in which a data set lies on disk.

    `kind` names a reader of `layouts.py`; `degraded` and `clean` are its patterns relative to the data set's folder
    (or fields of .mat files); `rule` names a pair rule of `pairing.py`. `spare_clean` allows clean images that no
    degraded image uses.
    """

    id: str
    kind: str
    degraded: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    rule: str = "equal"
    listing: str = ""
    spare_clean: bool = False
    formats: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Download:
    """An archive or file that can be fetched by a program: its address and SHA-256 (empty where unknown)."""

    url: str
    sha256: str = ""
    unpack: bool = True


@dataclass(frozen=True)
class Passport:
    """What is known of a data set; `counts` and `sizes` are empty where they are unknown or vary."""

    id: str
    title: str
    task: Task
    protocol: str
    layouts: tuple[Layout, ...]
    counts: tuple[int, ...] = ()
    sizes: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    scene: str = ""
    sigma: float = 0.0
    folder: str = ""
    role: str = "test"
    source: str = "unknown"
    licence: str = "unknown"
    citation: str = ""
    bibtex: str = ""
    trained_on: str = ""
    overlap: dict[str, str] = field(default_factory=dict)
    by_hand: str = ""
    downloads: tuple[Download, ...] = ()
    patch: int = 0
    note: str = ""
    scale: Scale = Scale.PAPER

    @property
    def count(self) -> int:
        """The expected number of pairs; 0 where it is unknown."""
        return self.counts[0] if self.counts else 0


def passport_files() -> list[Path]:
    """Every passport there is: the package's, those of the user's own folder, and those named for this call alone.

    The last are `--passport FILE` and SLKD_BENCH_PASSPORTS (files or folders, with the system's path separator between).
    """
    named = [Path(part).expanduser() for part in os.environ.get(paths.PASSPORTS, "").split(os.pathsep) if part]
    places = [FOLDER, paths.user_passports(), *named]
    found: list[Path] = []
    for place in places:
        found += sorted(place.glob("*.toml")) if place.is_dir() else [place] if place in named else []
    return found


def passports() -> dict[str, Passport]:
    """Every data set's passport by id, in the order of the ids.

    Raises BadData for one that is not of its form, and for two of one id, naming both files.
    """
    return dict(_read(tuple(_stamped(file) for file in dict.fromkeys(passport_files()))))


def _stamped(file: Path) -> tuple[Path, int]:
    return file, file.stat().st_mtime_ns if file.is_file() else 0


@lru_cache(maxsize=8)
def _read(files: tuple[tuple[Path, int], ...]) -> dict[str, Passport]:
    found: dict[str, tuple[Passport, Path]] = {}
    for file, _ in files:
        for passport in read_passport(file, own=file.parent != FOLDER):
            if passport.id in found:
                both = f"'{found[passport.id][1]}' and '{file}'"
                raise BadData(f"one data set called {passport.id}", both, "Rename one of the files.")
            found[passport.id] = passport, file
    return {key: found[key][0] for key in sorted(found)}


def tasks() -> tuple[Task, ...]:
    """The tasks there are: the three that the shipped networks know, then what other passports say."""
    return tuple(dict.fromkeys((*ALL_TASKS, *sorted({passport.task for passport in passports().values()}))))


def known_task(name: str) -> Task:
    """The task of that name. Raises UnknownName for one of which no passport is."""
    if name.lower() not in tasks():
        raise UnknownName("task", name, tasks())
    return Task(name.lower())


def read_passport(path: Path, own: bool = True) -> list[Passport]:
    """The passports of one file: one, or one for each noise level where the file lists `sigmas`.

    Every key of a person's `own` is checked; the package's were by a test. Raises BadData naming file, line and key.
    """
    table = passport_form.read_table(path) if own else tomllib.loads(path.read_text(encoding="utf-8"))
    sigmas = table.pop("sigmas", [])
    layouts = tuple(Layout(**_tuples(entry)) for entry in table.pop("layouts"))
    downloads = tuple(Download(**entry) for entry in table.pop("downloads", []))
    table["task"] = Task(table["task"])
    base = Passport(id=path.stem, layouts=layouts, downloads=downloads, **({"folder": path.stem} | _tuples(table)))
    return [
        replace(base, id=f"{base.id}-sigma{sigma}", title=f"{base.title}, sigma {sigma}", sigma=float(sigma))
        for sigma in sigmas
    ] or [base]


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    """The table with its lists as tuples, so that passports stay frozen."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
