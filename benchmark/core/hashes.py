"""The SHA-256 of a file, remembered: hashing a data set of gigabytes once is enough, as long as no byte of it changes.

Beside each hash stand the file's size, its times of modification and of change of the inode, and the inode itself. All
five stay the same only where nobody wrote to the file: a tool that puts the modification time back changes the inode's.
A file that was written within the last seconds is not remembered, for a later write might fall on the same tick.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmark.core import paths
from benchmark.core.files import sha256_of

_SETTLED = 3 * 10**9  # nanoseconds after which a file counts as written to its end
_WORKERS = 4


def content_hash(path: Path) -> str:
    """The SHA-256 of all bytes of the file at `path`, in hex. Raises OSError where it cannot be read."""
    return content_hashes([path])[path]


def content_hashes(files: Iterable[Path]) -> dict[Path, str]:
    """The SHA-256 of all bytes of each file, in hex. Raises OSError where one cannot be read."""
    wanted = list(dict.fromkeys(files))
    with _table() as table, ThreadPoolExecutor(_WORKERS) as pool:
        before = {path: _facts(path.stat()) for path in wanted}
        names = {path: os.fsencode(path.resolve()) for path in wanted}
        known = _recall(table, names, before)
        unknown = [path for path in wanted if path not in known]
        fresh = dict(zip(unknown, pool.map(sha256_of, unknown), strict=True))
        _remember(table, [(names[p], before[p], fresh[p]) for p in unknown if _settled(p, before[p])])
    return {path: known.get(path) or fresh[path] for path in wanted}


def _facts(told: os.stat_result) -> str:
    return f"{told.st_size} {told.st_mtime_ns} {told.st_ctime_ns} {told.st_dev}:{told.st_ino}"


def _settled(path: Path, before: str) -> bool:
    """Whether the file is as it was before it was hashed, and was so for a while."""
    told = path.stat()
    return _facts(told) == before and time.time_ns() - max(told.st_mtime_ns, told.st_ctime_ns) > _SETTLED


def _recall(table: sqlite3.Connection | None, names: dict[Path, bytes], facts: dict[Path, str]) -> dict[Path, str]:
    known: dict[Path, str] = {}
    if table is not None:
        with contextlib.suppress(sqlite3.Error):
            for path, name in names.items():
                row = table.execute("SELECT facts, hash FROM files WHERE path = ?", (name,)).fetchone()
                if row and row[0] == facts[path]:
                    known[path] = str(row[1])
    return known


def _remember(table: sqlite3.Connection | None, rows: list[tuple[bytes, str, str]]) -> None:
    if table is not None and rows:
        with contextlib.suppress(sqlite3.Error):
            table.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)
            table.commit()


@contextlib.contextmanager
def _table() -> Iterator[sqlite3.Connection | None]:
    """The table of hashes; None where it cannot be used: then files are hashed each time."""
    file = paths.cache() / "hashes.sqlite"
    connection: sqlite3.Connection | None = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=5)
        connection.execute("CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, facts TEXT, hash TEXT)")
    except (OSError, sqlite3.Error):
        connection = None
    try:
        yield connection
    finally:
        if connection is not None:
            connection.close()
