"""Methods and folders of somebody's own by the names that they have in results: a cell remembers how they were given."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadMethod, BadResult, SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.datasets import dataset_ids, get_dataset
from benchmark.datasets.pairs import Dataset
from benchmark.methods.catalogue import own_rows, registered
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.outside import is_target, plug_ins
from benchmark.protocols import without_protocol
from benchmark.runs.cells import FOLDERS, Cell, cell_files, read_cell
from benchmark.runs.choose import FolderOptions, choose_datasets, distinct, is_folder_name, open_dataset, open_folder
from benchmark.runs.plan import place_of


@dataclass(frozen=True)
class Opening:
    """How data sets are opened: mini sets from which photographs, folders by which options."""

    photos: Path | None = None
    folders: FolderOptions = field(default_factory=FolderOptions)


def find_method(name: str, out: Path) -> Method:
    """The method called `name`: as `get_method` finds it, or one's own as the results below `out` remember it.

    Raises UnknownName, or BadMethod for one that is not where it was.
    """
    return get_method(method_words(name, out))


def method_words(name: str, out: Path) -> str:
    """How the method called `name` is given in full, as the results below `out` remember it; `name` itself otherwise."""
    plain = name.partition("@")[0].lower()
    if is_target(name) or plain in registered() or plain in own_rows() or plain in plug_ins():
        return name
    said = next((words for path in _of_method(out, name) if (words := words_of(read_cell(path), out))), "")
    return said or name


def _of_method(out: Path, name: str) -> list[Path]:
    paths = [path for path in cell_files(out) if path.name.startswith(f"{name}.")]
    return [path for path in sorted(paths, key=lambda path: -path.stat().st_mtime) if _readable(path, name)]


def _readable(path: Path, name: str) -> bool:
    try:
        return read_cell(path).method == name
    except Exception:  # a broken file remembers nothing
        return False


def words_of(cell: Cell, out: Path) -> str:
    """How the method of a cell below `out` is given on the command line; empty where it was not remembered."""
    said: dict[str, Any] = dict(cell.origin.get("method", {}))
    kind, _, target = str(said.pop("loader", "")).partition(":")
    if not target:
        return ""
    if kind != "python":
        target = str(place_of(out, target))
    if "weights" in said:
        said["weights"] = str(place_of(out, str(said["weights"])))
    behind = ",".join(f"{name}={value}" for name, value in said.items())
    return f"{cell.method}={target}" + (f"@{behind}" if behind else "")


def folder_words(cell: Cell, out: Path) -> str:
    """How the folder of a cell below `out` is given on the command line; empty where it is of no folder."""
    said = cell.origin.get("folder")
    if not said:
        return ""
    place, plain = place_of(out, str(said)), without_protocol(cell.dataset)
    own = place.resolve().name
    return str(place) if plain in (own, f"{own}-folder") else f"{plain}={place}"  # a folder's own name may be no NAME


def folders_called(name: str, out: Path) -> dict[str, Cell]:
    """The folders called `name` (or NAME@PROTOCOL) in the results below `out`: a cell of each that remembers its place."""
    found: dict[str, Cell] = {}
    for path in sorted(path for path in cell_files(out) if path.parts[-3:-2] == (FOLDERS,)):
        place = path.parent.name
        if name in (place, without_protocol(place)) and place not in found:
            with suppress(BadResult):  # a broken file remembers nothing
                cell = read_cell(path)
                found |= {place: cell} if cell.origin.get("folder") else {}
    return found


def is_remembered(name: str, out: Path) -> bool:
    """Whether `name` means a folder by the name that it has in the results below `out`, and nothing else."""
    return not is_folder_name(name) and name.lower() not in dataset_ids() and bool(folders_called(name, out))


def open_datasets(names: Sequence[str], scale: Scale, out: Path, how: Opening) -> list[Dataset]:
    """The named data sets as `choose_datasets` opens them; a folder also by its name in the results below `out`.

    Raises SlkdBenchError where results have it under several protocols and none is named.
    """
    if not names:
        return choose_datasets([], scale, how.photos, how.folders)
    opened = [
        _remembered(name, out, how.folders)
        if is_remembered(name, out)
        else open_dataset(name, scale, how.photos, how.folders)
        for name in names
    ]
    return distinct(opened)


def _remembered(name: str, out: Path, folders: FolderOptions) -> Dataset:
    found = folders_called(name, out)
    by_protocol = {str(cell.key.get("protocol", "")).partition("@")[0]: cell for cell in found.values()}
    if not folders.protocol and len(by_protocol) > 1:
        remedy = f"Give --protocol, or name it {' or '.join(found)}."
        raise SlkdBenchError(
            f"one protocol for the folder '{name}'", f"results under {' and '.join(by_protocol)}", remedy
        )
    protocol = folders.protocol or next(iter(by_protocol))
    cell = by_protocol.get(protocol) or next(iter(by_protocol.values()))
    task = folders.task or (Task(cell.origin["task"]) if "task" in cell.origin else None)
    return open_folder(folder_words(cell, out), FolderOptions(protocol, task, folders.keep_going))


def method_of(cell: Cell, out: Path) -> Method:
    """The method of a cell below `out`, registered or remembered. Raises UnknownName or BadMethod."""
    words = words_of(cell, out)
    try:
        return get_method(words or cell.method)
    except UnknownName as problem:
        if cell.key.get("network") or cell.method in registered():
            raise
        remedy = "Name where it comes from: --method NAME=package.module:factory."
        raise BadMethod(f"the method '{cell.method}'", "a result that does not remember it", remedy) from problem


def dataset_of(cell: Cell, out: Path) -> Dataset:
    """The data set of a cell below `out`, registered or a folder that it remembers, however incomplete.

    Raises what opening it raises.
    """
    protocol = str(cell.key.get("protocol", "")).partition("@")[0]
    task = Task(cell.origin["task"]) if "task" in cell.origin else None
    if cell.scale == FOLDERS:
        return open_folder(folder_words(cell, out), FolderOptions(protocol, task, keep_going=True))
    name, photos = without_protocol(cell.dataset), cell.origin.get("folder")
    if photos:
        return get_dataset("-".join(name.split("-")[:2]), photos=place_of(out, str(photos)))
    return get_dataset(name, keep_going=True)
