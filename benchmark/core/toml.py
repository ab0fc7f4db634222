"""TOML files of a user's, read into data classes: what is wrong with one is a single message with file, line and key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from benchmark.core.errors import BadFile

Model = TypeVar("Model")
CLOSED = {"extra": "forbid"}  # for `__pydantic_config__` of a data class that a file is read into

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w.-]+)\s*=""")


def read_toml(path: Path, model: type[Model]) -> Model:
    """The file as a `model`, a data class whose types are checked by pydantic.

    Raises BadFile for a file that cannot be read, is not TOML, or has an unknown, missing or wrong entry; the message
    names file, line, key and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadFile(f"a TOML file in UTF-8: {path}", str(problem), "Check the path and the encoding.") from problem
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        found = str(problem).replace(" (at ", "; (at ").partition("; ")
        line = re.search(r"line (\d+)", str(problem))
        place = f"{path}:{line[1]}" if line else str(path)
        raise BadFile(f"TOML in {place}", found[0], "Correct the syntax there.") from problem
    except (ValueError, RecursionError) as problem:  # brackets without end, numbers of thousands of digits
        raise BadFile(f"TOML in {path}", str(problem), "Correct the syntax there.") from problem
    return checked(raw, model, path, text)


def checked(raw: Any, model: type[Model], path: Path, text: str = "") -> Model:
    """`raw` as a `model`; `path` and `text` are what an error names. Raises BadFile."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(model).validate_python(raw)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = [part for part in first["loc"] if not (isinstance(part, str) and "[" in part)]
        line = line_of(text, place)
        key = ".".join(str(part + 1) if isinstance(part, int) else part for part in place) or "the file"
        expected, found = _said(first)
        raise BadFile(
            f"in {path}{f':{line}' if line else ''}, key {key}: {expected}", found, "Correct that entry."
        ) from problem


def _said(error: Any) -> tuple[str, str]:
    """What pydantic expected and what it met, in the words of the other messages."""
    kind, given = error["type"], error["input"]
    if kind == "missing":
        return "a value", "none"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return "a key that is known here", f"an unknown key with the value {given!r}"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return message[:1].lower() + message[1:], repr(given)


def line_of(text: str, place: list[int | str]) -> int:
    """The line (from 1) of the entry at `place` in a TOML text, or of what holds it; 0 where nothing of it is found.

    >>> line_of("[[table]]\\nid = 1\\n[[table]]\\nid = 2\\n", ["table", 1, "id"])
    4
    """
    best, depth = 0, 0
    inside: list[int | str] = []
    counted: dict[tuple[int | str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header:
            inside = _table(_parts(header[2]), header[1] == "[[", counted)
            here = inside
        elif key:
            here = inside + list(_parts(key[1]))
        else:
            continue
        common = _common(here, place)
        if common == len(here) and common > depth:
            best, depth = number, common
    return best


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"' ") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\"']+", dotted)]


def _table(names: list[str], array: bool, counted: dict[tuple[int | str, ...], int]) -> list[int | str]:
    """The place of a table's header; a table below an array's is in the array's last one."""
    place: list[int | str] = []
    for position, name in enumerate(names):
        place.append(name)
        key = tuple(place)
        if array and position == len(names) - 1:
            counted[key] = counted.get(key, -1) + 1
        if key in counted:
            place.append(counted[key])
    return place


def _common(first: list[int | str], second: list[int | str]) -> int:
    count = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        count += 1
    return count
