"""Files written whole or not at all, one hash of a file, and what a downloaded file really is."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmark.core.errors import BadOutput
from benchmark.core.unfinished import new_file, sweep

_MARK = b"\xef\xbb\xbf \t\r\n"
_PAGES = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<script")
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The system's words for a disk, a quota or a file that takes no more."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes `content` to `path` so that a reader sees the old file or the new one, never a part.

    Text is written as utf-8; what utf-8 cannot hold (a byte of a file's name that is no letter) becomes an escape that
    JSON reads back. A link is followed, a device or a pipe is written to. Raises BadOutput when the folder cannot be
    written or the disk is full; nothing is left behind then.
    """
    with opened_atomically(path) as file:
        file.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


@contextmanager
def opened_atomically(path: Path, durable: bool = True) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` when the block ends well; see `write_atomically`.

    Unless `durable`, it is not forced onto the disk first: a machine that loses its power may lose it.
    """
    temporary = None
    try:
        target = _target(path)
        if target is None:
            with path.open("ab") as device:
                yield device
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        with new_file(target.parent) as file:
            temporary = Path(file.name)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            temporary.chmod(stat.S_IMODE(target.stat().st_mode) if target.is_file() else 0o644)
            temporary.replace(target)
    except OSError as problem:
        raise cannot_write(path, problem) from problem
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def cannot_write(path: Path, problem: OSError) -> BadOutput:
    """The error for a file that could not be written: the disk is full, or the place is no place for it."""
    full = problem.errno in DISK_FULL
    remedy = (
        "Free some space and run the same command again: what is finished is kept."
        if full
        else "Choose another folder with --out or mend its permissions."
    )
    place = path.parent if full or not path.is_dir() else path
    return BadOutput("a folder that can be written", f"{place}: {problem.strerror or problem}", remedy)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_web_page(start: bytes, content_type: str = "") -> bool:
    """Whether a file's first bytes (or a server's word for them) are those of a web page, as login pages are."""
    return content_type.startswith("text/html") or start[:512].lstrip(_MARK).lower().startswith(_PAGES)


def is_lfs_pointer(start: bytes) -> bool:
    """Whether a file's first bytes are those of a Git LFS pointer."""
    return start.lstrip(_MARK).startswith(b"version https://git-lfs")


def _target(path: Path) -> Path | None:
    """The regular file that `path` means, links followed; None for a device, a pipe or a place in /dev or /proc."""
    step = path
    for _ in range(40):
        if Path(os.path.abspath(step)).parts[:2] in (("/", "dev"), ("/", "proc")) and not _in_memory(step):  # noqa: PTH100
            return None
        if not step.is_symlink():
            break
        step = step.parent / step.readlink()
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path)) if stat.S_ISREG(kind) or stat.S_ISDIR(kind) else None


def _in_memory(path: Path) -> bool:
    return Path(os.path.abspath(path)).parts[:3] == ("/", "dev", "shm")  # noqa: PTH100  (links stay as they are)
