"""What holds for every command: how much is said, defaults from a file, and packages that stand in the way of ours."""

from __future__ import annotations

import importlib.util
import logging
import tomllib
from pathlib import Path
from typing import Any

import benchmark
from benchmark.cli.lazy import COMMANDS, load
from benchmark.core.errors import BadData, SlkdBenchError, UnknownName
from benchmark.core.packages import PACKAGES

LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}


def set_up_logging(verbosity: int) -> None:
    """Sends the library's log to standard error: warnings by default, errors for -1, more for 1 and 2.

    Where standard error is a terminal rich formats it; in a file or a pipe every line has its time and level.
    """
    import sys

    handler: logging.Handler
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.logging import RichHandler

        handler = RichHandler(console=Console(stderr=True), show_path=verbosity > 1, markup=False)
        handler.setFormatter(logging.Formatter("%(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log = logging.getLogger("benchmark")
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(LEVELS[max(-1, min(verbosity, 2))])


def defaults_from(path: Path) -> dict[str, Any]:
    """Defaults of options from a TOML file: a table a command, its keys the options' names (`[run]`, `device = "cuda"`).

    Commands with commands of their own have tables below theirs (`[data.verify]`). Raises BadData for a file that
    cannot be read or is no TOML, and for a value that is no table; UnknownName for another command or option.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadData("a TOML file of defaults", f"{path}: {error}", "Correct it, or leave --config out.") from error
    return {name: _checked(path, name, table, None) for name, table in tables.items()}


def _checked(path: Path, name: str, table: Any, command: Any) -> dict[str, Any]:
    """The table with every option under the name that the command knows it by."""
    if not isinstance(table, dict):
        raise BadData(f"a table [{name}] of options", f"{path}: {name} = {table!r}", f"Write it below a line [{name}].")
    if command is None:
        if name not in COMMANDS:
            raise UnknownName(f"command in {path}", name, COMMANDS)
        command = load(name)
    inner = getattr(command, "commands", {})
    options = {
        word.lstrip("-").replace("-", "_"): option.name
        for option in command.params
        for word in (*option.opts, option.name)
    }
    found: dict[str, Any] = {}
    for key, value in table.items():
        word = key.replace("-", "_")
        if key in inner:
            found[key] = _checked(path, f"{name}.{key}", value, inner[key])
        elif word in options:
            found[options[word]] = value
        else:
            raise UnknownName(f"option of {name} in {path}", key, [*inner, *options])
    return found


def refuse_strangers() -> None:
    """Raises SlkdBenchError where another package is imported under the name of one of ours, as from the folder one is in."""
    home = Path(benchmark.__file__ or "").resolve().parent.parent
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        places = [Path(place).resolve() for place in (spec.submodule_search_locations or ())] if spec else []
        if home / name not in places:
            raise SlkdBenchError(
                f"the package '{name}' of slkd-bench",
                f"another one of that name: {places[0] if places else (spec.origin if spec else 'none')}",
                f"Run slkd-bench from another folder, or rename your '{name}': Python finds it first.",
            )
