"""Methods and folders of somebody's own by the names that they have in results: a cell remembers how they were given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.types import Task
from benchmark.datasets import get_dataset
from benchmark.datasets.pairs import Dataset
from benchmark.methods.catalogue import own_rows, registered
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.outside import is_target, plug_ins
from benchmark.protocols import without_protocol
from benchmark.runs.cells import FOLDERS, Cell, cell_files, read_cell
from benchmark.runs.choose import FolderOptions, open_folder
from benchmark.runs.plan import place_of


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
    return f"{without_protocol(cell.dataset)}={place_of(out, str(said))}" if said else ""


def folder_named(name: str, out: Path) -> str:
    """How the folder called `name` is given in full, as the results below `out` remember it; `name` itself otherwise."""
    paths = (path for path in cell_files(out) if path.parts[-3:-2] == (FOLDERS,))
    named = sorted(path for path in paths if name in (path.parent.name, without_protocol(path.parent.name)))
    return next((words for path in named if (words := folder_words(read_cell(path), out))), name)


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
