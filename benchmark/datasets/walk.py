"""Listing the image files of a folder by patterns.

Symbolic links are followed, for whoever gives a folder has made them (a hub's cache is nothing but links); archives that
bring links are refused where they are unpacked. What a listing names must stay in the folder.
"""

from __future__ import annotations

import fnmatch
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from benchmark.core.errors import BadData, SlkdBenchError
from benchmark.images.io import is_image

_IGNORED = {"thumbs.db", "desktop.ini", "__macosx"}


def hidden(name: str) -> bool:
    """Whether a file is one that systems leave behind, not a person."""
    return name.startswith(".") or name.lower() in _IGNORED


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or leads to one; a link that leads back to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def image_files(base: Path, patterns: Iterable[str], problems: list[SlkdBenchError]) -> list[PurePosixPath]:
    """The image files that match the patterns, relative to `base`; links are followed, a link to nothing is a problem."""
    found: set[PurePosixPath] = set()
    for pattern in patterns:
        folder_pattern, _, file_pattern = pattern.rpartition("/")
        folders = base.glob(folder_pattern) if folder_pattern else iter([base])
        for folder in folders:
            if not folder.is_dir():
                if folder.is_symlink() and not folder.exists() and not is_image(folder):
                    problems.append(dead_link(folder))
                continue
            for entry in os.scandir(folder):
                if hidden(entry.name) or not fnmatch.fnmatch(entry.name.lower(), file_pattern.lower()):
                    continue
                path = Path(entry.path)
                if not is_image(path) or is_folder(entry):
                    continue
                if entry.is_symlink() and not path.exists():
                    problems.append(dead_link(path))
                    continue
                found.add(PurePosixPath(path.relative_to(base).as_posix()))
    return sorted(found)


def dead_link(path: Path) -> BadData:
    """The error for a symbolic link that leads nowhere."""
    remedy = "Mend the link, or put the files themselves there."
    return BadData(
        f"a file or folder behind '{path}'", f"a symbolic link to '{path.readlink()}', which is not there", remedy
    )


def leads_out(inside: PurePosixPath) -> bool:
    """Whether a path that a listing names leaves the folder it lies in."""
    return inside.is_absolute() or ".." in inside.parts


def composed(path: PurePosixPath) -> PurePosixPath:
    """A path with its letters composed (Unicode NFC): some systems write an accent as a letter of its own."""
    return PurePosixPath(unicodedata.normalize("NFC", str(path)))


def find_strays(base: Path, patterns: Iterable[str], known: set[PurePosixPath], problems: list[SlkdBenchError]) -> None:
    """Report the files that lie among the images and belong to none."""
    inner = {pattern.rpartition("/")[0] for pattern in patterns} - {""}
    for folder in sorted({folder for pattern in inner for folder in base.glob(pattern)}):
        if not folder.is_dir():
            continue
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path = Path(entry.path)
            inside = PurePosixPath(path.relative_to(base).as_posix())
            dead = entry.is_symlink() and not path.exists()
            if is_folder(entry) or hidden(entry.name) or inside in known or (dead and is_image(path)):
                continue
            problems.append(BadData(f"only pairs in '{folder}'", f"a stray file '{path}'", "Move it away."))
