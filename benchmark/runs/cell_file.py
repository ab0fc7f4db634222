"""A result file as it must be: every field of its kind, scores in range, names once, the digest right."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

SCHEMA = 2
Number = Annotated[StrictFloat | StrictInt | Literal["inf"], Field()]
_LARGEST = 1000.0  # dB: more than double precision can tell from equality
_SLACK = 1e-6  # an SSIM of 1 may come out a little above it


def _text(value: Any) -> str:
    """Any string, also one with bytes of a file's name that are no letters, which pydantic's own type refuses."""
    if not isinstance(value, str):
        raise ValueError(f"a string, found {type(value).__name__}")
    return value


Name = Annotated[Any, PlainValidator(_text)]
Text = dict[Name, Name]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Image(_Strict):
    """The scores of one image."""

    name: Name
    scene: Name
    psnr: Number
    ssim: Annotated[StrictFloat | StrictInt, Field(ge=-1 - _SLACK, le=1 + _SLACK)]
    extra: dict[StrictStr, StrictFloat | StrictInt | Literal["nan", "inf", "-inf"]] = {}

    @field_validator("psnr")
    @classmethod
    def _in_range(cls, value: float | str) -> float:
        number = float(value)
        if not (number == math.inf or -_SLACK <= number <= _LARGEST):
            raise ValueError(f"a PSNR between 0 and {_LARGEST:g} dB, or inf")
        return number


class CellFile(_Strict):
    """A whole result file; the older schema 1 has no digest and counts as done nowhere."""

    schema_: Literal[1, 2] = Field(alias="schema")
    digest: StrictStr = ""
    mean: dict[StrictStr, Any] = {}
    method: Name
    dataset: Name
    scale: StrictStr
    seed: Annotated[StrictInt, Field(ge=0)]
    key: dict[StrictStr, Any]
    made_by: dict[StrictStr, Any]
    scores: Annotated[tuple[_Image, ...], Field(min_length=1)]
    failures: Text = {}
    total: Annotated[StrictInt, Field(ge=0)] = 0
    origin: dict[StrictStr, Any] = {}

    @model_validator(mode="after")
    def _whole(self) -> CellFile:
        names = [image.name for image in self.scores]
        if not all((*names, self.method, self.dataset)):
            raise ValueError("names of images, method and data set that are not empty")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"one score of each image, found two of '{twice}'")
        if self.total and len(names) > self.total:
            raise ValueError(f"at most {self.total} images, found {len(names)}")
        return self


def digest(content: dict[str, Any]) -> str:
    """The sha256 over all that a file says, whatever the order and layout of its lines."""
    said = {name: value for name, value in content.items() if name not in ("schema", "digest")}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def parse(content: Any) -> CellFile:
    """The fields of a file's content. Raises ValueError saying what is wrong with it."""
    try:
        file = CellFile.model_validate(content)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}" if place else str(first["msg"])) from None
    if file.schema_ == SCHEMA and file.digest != digest(content):
        raise ValueError("the digest is not that of what the file says: it was edited, or cut")
    return file
