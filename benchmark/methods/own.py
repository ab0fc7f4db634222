"""What is said of a network of somebody's own: its checkpoint, how it wants its images, what it is built with.

    mynet=package.module:Class@weights=best.pth,multiple=4,range=0..255,width=48

A checkpoint is a path, or `hf:OWNER/NAME:FILE` of the Hugging Face hub. What stands behind the @ may as well be given as
options (--weights, --multiple, --range). Importing this module does not
import torch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadMethod
from benchmark.methods.hub import from_hub, is_hub_id

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class OwnNetwork:
    """How a network of somebody's own is built and called.

    `weights` is a checkpoint, `multiple` what both sides of its images must be divisible by, `black` and `white` the
    values that it takes and gives for 0 and 1, `arguments` what its class is called with.
    """

    weights: Path | None = None
    multiple: int = 1
    black: float = 0.0
    white: float = 1.0
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether nothing is said."""
        return self == OwnNetwork()

    def as_dict(self) -> dict[str, Any]:
        """What is said, as it stands in result files."""
        said: dict[str, Any] = {}
        if self.weights is not None:
            said["weights"] = str(self.weights)
        if self.multiple != 1:
            said["multiple"] = self.multiple
        if (self.black, self.white) != (0.0, 1.0):
            said["range"] = f"{self.black:g}..{self.white:g}"
        return said | dict(self.arguments)

    def as_dict_of_text(self) -> dict[str, str]:
        """The same, every value as it is typed."""
        return {name: str(value) for name, value in self.as_dict().items()}

    def form(self) -> dict[str, Any]:
        """What of it decides a score beside weights and code, for the key of a cell."""
        return {name: value for name, value in self.as_dict().items() if name != "weights"}

    def keywords(self) -> dict[str, Any]:
        """The arguments as Python values: `48`, `(1, 2)` and `True` are what they look like, the rest is text."""
        return {name: _value(text) for name, text in self.arguments}


def own_network(said: Mapping[str, str], name: str) -> OwnNetwork:
    """What is said of the method `name`, by words. Raises BadMethod for a value that means nothing."""
    found = OwnNetwork()
    for word, value in said.items():
        if word == "weights":
            found = replace(found, weights=existing(Path(value), name))
        elif word == "multiple":
            found = replace(found, multiple=multiple_of(value))
        elif word == "range":
            black, white = value_range(value)
            found = replace(found, black=black, white=white)
        elif _WORD.fullmatch(word):
            found = replace(found, arguments=(*found.arguments, (word, value)))
        else:
            raise BadMethod(f"name=value behind the @ of {name}", f"'{word}'", "Write it as multiple=4,width=48.")
    return found


def split(changes: str, name: str) -> dict[str, str]:
    """The words behind an @: `a=1,b=(1,2)`; commas within brackets stay. Raises BadMethod."""
    said: dict[str, str] = {}
    for part in filter(None, re.split(r",(?![^(\[{]*[)\]}])", changes)):
        word, equals, value = part.partition("=")
        if not equals or not value:
            raise BadMethod(f"name=value behind the @ of {name}", f"'{part}'", "Write it as multiple=4,range=0..255.")
        said[word.strip()] = value.strip()
    return said


def existing(path: Path, name: str) -> Path:
    """`path` in full; `hf:OWNER/NAME:FILE` is fetched from the Hugging Face hub.

    Raises BadMethod where there is no file, BadWeights where the hub does not give it.
    """
    if is_hub_id(str(path)):
        return from_hub(str(path))
    whole = path.expanduser()
    if not whole.is_file():
        found = "a folder" if whole.is_dir() else "no such file"
        raise BadMethod(f"a checkpoint of {name} at '{path}'", found, "Check the path.")
    return whole.resolve()


def multiple_of(text: str) -> int:
    """The number that both sides must be divisible by, from 1 to 1024. Raises BadMethod."""
    if not text.isdigit() or not 1 <= int(text) <= 1024:
        raise BadMethod("a multiple from 1 to 1024", f"'{text}'", "Say --multiple 8.")
    return int(text)


def value_range(text: str) -> tuple[float, float]:
    """`0..255` as two numbers, the second above the first. Raises BadMethod."""
    found = _RANGE.fullmatch(text.strip())
    if not found or float(found[1]) >= float(found[2]):
        raise BadMethod("a range of values as 0..1, 0..255 or -1..1", f"'{text}'", "Say --range 0..255.")
    return float(found[1]), float(found[2])


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
