"""Where papers lie and how they are read: those of the package, the user's own, and folders named on the command line."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from benchmark.core import paths
from benchmark.core.errors import BadFile, UnknownName
from benchmark.core.toml import read_toml
from benchmark.papers.model import ComplexityFile, FiguresFile, MethodsFile, Paper, ShownFile

Model = TypeVar("Model")

HEAD = "paper.json"
_opened: list[Path] = []  # folders that a command line named; they stay known for the process


def default_paper() -> str:
    """The paper that is meant where none is named: `SLKD_BENCH_PAPER`, or the one that `default.txt` beside the papers names.

    Raises BadFile where that cannot be read.
    """
    return os.environ.get("SLKD_BENCH_PAPER") or _shipped_default(paths.results() / "paper" / "default.txt")


@cache
def _shipped_default(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise BadFile(f"the id of the default paper in {path}", str(problem), "Name one: --paper ID.") from problem


def paper_ids(root: Path | None = None) -> list[str]:
    """The ids of the papers, in alphabetical order. Raises BadFile for two of one id."""
    return sorted(paper_folders(root))


def paper_folders(root: Path | None = None) -> dict[str, Path]:
    """Every paper's folder by id: those below `paper` of `root` (the reference data), the user's own, and opened ones.

    Raises BadFile for two papers of one id, naming both folders, and for a head that says no id.
    """
    found: dict[str, Path] = {}
    shipped = (root or paths.results()) / "paper"
    places = [shipped] if root else [shipped, paths.home() / "papers"]
    heads = [head for place in places for head in sorted(place.glob(f"*/{HEAD}"))]
    folders = [head.parent for head in heads] + ([] if root else _opened)
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        name = str(_head(folder)["id"]).lower()
        if name in found:
            raise BadFile(
                f"papers of different ids in {found[name]} and {folder}",
                f"'{name}' in both",
                "Rename one in its paper.json.",
            )
        found[name] = folder
    return found


def open_paper(name: str) -> str:
    """The id of a paper named on the command line: an id, or a folder, which is then known like a shipped paper.

    Without a name it is the default one.

    Raises UnknownName, or BadFile for a folder that is no paper's.
    """
    name = name or default_paper()
    path = Path(name).expanduser()
    if os.sep in name or (path / HEAD).is_file():
        folder = path.resolve()
        _head(folder)
        if folder not in paper_folders().values():
            _opened.append(folder)
            try:
                paper_folders()  # two of one id are refused now
            except BadFile:
                _opened.remove(folder)
                raise
        return str(_head(folder)["id"]).lower()
    known = paper_folders()
    if name.lower() not in known:
        raise UnknownName("paper", name, known)
    return name.lower()


def known_papers() -> tuple[str, ...]:
    """What decides which papers there are, to cache by: the user's folder, and the folders opened since."""
    return (str(paths.home()), str(paths.results()), *map(str, _opened))


def every_paper() -> list[Paper]:
    """All papers, the default one first."""
    first = default_paper()
    return [get_paper(name) for name in sorted(paper_ids(), key=lambda name: (name != first, name))]


def get_paper(name: str = "") -> Paper:
    """The paper of that id, whole; the default one without a name. Raises UnknownName, or BadFile naming file and line."""
    name = (name or default_paper()).lower()
    folders = paper_folders()
    if name not in folders:
        raise UnknownName("paper", name, folders)
    return read_paper(folders[name])


def read_paper(folder: Path) -> Paper:
    """The paper in `folder`, read once while its files stay. Raises BadFile naming the file, the line and the key."""
    return _read(folder, tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.*"))))


@cache
def _read(folder: Path, state: tuple[tuple[str, int], ...]) -> Paper:
    head = _head(folder)
    tables = _part(folder / "shown.toml", ShownFile).table
    _once(folder / "shown.toml", "table", [table.id for table in tables])
    figures = _part(folder / "figures.toml", FiguresFile)
    _once(folder / "figures.toml", "figure", [figure.id for figure in figures.figure])
    complexity = _part(folder / "complexity.toml", ComplexityFile)
    return Paper(
        str(head["id"]).lower(),
        str(head.get("short", head["id"])),
        str(head.get("title", head["id"])),
        str(head.get("source", "")),
        folder,
        tables,
        figures,
        _part(folder / "methods.toml", MethodsFile),
        complexity,
    )


def _part(path: Path, model: type[Model]) -> Model:
    return read_toml(path, model) if path.is_file() else model()


def _once(path: Path, what: str, names: list[str]) -> None:
    lower = [name.lower() for name in names]
    twice = [name for name in names if lower.count(name.lower()) > 1]
    if twice:
        raise BadFile(f"{what}s of different ids in {path}", f"'{twice[0]}' twice", "Rename one.")


def _head(folder: Path) -> dict[str, Any]:
    path = folder / HEAD
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict) or not str(raw.get("id", "")).strip():
            raise ValueError("no 'id' in it")
    except (OSError, ValueError, RecursionError) as problem:
        raise BadFile(
            f"a paper's folder with a {HEAD} that says its id: {path}",
            str(problem),
            "Write one, as results/paper has them.",
        ) from problem
    return raw
