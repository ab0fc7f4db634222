"""Looking at every file of a data set: counts, names, links, sizes, kinds, and whether each picture decodes."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmark.core.errors import BadData, BadImage, SlkdBenchError
from benchmark.core.files import sha256_of
from benchmark.datasets.layouts import Entry
from benchmark.datasets.pairs import PairsOnDisk, check_format, unequal
from benchmark.datasets.sources import Source
from benchmark.images.io import image_notes, is_image

_LISTING = 256 << 20  # bytes: of two million files


def problems(data: PairsOnDisk, sizes: Iterable[str] = (), threads: int = 4) -> list[SlkdBenchError]:
    """Everything that is wrong with a data set, each with the file's name; empty when all is well.

    `sizes` are the expected ones, "WIDTHxHEIGHT"; none given means the data set's own, or any. Every picture is decoded once.
    """
    found = list(data.problems)
    entries = [entry for entry in data.entries if entry.problem is None]
    broken = _unreadable(entries, data.formats, threads)
    found += broken.values()
    wanted = frozenset(sizes or data.sizes)
    for entry in entries:
        if entry.clean is None or entry.degraded.path in broken or entry.clean.path in broken:
            continue
        found += _wrong_size(entry, entry.clean, wanted)
    return found


def _wrong_size(entry: Entry, clean_source: Source, wanted: frozenset[str]) -> Iterator[SlkdBenchError]:
    try:
        degraded, clean = entry.degraded.size(), clean_source.size()
    except SlkdBenchError as error:
        yield error
        return
    size = f"{clean[0]}x{clean[1]}"
    if degraded != clean:
        yield unequal(entry, degraded, clean)
    elif wanted and size not in wanted:
        expected = f"{' or '.join(sorted(wanted))} for {entry.name}"
        remedy = "Get the original files: resized or cropped images change the scores."
        yield BadImage(expected, f"{size} in '{clean_source.path}'", remedy)


def _unreadable(entries: list[Entry], formats: tuple[str, ...], threads: int) -> dict[Path, SlkdBenchError]:
    """The error of every file that is of the wrong kind or does not decode, each file read once."""
    first: dict[Path, Source] = {}
    for entry in entries:
        for source in (entry.degraded, entry.clean):
            if source is not None:
                first.setdefault(source.path, source)

    def error_of(source: Source) -> SlkdBenchError | None:
        try:
            check_format(source.path, formats)
            source.read()
        except SlkdBenchError as error:
            return error
        return None

    with ThreadPoolExecutor(threads) as pool:
        errors = pool.map(error_of, first.values())
        return {path: error for path, error in zip(first, errors, strict=True) if error is not None}


def files(data: PairsOnDisk) -> list[Path]:
    """Every file that holds a picture of the data set, sorted."""
    sources = (source for entry in data.entries for source in (entry.degraded, entry.clean))
    return sorted({source.path for source in sources if source is not None})


def notes(data: PairsOnDisk) -> list[str]:
    """What files carry that scores leave out (an EXIF orientation, a colour profile), each with the file's name."""
    told = []
    for path in files(data):
        with contextlib.suppress(BadImage):
            told += [f"'{path}' carries {note}" for note in (image_notes(path) if is_image(path) else [])]
    return told


def checksums(data: PairsOnDisk, threads: int = 4) -> dict[str, str]:
    """SHA-256 of every whole file by its path relative to the data set's folder."""
    every = [path for path in files(data) if path.is_file()]
    with ThreadPoolExecutor(threads) as pool:
        hashes = list(pool.map(sha256_of, every))
    return {path.relative_to(data.base).as_posix(): digest for path, digest in zip(every, hashes, strict=True)}


def summary(sums: dict[str, str]) -> str:
    """One SHA-256 over a table of checksums, sorted by path."""
    return hashlib.sha256(listing(sums)).hexdigest()


def listing(sums: dict[str, str]) -> bytes:
    """A table of checksums in the form of sha256sum, sorted by path; names keep their bytes, line ends are escaped."""
    lines = []
    for path in sorted(sums):
        name = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f"{'' if name == path else chr(92)}{sums[path]}  {name}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def compare(sums: dict[str, str], path: Path) -> list[SlkdBenchError]:
    """What differs from a listing in the form of sha256sum. Raises BadData when the listing cannot be read."""
    expected = _read_listing(path)
    remedy = "Get the original file again."
    found: list[SlkdBenchError] = []
    for name in sorted(expected.keys() | sums.keys()):
        if name not in sums:
            found.append(BadData(f"'{name}', listed in '{path}'", "no such file", remedy))
        elif name not in expected:
            found.append(BadData(f"only files listed in '{path}'", f"'{name}'", "Move it away."))
        elif sums[name] != expected[name]:
            found.append(BadData(f"SHA-256 {expected[name][:12]}... of '{name}'", f"{sums[name][:12]}...", remedy))
    return found


def _read_listing(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            held = file.read(_LISTING + 1)  # a device such as /dev/full gives bytes without end
    except OSError as problem:
        raise BadData(f"a readable listing '{path}'", str(problem.strerror), "Give a file.") from problem
    if len(held) > _LISTING:
        raise BadData(f"a listing of at most {_LISTING >> 20} MiB in '{path}'", "more", "Give the file of checksums.")
    text = held.decode("utf-8", "surrogateescape")
    expected: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        escaped = line.startswith("\\")
        digest, _, name = line.removeprefix("\\").rstrip("\r").partition("  ")
        if not line.strip():
            continue
        if len(digest) != 64 or not name:
            raise BadData(f"'SHA256  PATH' in line {number} of '{path}'", f"'{line[:80]}'", "Write it anew.")
        if escaped:
            name = re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[1]), name)
        expected[name] = digest
    return expected
