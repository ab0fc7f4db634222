"""The card beside a weight file, checked when it is read: what the program relies on has the form that it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadWeights

Card = dict[str, Any]
_REMEDY = "Train or import the method again, or restore the card."


def card_path(path: Path) -> Path:
    """Where the card of the weights at `path` lies: the same name with .json."""
    return path.with_suffix(".json")


def read_card(path: Path) -> Card:
    """The card of the weights at `path`. Raises BadWeights, naming the key, where it is missing or not of its form."""
    file = card_path(path)
    try:
        held = json.loads(file.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise BadWeights(f"a card at {file}", "no file", "Train the method again: slkd-bench train.") from error
    except (ValueError, OSError, RecursionError) as error:
        raise BadWeights(f"a JSON card at {file}", str(error)[:200], _REMEDY) from error
    return checked(held, file)


def checked(held: object, file: Path) -> Card:
    """`held` itself, if it has the form of a card. Raises BadWeights naming `file` and the first key that has not."""
    from pydantic import ValidationError

    if not isinstance(held, dict):
        raise BadWeights(f"a card (an object) at {file}", f"a JSON {type(held).__name__}", _REMEDY)
    try:
        _model().model_validate(held)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        found = f"{key} = {repr(first['input'])[:80]} ({first['msg']})"
        raise BadWeights(f"a card at {file} as this program writes it", found, _REMEDY) from error
    return held


def _model() -> Any:
    """The form of a card; keys that only tell, and are not relied on, may be there besides."""
    global _made
    if _made is not None:
        return _made
    from pydantic import BaseModel, ConfigDict, Field

    class Source(BaseModel):
        file: str
        sha256: str = ""

    class CardForm(BaseModel):
        model_config = ConfigDict(extra="allow", strict=True)

        method: str | None = None
        title: str | None = None
        task: str | None = None
        scale: str | None = None
        source: str | None = None
        dataset: str | None = None
        architecture: str | None = None
        address: str | None = None
        sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
        bytes: int | None = Field(None, ge=0)
        stored: str | None = None
        seed: int | None = Field(None, ge=0)
        iterations: int | None = Field(None, ge=0)
        seconds: float | None = Field(None, ge=0, allow_inf_nan=False, strict=False)
        parameters: int | None = Field(None, ge=0)
        imported_from: list[Source] | None = None
        wrapper: list[str] | None = None
        left_out: list[str] | None = None
        teacher: dict[str, Any] | None = None
        recipe: dict[str, Any] | None = None

    _made = CardForm
    return _made


_made: Any = None
