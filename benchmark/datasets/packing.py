"""Making a folder of packed pairs: on all cores, in the same bytes every time, and going on where a kill stopped it."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from benchmark.core.errors import BadData, BadOutput
from benchmark.core.files import write_atomically
from benchmark.datasets.packed import (
    MANIFEST,
    PAIRS,
    Bytes,
    Manifest,
    PackedPairs,
    is_packed,
    open_packed,
    read_manifest,
)

CHUNK = 16  # pairs that a worker makes at a time
JOURNAL = "done.txt"  # one line a finished chunk: its number and the SHA-256 of its bytes
PLAN = "plan.json"  # what the pairs in the making are
Progress = Callable[[int, int], None]  # pairs made, pairs in all


class Maker(Protocol):
    """What makes the pairs. It is sent to other processes, so it holds no more than the facts it needs."""

    def pairs(self, first: int, last: int) -> Bytes:
        """Pairs `first` to `last` - 1, (last - first, 2, 3, H, W) uint8; each depends on its number alone."""
        ...


def pack(
    out: Path, manifest: Manifest, maker: Maker, jobs: int = 0, progress: Progress = lambda made, of: None
) -> PackedPairs:
    """Make what `manifest` describes into `out`, with `jobs` processes (0: one a core), and open it.

    A folder that holds just these pairs already is opened; one that was begun and not finished is gone on with. Several
    processes may ask for the same folder at the same time: one makes it, the others wait.
    Raises BadOutput where `out` holds something else or cannot be written, and whatever the maker raises.
    """
    partial = partial_folder(out)
    with _one_at_a_time(out):
        if is_packed(out):
            there = read_manifest(out, "Choose another --out.")
            if there.made_by != manifest.made_by:
                raise BadOutput(
                    f"'{out}' to hold these pairs or nothing", "pairs made otherwise", "Choose another --out."
                )
            return open_packed(out)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise BadOutput(f"an empty or new folder '{out}'", "something in it", "Choose another --out.")
        with _told(partial):
            _begin(partial, manifest)
            digest = _fill(partial, manifest, maker, jobs or os.cpu_count() or 1, progress)
            finished = manifest.model_copy(update={"sha256": digest})
            for scaffolding in (JOURNAL, PLAN):
                (partial / scaffolding).unlink()
            write_atomically(partial / MANIFEST, finished.model_dump_json(indent=1) + "\n")
            if out.exists():
                out.rmdir()
            partial.rename(out)
    return open_packed(out, check=False)


def partial_folder(out: Path) -> Path:
    """Where pairs for `out` lie until they are complete."""
    return out.with_name(f".{out.name}.part")


def refuse_half_made(out: Path) -> None:
    """Raises BadData where pairs for `out` were begun and not finished."""
    partial = partial_folder(out)
    if not out.exists() and partial.is_dir():
        done = len(_journal(partial)) * CHUNK
        found = f"about {done:,} of them: their making was stopped"
        raise BadData(f"all pairs of '{out}'", found, "Give the command that began it again: it goes on from there.")


def _begin(partial: Path, manifest: Manifest) -> None:
    """Lay out the file of a new folder, or keep what a stopped run of the same plan left."""
    plan = manifest.model_dump_json()
    if partial.is_dir() and (partial / PLAN).is_file():
        if (partial / PLAN).read_text(encoding="utf-8") == plan:
            return
        shutil.rmtree(partial)
    partial.mkdir(parents=True, exist_ok=True)
    (partial / JOURNAL).unlink(missing_ok=True)
    count = manifest.count + manifest.validation
    header = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (count, 2, 3, manifest.height, manifest.width)}
    np.lib.format.write_array_header_1_0(header, shape)
    with (partial / PAIRS).open("wb") as file:
        file.write(header.getvalue())
        block = bytes(manifest.pair_bytes)
        for _ in range(count):  # written, not left sparse: a full disk is met here and not halfway
            file.write(block)
    write_atomically(partial / PLAN, plan)


def _fill(partial: Path, manifest: Manifest, maker: Maker, jobs: int, progress: Progress) -> str:
    """Make the chunks that are not done, and give the SHA-256 of all pairs."""
    import joblib
    from joblib.externals.loky import get_reusable_executor

    count, size = manifest.count + manifest.validation, manifest.pair_bytes
    chunks = {number: (first, min(first + CHUNK, count)) for number, first in enumerate(range(0, count, CHUNK))}
    journal = _journal(partial)
    with (partial / PAIRS).open("r+b") as file, (partial / JOURNAL).open("a", encoding="utf-8") as done:
        start = file.seek(0, os.SEEK_END) - count * size

        def place(number: int) -> BinaryIO:
            file.seek(start + chunks[number][0] * size)
            return file

        def length(number: int) -> int:
            return (chunks[number][1] - chunks[number][0]) * size

        kept = {n for n in chunks if n in journal and _sha(place(n).read(length(n))) == journal[n]}
        waiting = [number for number in chunks if number not in kept]
        made = sum(chunks[n][1] - chunks[n][0] for n in kept)
        progress(made, count)
        tasks = (joblib.delayed(_chunk)(maker, number, *chunks[number]) for number in waiting)
        jobs = min(jobs, len(waiting)) or 1
        try:
            for number, pairs in joblib.Parallel(jobs, return_as="generator_unordered", batch_size=1)(tasks):
                content = pairs.tobytes()
                place(number).write(content)
                file.flush()
                done.write(f"{number} {_sha(content)}\n")
                done.flush()
                made += len(pairs)
                progress(made, count)
        finally:
            if jobs > 1:  # the processes would wait for more work beside the training that follows
                get_reusable_executor().shutdown(wait=True)
        os.fsync(file.fileno())
    return hashlib.sha256(np.load(partial / PAIRS, mmap_mode="r")).hexdigest()


def _chunk(maker: Maker, number: int, first: int, last: int) -> tuple[int, Bytes]:
    """One chunk, in a process of its own."""
    return number, maker.pairs(first, last)


def _journal(partial: Path) -> dict[int, str]:
    """The finished chunks and their SHA-256; a line that a kill cut off is passed over."""
    try:
        lines = (partial / JOURNAL).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    told = [line.split() for line in lines]
    return {int(words[0]): words[1] for words in told if len(words) == 2 and words[0].isdigit() and len(words[1]) == 64}


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _one_at_a_time(out: Path) -> Iterator[None]:
    """Holds a lock beside `out`, which the system lets go when its holder dies."""
    from filelock import FileLock

    lock = out.with_name(f".{out.name}.lock")
    with _told(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock)
        held.acquire()
    try:
        yield
    finally:
        held.release()


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """A folder that cannot be written, or a full disk, as one sentence; what was made stays."""
    try:
        yield
    except OSError as error:
        remedy = "Free some space or choose another folder, and give the same command again: what is made is kept."
        raise BadOutput(f"to write to '{folder}'", error.strerror or str(error), remedy) from error
