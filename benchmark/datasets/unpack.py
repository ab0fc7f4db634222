"""Unpacking zip and tar archives from strangers: every member is checked before anything is written.

Refused: absolute paths, `..`, links of any kind, device files, sparse and encrypted members, more bytes or files than a bound,
and whatever would replace or remove what is there already.
"""

from __future__ import annotations

import filecmp
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from benchmark.core.errors import BadData, BadOutput
from benchmark.core.files import is_web_page
from benchmark.core.unfinished import new_folder

GIB = 1 << 30
_REMEDY = "Do not use this archive; take it from the data set's own page."
_AGAIN = "Delete it and fetch it again."
_RATIO = 200  # how many times its own size pictures in an archive may take; a deflated zero takes a thousand times
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    NotImplementedError,
    IndexError,
    OverflowError,
)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or a tar archive, by its contents."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except _DAMAGED:
        return False


def unpack(archive: Path, destination: Path, max_bytes: int = 256 * GIB, max_files: int = 2_000_000) -> list[Path]:
    """Unpack a zip or tar archive into a folder and give what lies at its top.

    Nothing appears in the folder unless all of it does, and nothing that is there is replaced or removed. Raises BadData
    naming the archive and the member, BadOutput for a disk that is too small.
    """
    if not is_archive(archive):
        raise BadData(f"a zip or tar archive in '{archive}'", _looks_like(archive), _AGAIN)
    destination.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(destination).free
    bound = min(max_bytes, _RATIO * archive.stat().st_size + GIB // 4)
    with new_folder(destination) as inside:
        try:
            total = _check(archive, bound, max_files)
            if total > free:
                found = f"{free / GIB:.1f} GiB free"
                raise BadOutput(f"{total / GIB:.1f} GiB of space in '{destination}'", found, "Make room.")
            _write(archive, inside, bound)
        except _DAMAGED as error:
            found = f"a damaged, truncated or encrypted one ({error})"
            raise BadData(f"a whole archive in '{archive}'", found, _AGAIN) from error
        top = sorted(inside.iterdir())
        for entry in top:
            _check_place(entry, destination / entry.name, archive)
        return [_place(entry, destination / entry.name) for entry in top]


class _Member:
    """One entry of an archive: its name, size, kind, and how to read it."""

    def __init__(self, name: str, size: int, kind: str, stream: IO[bytes] | None) -> None:
        self.name, self.size, self.kind, self.stream = name, size, kind, stream


def _members(archive: Path) -> Iterator[_Member]:
    return _zip_members(archive) if zipfile.is_zipfile(archive) else _tar_members(archive)


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            mode = info.external_attr >> 16
            kind = "link" if stat.S_ISLNK(mode) else "folder" if info.filename.endswith("/") else "file"
            if kind == "file" and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                kind = "device"
            if kind != "file" or not info.filename:
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
            elif info.issparse():
                kind = "sparse file"
            else:
                kind = "file" if info.isfile() else "device"
            if kind in ("folder", "file"):
                tarfile.data_filter(info, str(archive.parent))  # Python's own rules for data from strangers
            yield _Member(info.name, info.size, kind, packed.extractfile(info) if kind == "file" else None)
        while packed.fileobj is not None and packed.fileobj.read(1 << 20):
            pass  # only the end of a compressed stream holds its checksum


def _check(archive: Path, max_bytes: int, max_files: int) -> int:
    """Refuse an archive for the first member that could do harm; gives the bytes that all members say they have."""
    total = count = 0
    for member in _members(archive):
        name = member.name.replace("\\", "/")
        path = PurePosixPath(name)
        where = f"in '{archive}'"
        drive = name[1:2] == ":"
        if path.is_absolute() or ".." in path.parts or drive or "\0" in name or not path.parts:
            raise BadData(f"members inside the archive's own folder {where}", f"'{member.name}'", _REMEDY)
        if member.kind not in ("file", "folder"):
            raise BadData(f"only files and folders {where}", f"a {member.kind} '{member.name}'", _REMEDY)
        total, count = total + member.size, count + 1
        if total > max_bytes or count > max_files:
            found = f"more than {max_bytes / GIB:.3g} GiB or {max_files:,} files"
            raise BadData(f"an archive of sane size {where}", found, _REMEDY)
    return total


def _write(archive: Path, inside: Path, max_bytes: int) -> None:
    """Write the checked members; the bound holds for the bytes themselves, whatever the headers say."""
    left = max_bytes
    for member in _members(archive):
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


def _check_place(entry: Path, target: Path, archive: Path) -> None:
    """Refuse an entry in whose place something else is; the same file is no matter."""
    if not target.exists() and not target.is_symlink():
        return
    if entry.is_dir() and target.is_dir():
        for child in sorted(entry.iterdir()):
            _check_place(child, target / child.name, archive)
        return
    if entry.is_file() and target.is_file() and filecmp.cmp(entry, target, shallow=False):
        return
    kind = "a folder" if target.is_dir() else "another file" if entry.is_file() else "a file"
    raise BadData(f"a free place '{target}' for what '{archive}' brings", kind, "Move it away, and fetch again.")


def _place(entry: Path, target: Path) -> Path:
    """Move one top entry into place; a folder that is there already is filled up."""
    if not target.exists():
        return entry.rename(target)
    if entry.is_dir():
        for child in sorted(entry.iterdir()):
            _place(child, target / child.name)
    return target


def _looks_like(path: Path) -> str:
    """What a file that is no archive seems to be."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if not head:
        return "zero bytes"
    if is_web_page(head):
        return "a web page"
    for magic, name in ((b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a rar archive")):
        if head.startswith(magic):
            return f"{name}, to be unpacked by hand"
    return "something else, or an archive cut off"
