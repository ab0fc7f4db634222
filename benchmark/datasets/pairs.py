"""A data set that lies on disk: pairs by name, decoded when asked for, with a fingerprint of what they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from benchmark.core.errors import BadData, BadImage, SlkdBenchError
from benchmark.core.hashes import content_hashes
from benchmark.core.types import Pair, Scale, Task
from benchmark.datasets.layouts import Entry, Located, locate
from benchmark.datasets.passport import Layout, Passport
from benchmark.images.io import is_image
from benchmark.images.kinds import FORMATS

INPUT_TARGET = Layout("input-target", "pairs", ("input/*",), ("target/*",))
"""The layout every data set may have: two folders with equal names."""


class Dataset(Protocol):
    """What the laboratory asks of every data set, on disk or generated."""

    @property
    def id(self) -> str:
        """The name used in commands and result files."""
        ...

    @property
    def title(self) -> str:
        """The name used in tables."""
        ...

    @property
    def task(self) -> Task | None:
        """What a network is asked to do; None for a folder that did not say."""
        ...

    @property
    def protocol(self) -> str:
        """The id of the protocol that scores it."""
        ...

    @property
    def scale(self) -> Scale:
        """Embedded (`mini`) or on disk (`paper`)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Pair: ...

    def names(self) -> list[str]:
        """The pairs' names in their order."""
        ...

    def fingerprint(self) -> str:
        """SHA-256 in hex that changes when the pairs would."""
        ...


@dataclass(frozen=True)
class PairsOnDisk:
    """Pairs in a folder; `problems` tells what is wrong with the folder as a whole, told without decoding anything.

    `self[i]` raises BadImage or BadData naming the file; the caller decides whether to go on.
    """

    id: str
    title: str
    task: Task | None
    protocol: str
    base: Path
    located: Located
    scene: str = ""
    formats: tuple[str, ...] = ()
    problems: tuple[SlkdBenchError, ...] = ()
    sizes: tuple[str, ...] = ()
    official: bool = False
    scale: Scale = Scale.PAPER

    @property
    def entries(self) -> Sequence[Entry]:
        """The pairs on disk in the order of their names."""
        return self.located.entries

    def __len__(self) -> int:
        return len(self.located.entries)

    def names(self) -> list[str]:
        """The pairs' names in their order."""
        return [entry.name for entry in self.located.entries]

    def __getitem__(self, index: int) -> Pair:
        entry = self.located.entries[index]
        if entry.problem is not None or entry.clean is None:
            raise entry.problem or BadData(f"a clean partner of {entry.name}", "none", "Add it.")
        for path in (entry.degraded.path, entry.clean.path):
            check_format(path, self.formats)
        degraded, clean = entry.degraded.read(), entry.clean.read()
        if degraded.shape != clean.shape:
            raise unequal(entry, tuple(degraded.shape[:0:-1]), tuple(clean.shape[:0:-1]))
        return Pair(entry.name, degraded, clean, scene_of(entry.name, self.scene))

    def fingerprint(self) -> str:
        """SHA-256 of the pairs' names, their parts, and all bytes of the files."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        sources = [source for entry in self.entries for source in (entry.degraded, entry.clean) if source is not None]
        files = sorted({source.path for source in sources if source.path.is_file()})
        hashes = content_hashes(files)
        digest = hashlib.sha256()
        for entry in self.entries:
            parts = [entry.name]
            for source in (entry.degraded, entry.clean):
                parts += ["none"] if source is None else [source.part, hashes.get(source.path, "missing")]
            digest.update("\0".join(parts).encode("utf-8", "surrogateescape") + b"\n")
        return digest.hexdigest()


def open_folder(
    base: Path, protocol: str = "rgb", task: Task | None = None, keep_going: bool = False, own: str = ""
) -> PairsOnDisk:
    """Any folder with `input` and `target` as a data set; its id is the folder's name.

    Raises BadData for the first thing that does not fit, unless `keep_going`.
    """
    located = locate(base, (INPUT_TARGET,), remedy="Give a folder that holds the folders input and target.")
    name = own or base.resolve().name
    data = PairsOnDisk(name, name, task, protocol, base, located, problems=tuple(located.problems))
    return data if keep_going else stop_at_problems(data)


def open_official(passport: Passport, base: Path, keep_going: bool = False) -> PairsOnDisk:
    """An official data set that lies under `base` in any layout of its passport.

    Raises BadData for the first thing that does not fit (also a wrong number of pairs), unless `keep_going`.
    """
    remedy = f"'slkd-bench data where {passport.id}' says what to download and where to put it."
    located = locate(base, passport.layouts, passport.sigma, remedy)
    problems = list(located.problems)
    if passport.counts and len(located.entries) not in passport.counts:
        expected = " or ".join(f"{count:,}" for count in passport.counts)
        found = f"{len(located.entries):,} in '{base}'"
        remedy = f"Complete it ('slkd-bench data where {passport.id}'), or score the rest with --keep-going."
        wrong = BadData(f"{expected} pairs of {passport.title}", found, remedy)
        problems.insert(0 if located.entries else len(problems), wrong)
    data = PairsOnDisk(
        passport.id,
        passport.title,
        passport.task,
        passport.protocol,
        base,
        located,
        passport.scene,
        located.layout.formats or passport.formats,
        tuple(problems),
        passport.sizes,
        official=True,
    )
    return data if keep_going else stop_at_problems(data)


def stop_at_problems(data: PairsOnDisk) -> PairsOnDisk:
    """The data set itself, or its first problem raised with the number of the others."""
    if not data.problems:
        return data
    first, others = data.problems[0], len(data.problems) - 1
    if not others:
        raise first
    name = data.id if data.official else data.base
    more = f"{first.remedy} ({others} more: 'slkd-bench data verify {name}' lists them.)"
    raise BadData(first.expected, first.found, more)


def iterate(data: Dataset, keep_going: bool = False) -> Iterator[tuple[str, Pair | SlkdBenchError]]:
    """Names with their pairs; a pair that cannot be read is raised, or yielded as its error when `keep_going`."""
    for index, name in enumerate(data.names()):
        try:
            yield name, data[index]
        except SlkdBenchError as error:
            if not keep_going:
                raise
            yield name, error


def scene_of(name: str, pattern: str) -> str:
    """The photograph or video a pair comes from: the pattern's first group, or the whole name."""
    match = re.match(pattern, name) if pattern else None
    return match[1] if match else name


def check_format(path: Path, formats: Sequence[str]) -> None:
    """Refuse an image of another kind than the data set's own, such as JPEG where PNG is expected (BadImage)."""
    kinds = {FORMATS.get(f".{ending}", ending) for ending in formats}
    if formats and is_image(path) and FORMATS[path.suffix.lower()] not in kinds:
        expected = f"{' or '.join(formats).upper()} in this data set"
        remedy = "Take the original file: a lossy copy changes the scores."
        raise BadImage(expected, f"'{path}'", remedy)


def unequal(entry: Entry, degraded: tuple[int, ...], clean: tuple[int, ...]) -> BadImage:
    """The error for a pair whose images differ in size; sizes are (width, height)."""
    sizes = f"{degraded[0]}x{degraded[1]} beside {clean[0]}x{clean[1]}"
    where = f"'{entry.degraded.path}' and '{entry.clean.path if entry.clean else ''}'"
    return BadImage(f"equal sizes of {where}", sizes, "Crop or download the pair again.")
