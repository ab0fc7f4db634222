"""What other systems lack is not leant on: no fork, no links, no locks of files, no encoding but the one that is named."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.core import unfinished
from benchmark.core.files import write_atomically
from benchmark.datasets import fetch

TOP = Path(__file__).resolve().parents[2]
SOURCES = [path for name in ("benchmark", "slkd", "baselines") for path in sorted((TOP / name).rglob("*.py"))]
LINKS = {"symlink", "symlink_to", "link", "hardlink_to", "mkfifo", "chown"}


def calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield (node.func.id if isinstance(node.func, ast.Name) else node.func.attr), node


def words(call: ast.Call) -> list[str]:
    """The plain texts among a call's arguments."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def leans_on(source: str) -> list[str]:
    """What in a source another system may not have, or may have otherwise."""
    found = []
    for name, call in calls(source):
        named = {keyword.arg for keyword in call.keywords}
        if name in ("read_text", "write_text") and "encoding" not in named:
            found.append(f"{name} without an encoding")
        elif name == "open" and _is_text(call) and "encoding" not in named:
            found.append("open without an encoding")
        elif name in ("get_context", "set_start_method") and words(call) != ["spawn"]:
            found.append(f"{name} of {words(call)}")
        elif (
            name in ("ProcessPoolExecutor", "Process")
            and not named & {"mp_context"}
            and "context." not in ast.unparse(call.func)
        ):
            found.append(f"{name} without a start method")
        elif name in LINKS or name in ("fork", "forkpty"):
            found.append(name)
    return found


def _is_text(call: ast.Call) -> bool:
    """Whether an `open` is of text: a builtin's or a path's, without `b` in its mode."""
    modes = [word for word in words(call) if word and set(word) <= set("rwaxbt+")]
    plain = isinstance(call.func, ast.Name) or ast.unparse(call.func).rpartition(".open")[0].rpartition(".")[2] in (
        "path",
        "file",
    )
    return plain and not any("b" in mode for mode in modes)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_source_leans_on_nothing_that_another_system_lacks(path: Path) -> None:
    assert leans_on(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "path.read_text()",
        "path.write_text(text)",
        "open(path)",
        "open(path, 'w')",
        "multiprocessing.get_context('fork')",
        "ProcessPoolExecutor(2)",
        "path.symlink_to(other)",
        "os.fork()",
    ],
)
def test_each_is_seen(source: str) -> None:
    assert len(leans_on(source)) == 1


def test_without_locks_of_files_writing_sweeping_and_fetching_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "fcntl":
            raise ImportError("no fcntl here")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(unfinished, "_SYSTEM", tmp_path / "nowhere")
    unfinished._machine.cache_clear()
    try:
        write_atomically(tmp_path / "a.txt", "é\n")
        assert (tmp_path / "a.txt").read_bytes() == "é\n".encode()
        with unfinished.new_file(tmp_path) as file:
            unfinished.sweep(tmp_path)  # nobody can say whether it is held: it stays
            assert Path(file.name).exists()
        with fetch._alone(tmp_path):
            assert (tmp_path / ".lock").exists()
    finally:
        unfinished._machine.cache_clear()
