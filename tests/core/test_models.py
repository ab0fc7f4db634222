"""A wrong entry of a JSON file is one message: file, entry, field, what was expected and what was found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from benchmark.core.errors import BadResult
from benchmark.core.models import CLOSED, read_json


@dataclass(frozen=True)
class _Part:
    text: str
    size: int = 1
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class Row:
    row: str
    kind: Literal["a", "b"]
    cells: dict[str, str | _Part] = field(default_factory=dict)
    __pydantic_config__: ClassVar[Any] = CLOSED


@dataclass(frozen=True)
class File:
    rows: tuple[Row, ...]
    __pydantic_config__: ClassVar[Any] = CLOSED


def read(tmp_path: Path, raw: object) -> File:
    path = tmp_path / "one.json"
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    return read_json(path, File, "Do this.")


def test_a_sound_file_is_read_whole(tmp_path: Path) -> None:
    found = read(tmp_path, {"rows": [{"row": "x", "kind": "a", "cells": {"p": "1", "q": {"text": "2", "size": 3}}}]})
    assert found == File((Row("x", "a", {"p": "1", "q": _Part("2", 3)}),))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"rows": [{"row": "x", "kind": "c"}]}, ["row x, field kind: 'a' or 'b'", "'c'"]),
        ({"rows": [{"row": "x"}]}, ["row x, field kind: a value", "none"]),
        ({"rows": [{"row": "x", "kind": "a", "kinds": 1}]}, ["row x, field kinds", "did you mean 'kind'?"]),
        ({"rows": [{"row": "x", "kind": "a", "cells": {"p": {"txt": "1"}}}]}, ["row x, p, field t", "text"]),
        ({"rows": [{"row": "x", "kind": "a", "cells": {"p": {"text": "1", "size": "big"}}}]}, ["row x, p, field size"]),
        ({"rows": [{"kind": "a", "cells": {}}]}, ["row 1, field row"]),
        ({}, ["the file, field rows: a value"]),
        ({"rows": 3}, ["the file, field rows"]),
        ("{", ["a whole JSON file"]),
        ([], ["the file"]),
    ],
)
def test_a_wrong_one_is_one_message(tmp_path: Path, raw: object, told: list[str]) -> None:
    with pytest.raises(BadResult) as error:
        read(tmp_path, raw)
    for part in ("one.json", "Do this.", *told):
        assert part in str(error.value)


def test_a_file_that_is_not_there_is_one_too(tmp_path: Path) -> None:
    with pytest.raises(BadResult, match="FileNotFoundError"):
        read_json(tmp_path / "none.json", File)
