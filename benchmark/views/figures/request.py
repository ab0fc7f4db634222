"""What is asked of one figure, and what is said under every one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.core.types import Scale
from benchmark.methods.find import row_method
from benchmark.methods.method import Method
from benchmark.runs.choose import FolderOptions
from benchmark.runs.remembered import find_method
from benchmark.views.figures.style import FORMATS


@dataclass(frozen=True)
class Request:
    """The options of one call of `slkd-bench figure`; `paper` is the default one where it is empty, `columns`
    how many columns of a page it fills, `folders` what is said of folders of pairs."""

    name: str
    scale: Scale
    out: Path
    to: Path
    image: str = ""
    crop: str = ""
    datasets: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    formats: tuple[str, ...] = FORMATS
    card: str | None = None
    training: Path = Path("training")
    columns: int = 2
    paper: str = ""
    caption: bool = False
    font: str = ""
    folders: FolderOptions = field(default_factory=FolderOptions)


def scale_line(scale: Scale) -> str:
    """What a scale is, in a sentence."""
    if scale is Scale.MINI:
        return "Scale mini: small networks on small sets made after the named ones."
    return "Scale paper: full-size networks on the official sets."


def methods_of(request: Request, default: Sequence[str]) -> list[Method]:
    """The methods that were asked for, or those of `default`. Raises UnknownName."""
    if request.methods:
        return [find_method(name, request.out) for name in request.methods]
    return [row_method(name) for name in dict.fromkeys(default)]
