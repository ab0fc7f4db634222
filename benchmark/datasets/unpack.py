"""Unpacking zip and tar archives from strangers: every member is checked before anything is written.

Refused: absolute paths, `..`, links of any kind, device files, encrypted members, and more bytes or files than a bound.
"""

from __future__ import annotations

import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from benchmark.core.errors import BadData

GIB = 1 << 30
_REMEDY = "Do not use this archive; take it from the data set's own page."
_AGAIN = "Delete it and fetch it again."


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or a tar archive, by its contents."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except (tarfile.TarError, EOFError, zlib.error, OSError):
        return False


def unpack(archive: Path, destination: Path, max_bytes: int = 256 * GIB, max_files: int = 2_000_000) -> list[Path]:
    """Unpack a zip or tar archive into a folder and give what lies at its top.

    Nothing appears in the folder unless all of it does. Raises BadData naming the archive and the member.
    """
    if not is_archive(archive):
        raise BadData(f"a zip or tar archive in '{archive}'", _looks_like(archive), _AGAIN)
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=destination) as folder:
        inside = Path(folder)
        try:
            members = _zip_members(archive) if zipfile.is_zipfile(archive) else _tar_members(archive)
            _check(archive, members, max_bytes, max_files)
            members = _zip_members(archive) if zipfile.is_zipfile(archive) else _tar_members(archive)
            _write(archive, members, inside, max_bytes)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError) as error:
            found = f"a damaged, truncated or encrypted one ({error})"
            raise BadData(f"a whole archive in '{archive}'", found, _AGAIN) from error
        return [_place(entry, destination / entry.name) for entry in sorted(inside.iterdir())]


class _Member:
    """One entry of an archive: its name, size, kind, and how to read it."""

    def __init__(self, name: str, size: int, kind: str, stream: IO[bytes] | None) -> None:
        self.name, self.size, self.kind, self.stream = name, size, kind, stream


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            mode = info.external_attr >> 16
            kind = "link" if stat.S_ISLNK(mode) else "folder" if info.is_dir() else "file"
            if kind == "file" and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                kind = "device"
            if kind != "file":
                yield _Member(info.filename, 0, kind, None)
                continue
            with packed.open(info) as stream:
                yield _Member(info.filename, info.file_size, kind, stream)


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive, "r:*") as packed:
        for info in packed:
            if info.isdir():
                kind = "folder"
            elif info.issym() or info.islnk():
                kind = "link"
            else:
                kind = "file" if info.isfile() else "device"
            yield _Member(info.name, info.size, kind, packed.extractfile(info) if kind == "file" else None)
        while packed.fileobj is not None and packed.fileobj.read(1 << 20):
            pass  # only the end of a compressed stream holds its checksum


def _check(archive: Path, members: Iterator[_Member], max_bytes: int, max_files: int) -> None:
    """Refuse an archive for the first member that could do harm."""
    total = count = 0
    for member in members:
        name = member.name.replace("\\", "/")
        path = PurePosixPath(name)
        where = f"in '{archive}'"
        drive = name[1:2] == ":"
        if path.is_absolute() or ".." in path.parts or drive or "\0" in name or not path.parts:
            raise BadData(f"members inside the archive's own folder {where}", f"'{member.name}'", _REMEDY)
        if member.kind in ("link", "device"):
            raise BadData(f"only files and folders {where}", f"a {member.kind} '{member.name}'", _REMEDY)
        total, count = total + member.size, count + 1
        if total > max_bytes or count > max_files:
            found = f"more than {max_bytes / GIB:.3g} GiB or {max_files:,} files"
            raise BadData(f"an archive of sane size {where}", found, _REMEDY)


def _write(archive: Path, members: Iterator[_Member], inside: Path, max_bytes: int) -> None:
    """Write the checked members; the bound holds for the bytes themselves, whatever the headers say."""
    left = max_bytes
    for member in members:
        target = inside / PurePosixPath(member.name.replace("\\", "/"))
        if member.stream is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            while piece := member.stream.read(1 << 20):
                left -= len(piece)
                if left < 0:
                    found = f"more than {max_bytes / GIB:.3g} GiB"
                    raise BadData(f"an archive of sane size in '{archive}'", found, _REMEDY)
                out.write(piece)
        if target.stat().st_size != member.size:
            found = f"{target.stat().st_size:,} bytes of '{member.name}'"
            raise BadData(f"{member.size:,} bytes, as '{archive}' says", found, _AGAIN)


def _place(entry: Path, target: Path) -> Path:
    """Move one top entry into place; a folder that is there already is filled up."""
    if not target.exists():
        return entry.rename(target)
    if entry.is_dir() and target.is_dir():
        for child in sorted(entry.iterdir()):
            _place(child, target / child.name)
        return target
    if target.is_dir():
        shutil.rmtree(target)
    return entry.replace(target)


def _looks_like(path: Path) -> str:
    """What a file that is no archive seems to be."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if not head:
        return "zero bytes"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<head")):
        return "a web page"
    for magic, name in ((b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a rar archive")):
        if head.startswith(magic):
            return f"{name}, to be unpacked by hand"
    return "something else, or an archive cut off"
