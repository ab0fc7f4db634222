"""From names on the command line to methods and opened data sets."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import BadData, SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.datasets import dataset_ids, describe, get_dataset, is_folder, resolve
from benchmark.datasets.pairs import PairsOnDisk
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.outside import is_target
from benchmark.methods.own import OwnNetwork
from benchmark.protocols import get_protocol, protocol_ids

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,99})=(.+)", re.DOTALL)


@dataclass(frozen=True)
class FolderOptions:
    """What a folder cannot know of itself: protocol and task; and whether it is opened in spite of its problems."""

    protocol: str = ""
    task: Task | None = None
    keep_going: bool = False


def choose_methods(names: Sequence[str], own: OwnNetwork | None = None) -> list[Method]:
    """The named methods, built-in or from outside; all built-in ones when none is named.

    `own` says how the one from outside among them is built. Raises SlkdBenchError when two different ones would share a
    name, and so their result files, or when `own` could mean several or none.
    """
    said = own is not None and not own.plain
    outside = [name for name in names if is_target(name)]
    if said and len(outside) != 1:
        remedy = "Say it behind the name of each: NAME=package.module:Class@weights=best.pth,multiple=4."
        raise SlkdBenchError(
            "one network of your own for --weights, --multiple, --range and --set",
            f"{len(outside)}: {', '.join(outside) or 'none named'}",
            remedy,
        )
    chosen = [get_method(name, own if said and name in outside else None) for name in names] or list(methods())
    by_id: dict[str, Method] = {}
    for method in chosen:
        if by_id.setdefault(method.id, method) != method:
            remedy = "Name one of them: --method NAME=" + method.source
            raise SlkdBenchError("methods with names of their own", f"two called '{method.id}'", remedy)
    return list(by_id.values())


def choose_datasets(
    names: Sequence[str], scale: Scale, photos: Path | None = None, folders: FolderOptions | None = None
) -> list[Dataset]:
    """The named data sets opened; all of `scale` that are on this machine when none is named.

    Raises SlkdBenchError where two different ones would share a name, and so their result files.
    """
    folders = folders or FolderOptions()
    if names:
        return distinct([open_dataset(name, scale, photos, folders) for name in names])
    found = []
    for name in (name for name in dataset_ids("test") if describe(name).scale == scale):
        try:
            found.append(get_dataset(name, photos=photos, keep_going=folders.keep_going))
        except SlkdBenchError:
            if scale == Scale.MINI:
                raise
    if not found:
        remedy = "`slkd-bench data list` shows what is known, `slkd-bench data where SET` where to put it."
        raise SlkdBenchError("at least one official data set on this machine", "none", remedy)
    return found


def open_dataset(name: str, scale: Scale, photos: Path | None, folders: FolderOptions) -> Dataset:
    """One data set by its name on the command line: an id, a folder, or NAME=FOLDER."""
    if is_folder_name(name):
        return open_folder(name, folders)
    return get_dataset(resolve(name, scale), photos=photos, keep_going=folders.keep_going)


def is_folder_name(name: str) -> bool:
    """Whether a name on the command line means a folder: a path, or NAME=FOLDER."""
    return is_folder(name) or (_NAMED.fullmatch(name) is not None and not Path(name).is_dir())


def split_name(text: str) -> tuple[str, Path]:
    """The name and the folder of NAME=FOLDER; the name is empty for a folder alone."""
    named = _NAMED.fullmatch(text) if not Path(text).is_dir() else None
    return (named[1], Path(named[2])) if named else ("", Path(text))


def distinct(datasets: Sequence[Dataset]) -> list[Dataset]:
    """The data sets, each once. Raises SlkdBenchError where two of one name differ."""
    by_id: dict[tuple[str, bool], Dataset] = {}
    for dataset in datasets:
        other = by_id.setdefault((dataset.id, isinstance(dataset, PairsOnDisk) and not dataset.official), dataset)
        if other is not dataset and other.fingerprint() != dataset.fingerprint():
            places = " and ".join(f"'{getattr(one, 'base', one.title)}'" for one in (other, dataset))
            remedy = "Name them: --dataset ONE=FOLDER --dataset TWO=FOLDER."
            raise SlkdBenchError(f"one data set called '{dataset.id}'", f"two that differ: {places}", remedy)
    return list(by_id.values())


def open_folder(name: str | os.PathLike[str], folders: FolderOptions) -> PairsOnDisk:
    """A folder with `input` and `target` as a data set; FOLDER or NAME=FOLDER.

    Its id is NAME@PROTOCOL: what it is called, by the folder's own name where none is given, and how it is scored. One
    that is called like a registered data set gets `-folder` behind its name. Raises SlkdBenchError when no protocol is
    given, and BadData when it cannot be opened.
    """
    text = os.fspath(name)
    chosen, place = split_name(text)
    if not folders.protocol:
        expected = f"a protocol for the folder '{text}'"
        raise SlkdBenchError(expected, "none", f"Give --protocol, one of {', '.join(protocol_ids())}.")
    get_protocol(folders.protocol)
    place = place.expanduser()
    data = get_dataset(place, protocol=folders.protocol, task=folders.task, keep_going=folders.keep_going)
    if not isinstance(data, PairsOnDisk):
        raise BadData(f"a folder of pairs at '{place}'", type(data).__name__, "Give a folder with input and target.")
    plain = chosen or place.resolve().name or "folder"
    if plain.lower() in dataset_ids():
        plain += "-folder"
    return dataclasses.replace(data, id=f"{plain}@{folders.protocol}", title=plain)
