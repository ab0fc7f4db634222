"""Which files Python opens for reading while somebody's method is built or works, and their hashes.

Files that only compiled code opens (cv2.imread, a C++ reader) are not seen. Sources, installed packages and the system's
own files are no part of it; nor is what other threads read, such as the images that are decoded meanwhile.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.core.hashes import content_hashes

_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/", "/run/")
_CODE = (".py", ".pyc", ".pyi", ".so", ".pth.lock", ".pyd", ".dll")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Reads:
    """The files that were opened for reading, in the order of their first opening."""

    paths: dict[str, None] = field(default_factory=dict)

    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file that is still there, by its whole path."""
        there = [Path(name) for name in self.paths if Path(name).is_file()]
        return {str(path): found for path, found in sorted(content_hashes(there).items())}


_recording: dict[int, list[Reads]] = {}  # by thread
_installed: list[bool] = []


@contextmanager
def reading() -> Iterator[Reads]:
    """Records what this thread opens for reading, until the block ends."""
    if not _installed:
        sys.addaudithook(_heard)  # it stays for as long as the process does
        _installed.append(True)
    reads, thread = Reads(), threading.get_ident()
    _recording.setdefault(thread, []).append(reads)
    try:
        yield reads
    finally:
        _recording[thread].remove(reads)
        if not _recording[thread]:
            del _recording[thread]


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _recording:
        return
    active = _recording.get(threading.get_ident())
    if not active:
        return
    path, mode, flags = (*arguments, None, None, None)[:3]
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITING)
    if writes or not isinstance(path, str | bytes | os.PathLike):
        return
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  (links stay as they are)
    if counts(name):
        for reads in active:
            reads.paths.setdefault(name)


def counts(name: str) -> bool:
    """Whether a file may decide what a method gives: neither source nor system nor of an installed package."""
    return not name.endswith(_CODE) and not name.startswith(_SYSTEM) and not is_installed(name)


def is_installed(name: str) -> bool:
    """Whether a file belongs to Python or to an installed package."""
    return name.startswith(_library_folders())


@cache
def _library_folders() -> tuple[str, ...]:
    known = sysconfig.get_paths()
    folders = {known[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).resolve().parent.parent)}
    plain = {os.path.abspath(folder) for folder in folders}  # noqa: PTH100
    return tuple(sorted(folder + os.sep for folder in plain | {os.path.realpath(folder) for folder in plain}))
