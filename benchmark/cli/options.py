"""Options of a command made from data classes: each field is typed once, where it is used.

A field with `metadata={"help": ...}` becomes an option; `flags` are its names where they are not --field-name, `min` and
`max` its bounds, `parser` reads its words, `argument` makes it positional. Fields without a help are not options.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_args, get_origin, get_type_hints

import typer

from benchmark.core.types import Scale

SCALE_VARIABLE = "SLKD_BENCH_SCALE"
AS_JSON: bool = typer.Option(False, "--json", help="For programs, unrounded.")


def scale_option(says: str, group: str | None = None) -> Any:
    """`--scale`, which is mini in every command unless it, SLKD_BENCH_SCALE or a file of defaults says otherwise."""
    return typer.Option(Scale.MINI, envvar=SCALE_VARIABLE, help=says, rich_help_panel=group)


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """`command` for typer: its parameters that are data classes are spread into one option a field.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Look:
    ...     colour: str = dataclasses.field(default="red", metadata={"help": "Of the sky."})
    >>> def paint(look: Look) -> None:
    ...     print(look.colour)
    >>> with_options(paint)(colour="blue")
    blue
    """
    hints = get_type_hints(command)
    classes = {name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)}
    own = [p for p in inspect.signature(command).parameters.values() if p.name not in classes]
    parameters = [parameter for kind in classes.values() for parameter in _parameters(kind)]
    parameters += [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in own]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        made = {name: _make(kind, given) for name, kind in classes.items()}
        command(**made, **{p.name: given[p.name] for p in own})

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    del run.__wrapped__
    return run


def _parameters(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind)
    made = []
    for field in dataclasses.fields(kind):
        if "help" in field.metadata:
            annotation, default = _as_typer(hints[field.name], field.default)
            option = _option(field.metadata, default)
            made.append(
                inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=annotation)
            )
    return made


def _as_typer(annotation: Any, default: Any) -> tuple[Any, Any]:
    """A tuple of any length is a list to typer; everything else is as it is."""
    if get_origin(annotation) is tuple:
        return list[get_args(annotation)[0]], list(default)  # type: ignore[misc]
    return annotation, default


def _option(metadata: Any, default: Any) -> Any:
    bounds = {name: metadata[name] for name in ("min", "max", "parser", "envvar") if name in metadata}
    if metadata.get("argument"):
        return typer.Argument(default or None, help=metadata["help"])
    return typer.Option(default, *metadata.get("flags", ()), help=metadata["help"], **bounds)


def _make(kind: Any, given: dict[str, Any]) -> Any:
    values = {field.name: given[field.name] for field in dataclasses.fields(kind) if field.name in given}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
