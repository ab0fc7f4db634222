"""What is being written is named after the process that writes it, so that what killed ones left can be swept.

On Linux a name tells the machine (this start of it, and this container), the process and when it began: a leftover goes
at once when its process is no more, and never while it lives. Elsewhere, and for files of other machines, a file goes
that is some seconds old and that nobody holds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

_PREFIX, _SUFFIX = ".unfinished-", ".part"
_YOUNG = 2.0  # seconds within which a file may have been made and not locked yet
_SYSTEM = Path("/proc")


def new_file(folder: Path) -> IO[bytes]:
    """A file in `folder` that is open for writing, held by this process, and swept when it dies."""
    file = tempfile.NamedTemporaryFile("wb", dir=folder, prefix=_prefix(), suffix=_SUFFIX, delete=False)  # noqa: SIM115
    _lock(file)
    return file


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder in `folder` for the length of a block; one that a killed process left is swept as a file is."""
    sweep(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=_prefix(), suffix=_SUFFIX) as made:
        yield Path(made)


def _prefix() -> str:
    return f"{_PREFIX}{_machine()}-{os.getpid()}-{_began(os.getpid())}-"


def sweep(folder: Path) -> None:
    """Removes what killed processes left unfinished in `folder`; a file that a living process holds stays."""
    try:
        left = [entry for entry in os.scandir(folder) if entry.name.startswith(_PREFIX)]
    except OSError:
        return
    for entry in left:
        if entry.name.endswith(_SUFFIX):
            with contextlib.suppress(OSError):
                _sweep_one(Path(entry.path))


def _sweep_one(path: Path) -> None:
    lives = _owner_lives(path.name)
    if path.is_dir():
        if lives is False:
            shutil.rmtree(path, ignore_errors=True)
        return
    if lives is None:
        with path.open("rb") as file:
            lives = time.time() - os.fstat(file.fileno()).st_mtime <= _YOUNG or not _lock(file)
    if not lives:
        path.unlink(missing_ok=True)


def _owner_lives(name: str) -> bool | None:
    """Whether the process that made the file of that name still runs; None where this machine cannot tell."""
    parts = name.removeprefix(_PREFIX).split("-")
    if len(parts) < 4 or not parts[0] or parts[0] != _machine() or not parts[1].isdigit():
        return None
    return _began(int(parts[1])) == parts[2]


@cache
def _machine() -> str:
    """This start of this machine, and the numbering of processes in it (a container has its own); empty where unknown."""
    try:
        started = (_SYSTEM / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip().replace("-", "")
        return f"{started[:12]}.{(_SYSTEM / 'self/ns/pid').stat().st_ino}"
    except (OSError, ValueError):
        return ""


def _began(process: int) -> str:
    """When a process began, in ticks of the machine; empty where there is no such process, or it is dead and not yet buried."""
    try:
        words = (_SYSTEM / str(process) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in (b"Z", b"X") else words[19].decode("ascii")


def _lock(file: IO[bytes]) -> bool:
    """Whether this process now holds the file; a system that cannot say counts as held by somebody else."""
    try:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
