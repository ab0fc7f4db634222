"""The files that may declare networks and distillers: those of the packages, and those in folders of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
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


def files() -> Iterator[Path]:
    """The files to look into, the packages' first."""
    for place in (*map(folder, DECLARING), *own_folders()):
        yield from sorted(file for file in place.glob("*.py") if not file.name.startswith(("_", ".")))


def state() -> tuple[tuple[Path, int], ...]:
    """The same with the time of each one's last change: what to cache by."""
    return tuple((file, file.stat().st_mtime_ns) for file in files())
