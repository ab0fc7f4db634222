"""JSON files from outside as data classes: a wrong entry is one message with file, entry, field and what was expected.

Importing this module imports nothing heavy; pydantic comes with the first file.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from benchmark.core.errors import BadResult

Model = TypeVar("Model")
CLOSED: dict[str, Any] = {"extra": "forbid"}  # for `__pydantic_config__` of a data class that a file is read into
_NAMES = ("row", "id", "number", "network", "method", "device")  # the fields that say which entry of a list is meant
_KINDS = {
    "rows": "row",
    "statements": "statement",
    "columns": "column",
    "records": "record",
    "equations": "equation",
    "cells": "",
    "pairs": "pair",
}
_MAPPINGS = ("columns", "cells", "states")  # whose keys are names and not fields


def read_json(path: Path, model: type[Model], remedy: str = "Mend the entry.") -> Model:
    """The file as a `model`, a data class (or a list or mapping of them) whose types pydantic checks.

    Raises BadResult for a file that cannot be read, is not JSON, or has an unknown, missing or wrong entry.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise BadResult(f"a whole JSON file: {path}", f"{type(problem).__name__}: {problem}", remedy) from problem
    return checked(raw, model, path, remedy)


def checked(raw: Any, model: type[Model], path: Path, remedy: str = "Mend the entry.") -> Model:
    """`raw` as a `model`; `path` is what an error names. Raises BadResult."""
    from pydantic import ValidationError

    try:
        asked: Any = model
        sound: Model = _adapter(asked).validate_python(raw)
        return sound
    except ValidationError as problem:
        first = min(problem.errors(include_url=False), key=_rank)
        place = [part for part in first["loc"] if _is_place(part)]
        entry, field = _entry(raw, place)
        expected, found = _said(first, model, place)
        raise BadResult(f"in {path}, {entry}, field {field}: {expected}", found, remedy) from problem


@cache
def _adapter(model: Any) -> Any:
    """What checks a model, which takes ten milliseconds to make."""
    from pydantic import TypeAdapter

    return TypeAdapter(model)


def _rank(error: Any) -> tuple[int, bool]:
    """Of several, the one deepest inside: of a choice of types, that of the type that was meant. A field that is missing
    may be one that is misspelt, which is then told."""
    unknown = error["type"] in ("extra_forbidden", "unexpected_keyword_argument")
    return -len(error["loc"]), not unknown


def _is_place(part: Any) -> bool:
    """Whether a part of pydantic's place is one of the file: it also names the type that it tried."""
    return isinstance(part, int) or not (part.startswith("_") or "[" in part or part in ("str", "int", "float"))


def _entry(raw: Any, place: list[Any]) -> tuple[str, str]:
    """The entry in words, `row DFKD of Uformer, SIDD`, and the field in it."""
    words: list[str] = []
    here, kind, mapping = raw, "entry", False
    for part in place[:-1]:
        here = here[part] if _holds(here, part) else None
        if isinstance(part, int):
            words += [f"{kind} {_name(here, part)}"] if isinstance(here, dict) else []
        elif mapping:
            words.append(f"{kind} {part}".strip())
        kind = _KINDS.get(part, part) if isinstance(part, str) else kind
        mapping = part in _MAPPINGS
    last = place[-1] if place else "the file"
    if isinstance(last, int):
        last = next((part for part in reversed(place) if isinstance(part, str)), last)
    elif mapping:
        words.append(f"{kind} {last}".strip())
        last = "value"
    return ", ".join(words) or "the file", str(last)


def _name(entry: dict[str, Any], place: int) -> str:
    name = next((str(entry[key]) for key in _NAMES if entry.get(key)), str(place + 1))
    return f"{name} of {entry['of']}" if entry.get("of") else name


def _holds(here: Any, part: Any) -> bool:
    return (isinstance(here, dict) and part in here) or (
        isinstance(here, list) and isinstance(part, int) and part < len(here)
    )


def _said(error: Any, model: Any, place: list[Any]) -> tuple[str, str]:
    """What pydantic expected and what it met, in the words of the other messages."""
    kind, given = error["type"], error["input"]
    if kind == "missing":
        return "a value", "none"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _fields_at(model, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        return f"one of {', '.join(known)}{hint}", f"an unknown field with the value {given!r}"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return message[:1].lower() + message[1:], repr(given)


def _fields_at(model: Any, place: list[Any]) -> list[str]:
    """The fields of the data class at `place` of `model`."""
    here = model
    for part in place:
        owner = _data_class(here)
        if isinstance(part, str) and owner is not None and part in {f.name for f in fields(owner)}:
            here = get_type_hints(owner)[part]
    owner = _data_class(here)
    return sorted(field.name for field in fields(owner)) if owner is not None else []


def _data_class(kind: Any) -> Any:
    """The data class in a type such as `tuple[Row, ...]`, `dict[str, str | Cell]` or `Row`."""
    if isinstance(kind, type) and is_dataclass(kind):
        return kind
    return next((found for part in get_args(kind) if (found := _data_class(part)) is not None), None)
