"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from benchmark.core.errors import BadOutput


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes `content` to `path` so that a reader sees the old file or the new one, never a part.

    Raises BadOutput when the folder cannot be written or the disk is full; nothing is left behind then.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
            temporary = Path(file.name)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as problem:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        remedy = (
            "Free some space and run the same command again: what is finished is kept."
            if problem.errno == errno.ENOSPC
            else "Choose another folder with --out or mend its permissions."
        )
        raise BadOutput(
            "a folder that can be written", f"{path.parent}: {problem.strerror or problem}", remedy
        ) from problem
