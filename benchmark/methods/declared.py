"""The files that may declare networks and distillers: those of the packages, and those in folders of the user's own."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from benchmark.core import paths
from benchmark.core.packages import DECLARING, folder

NETWORKS, DISTILLERS = "SLKD_BENCH_NETWORKS", "SLKD_BENCH_DISTILLERS"


def own_folders() -> list[Path]:
    """Where the user's networks and distillers are looked for; not all of them need exist."""
    named = [part for name in (NETWORKS, DISTILLERS) for part in os.environ.get(name, "").split(os.pathsep)]
    places = [paths.home() / "networks", paths.home() / "distillers", *(Path(p).expanduser() for p in named if p)]
    return list(dict.fromkeys(places))


def is_own(file: Path | None) -> bool:
    """Whether a declaration's file is the user's."""
    return file is not None and file.parent in own_folders()


def state() -> tuple[tuple[Path, int], ...]:
    """The files to look into, the packages' first, each with the time of its last change: what to cache by.

    The packages are listed once a process, the user's folders each time.
    """
    return (*_packaged(), *(entry for place in own_folders() for entry in _below(place)))


@cache
def _packaged() -> tuple[tuple[Path, int], ...]:
    return tuple(entry for package in DECLARING for entry in _below(folder(package)))


def _below(place: Path) -> list[tuple[Path, int]]:
    files = sorted(file for file in place.glob("*.py") if not file.name.startswith(("_", ".")))
    return [(file, file.stat().st_mtime_ns) for file in files]
