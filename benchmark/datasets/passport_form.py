"""The form of a passport that a person writes: what is wrong is said with its file, line and key."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from benchmark.core.errors import BadData
from benchmark.core.types import Task
from benchmark.datasets.pairing import RULES
from benchmark.protocols import protocol_ids

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_REMEDY = "Mend that line, or move the file away; docs/tutorials/add-something.md shows a whole passport."


def read_table(path: Path) -> dict[str, Any]:
    """The table of a passport file, every key checked. Raises BadData naming file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as problem:
        raise BadData(f"a passport '{path}'", str(problem.strerror or problem), "Check the path.") from problem
    except (ValueError, RecursionError) as problem:
        raise BadData(f"a passport in TOML '{path}'", str(problem)[:200], _REMEDY) from problem
    if not _ID.fullmatch(path.stem):
        expected = f"a name of lower-case letters, digits, dots and dashes: it is the data set's id ('{path}')"
        raise BadData(expected, path.name, "Rename the file.")
    _check(path, text, table)
    return table


def _check(path: Path, text: str, table: dict[str, Any]) -> None:
    from pydantic import ValidationError

    try:
        _form().model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        missing = first["type"] == "missing"
        where = f"'{path}'" if missing else f"'{path}', line {_line(text, first['loc'])}"
        found = "no such key" if missing else f"{first['input']!r:.80}"
        raise BadData(f"{key}: {first['msg'].removeprefix('Value error, ')} ({where})", found, _REMEDY) from error


def _line(text: str, place: tuple[int | str, ...]) -> int:
    """The line of a key: in the table of lists that the place names, else the first line that sets it."""
    names = [part for part in place if isinstance(part, str)]
    lines, start = text.splitlines(), 0
    for number, part in enumerate(place[1:], 1):
        if isinstance(part, int) and number == 1:
            heads = [i for i, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{re.escape(names[0])}\s*\]\]", line)]
            start = heads[part] if part < len(heads) else 0
    for key in reversed(names):
        for number in range(start, len(lines)):
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[number]):
                return number + 1
    return start + 1


def _known_rule(value: str) -> str:
    if value not in (*RULES, "left", "right"):
        raise ValueError(f"expected a pair rule ({', '.join(RULES)}), or left or right for halves")
    return value


def _inside(value: list[str]) -> list[str]:
    if any(part.startswith("/") or ".." in part.split("/") or not part for part in value):
        raise ValueError("expected patterns inside the data set's folder")
    return value


def _known_task(value: str) -> str:
    return str(Task(value))


def _known_protocol(value: str) -> str:
    if value not in protocol_ids():
        raise ValueError(f"expected a protocol ({', '.join(protocol_ids())})")
    return value


def _sizes(value: list[str]) -> list[str]:
    if not all(re.fullmatch(r"\d+x\d+", size) for size in value):
        raise ValueError('expected sizes as "WIDTHxHEIGHT"')
    return value


def _scene(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as problem:
        raise ValueError(f"expected a regular expression: {problem}") from problem
    if value and not groups:
        raise ValueError("expected a regular expression with one group, the scene's name")
    return value


@cache
def _form() -> Any:
    from pydantic import BaseModel, ConfigDict, Field, field_validator

    class Strict(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

    class LayoutForm(Strict):
        id: str
        kind: Literal["pairs", "halves", "mat", "noise", "listing"]
        degraded: list[str] = Field(default_factory=list)
        clean: list[str] = Field(default_factory=list)
        rule: str = "equal"
        listing: str = ""
        spare_clean: bool = False
        formats: list[str] = Field(default_factory=list)
        note: str = ""
        _rule = field_validator("rule")(_known_rule)
        _patterns = field_validator("degraded", "clean")(_inside)

    class DownloadForm(Strict):
        url: str = Field(pattern=r"^https?://")
        sha256: str = Field("", pattern=r"^([0-9a-fA-F]{64})?$")
        unpack: bool = True

    class PassportForm(Strict):
        title: str = Field(min_length=1)
        task: str
        protocol: str
        layouts: list[LayoutForm] = Field(min_length=1)
        counts: list[int] = Field(default_factory=list)
        sizes: list[str] = Field(default_factory=list)
        formats: list[str] = Field(default_factory=list)
        scene: str = ""
        sigmas: list[float] = Field(default_factory=list, strict=False)
        folder: str = ""
        role: Literal["test", "train"] = "test"
        source: str = "unknown"
        licence: str = "unknown"
        citation: str = ""
        bibtex: str = ""
        trained_on: str = ""
        overlap: dict[str, str] = Field(default_factory=dict)
        by_hand: str = ""
        downloads: list[DownloadForm] = Field(default_factory=list)
        patch: int = Field(0, ge=0)
        note: str = ""
        _task = field_validator("task")(_known_task)
        _protocol = field_validator("protocol")(_known_protocol)
        _of_sizes = field_validator("sizes")(_sizes)
        _of_scene = field_validator("scene")(_scene)

    return PassportForm
