"""Listing the image files of a folder by patterns: links that leave the folder and strays are told, not followed."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from benchmark.core.errors import BadData, SlkdBenchError
from benchmark.images.io import is_image

_IGNORED = {"thumbs.db", "desktop.ini", "__macosx"}


def hidden(name: str) -> bool:
    """Whether a file is one that systems leave behind, not a person."""
    return name.startswith(".") or name.lower() in _IGNORED


def image_files(base: Path, patterns: Iterable[str], problems: list[SlkdBenchError]) -> list[PurePosixPath]:
    """The image files that match the patterns, relative to `base`; links that leave `base` become problems."""
    root = base.resolve()
    found: set[PurePosixPath] = set()
    for pattern in patterns:
        folder_pattern, _, file_pattern = pattern.rpartition("/")
        folders = base.glob(folder_pattern) if folder_pattern else iter([base])
        for folder in folders:
            if not folder.is_dir():
                continue
            leaves = not folder.resolve().is_relative_to(root)
            if leaves:
                problems.append(link_out(folder))
            for entry in os.scandir(folder):
                if hidden(entry.name) or not fnmatch.fnmatch(entry.name.lower(), file_pattern.lower()):
                    continue
                path = Path(entry.path)
                if leaves or not is_image(path) or entry.is_dir():
                    continue
                if entry.is_symlink() and not path.resolve().is_relative_to(root):
                    problems.append(link_out(path))
                    continue
                found.add(PurePosixPath(path.relative_to(base).as_posix()))
    return sorted(found)


def link_out(path: Path) -> BadData:
    """The error for a symbolic link that leads out of the data set's folder."""
    remedy = "Copy the files into the folder; a link may point at anything tomorrow."
    return BadData(f"'{path}' inside the data set's folder", f"a symbolic link to '{path.resolve()}'", remedy)


def find_strays(base: Path, patterns: Iterable[str], known: set[PurePosixPath], problems: list[SlkdBenchError]) -> None:
    """Report the files that lie among the images and belong to none."""
    inner = {pattern.rpartition("/")[0] for pattern in patterns} - {""}
    for folder in sorted({folder for pattern in inner for folder in base.glob(pattern)}):
        if not folder.is_dir():
            continue
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path = Path(entry.path)
            inside = PurePosixPath(path.relative_to(base).as_posix())
            if entry.is_dir() or hidden(entry.name) or inside in known or entry.is_symlink():
                continue
            problems.append(BadData(f"only pairs in '{folder}'", f"a stray file '{path}'", "Move it away."))
