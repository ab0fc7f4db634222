"""Variants of an SLKD row: `res-sl-slkd@reading=softplus,alpha2=0.5` is the same method with other options.

A variant has weights and results of its own, so an ablation never overwrites the row it varies.
Importing this module does not import torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadMethod, UnknownName
from slkd.readings import READINGS, reading_names

if TYPE_CHECKING:
    from benchmark.methods.method import Method


_LOOK = "Look at it with `slkd-bench inspect res-sl-slkd --reading {}`, or choose another: `list readings`."


def _reading(text: str) -> str:
    if text not in reading_names():
        raise UnknownName("reading of the losses", text, reading_names())
    if READINGS[text].unfit:
        raise BadMethod("a reading that can be trained with", f"'{text}': {READINGS[text].unfit}", _LOOK.format(text))
    return text


def _one_of(*known: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise BadMethod(" or ".join(known), f"'{text}'", "Choose one of them.")
        return text

    return read


def _weight(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadMethod("a weight of 0 or more", f"'{text}'", "Give a number, as in alpha2=0.5.")
    return value


OPTIONS: dict[str, Callable[[str], Any]] = {
    "alpha1": _weight,
    "alpha2": _weight,
    "decoder_source": _one_of("clean", "degraded"),
    "pixel_target": _one_of("teacher", "clean"),
    "reading": _reading,
}


def varied(method: Method, changes: str) -> Method:
    """`method`, an SLKD row, with the options of `changes` ("name=value,name=value"; case and order do not matter).

    Raises BadMethod for a row of another distiller or a malformed change, UnknownName for an unknown option or reading.
    """
    changes, label = _without_label(changes)
    if label:
        method = labelled(method, label)
    if not changes:
        return method
    if method.distiller != "slkd":
        raise BadMethod("a row that SLKD trains before the @", f"'{method.id}'", "Vary one, as res-sl-slkd@alpha2=0.5.")
    options: dict[str, Any] = {}
    for change in changes.split(","):
        name, separator, text = (part.strip() for part in change.partition("="))
        if not separator or not text:
            raise BadMethod("name=value behind the @", f"'{change}'", "Write it as res-sl-slkd@reading=softplus.")
        if name not in OPTIONS:
            raise UnknownName("option of SLKD", name, OPTIONS)
        options[name] = OPTIONS[name](text)
    words = [f"{name}={_text(options[name])}" for name in sorted(options)]
    return replace(
        method,
        id=_id_of(method, words),
        title=f"{method.title}, {', '.join(words).replace('_', ' ')}",
        kind="ablation",
        options=method.options | options,
    )


def labelled(method: Method, label: str) -> Method:
    """`method`, any row that can be trained, under a `label`: with weights and results of its own, and nothing else changed.

    Raises BadMethod for a row without a network and for a label that is no word of letters, digits, dots and dashes.
    """
    if not method.network:
        raise BadMethod("a row that can be trained before the @", f"'{method.id}'", "Label another one.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", label):
        raise BadMethod(
            "a label of small letters, digits, dots and dashes", f"'{label}'", "Write it as label=long-run."
        )
    base, separator, changes = method.id.partition("@")
    words = sorted([*(changes.split(",") if separator else []), f"label={label}"])
    return replace(method, id=f"{base}@{','.join(words)}", title=f"{method.title}, {label}", kind="ablation")


def _without_label(changes: str) -> tuple[str, str]:
    """The changes without a label, and the label ("" where there is none)."""
    parts = [part.strip() for part in changes.split(",")]
    labels = [part.partition("=")[2].strip() for part in parts if part.partition("=")[0].strip() == "label"]
    if len(labels) > 1:
        raise BadMethod("one label behind the @", f"'{changes}'", "Give one of them.")
    if labels and not labels[0]:
        raise BadMethod("name=value behind the @", f"'{changes}'", "Write it as label=long-run.")
    rest = [part for part in parts if part.partition("=")[0].strip() != "label"]
    return ",".join(rest), labels[0] if labels else ""


def _id_of(method: Method, words: list[str]) -> str:
    base, separator, before = method.id.partition("@")
    return f"{base}@{','.join(sorted([*(before.split(',') if separator else []), *words]))}"


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
