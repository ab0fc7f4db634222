"""Variants of a distilled row: `STUDENT-DISTILLER@reading=softplus,alpha2=0.5` is the same method with other options.

Which options there are, the distiller declares. A variant has weights and results of its own, so an ablation never
overwrites the row it varies. Importing this module does not import torch.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from baselines.distillation.spec import DistillerSpec
from benchmark.core.errors import BadMethod, UnknownName
from benchmark.methods.distillers import distillers

if TYPE_CHECKING:
    from benchmark.methods.method import Method

_TRUTH = {"true": True, "false": False}


def _value(spec: DistillerSpec, name: str, text: str, method: Method) -> Any:
    """The value that `text` means for the option `name`. Raises BadMethod, or UnknownName for a reading."""
    if name == "reading" and spec.readings:
        return _reading(spec, text, method)
    default = spec.options[name]
    if name in spec.choices or isinstance(default, bool):
        words = spec.choices.get(name, tuple(_TRUTH))
        if text not in words:
            raise BadMethod(" or ".join(words), f"'{text}'", "Choose one of them.")
        return _TRUTH[text] if isinstance(default, bool) else text
    return _number(text, name, default) if isinstance(default, int | float) else text


def _reading(spec: DistillerSpec, text: str, method: Method) -> str:
    known = spec.known_readings()
    if text not in known:
        raise UnknownName("reading of the losses", text, known)
    if known[text].unfit:
        remedy = (
            f"Look at it with `slkd-bench inspect {method.id} --reading {text}`, or choose another: `list readings`."
        )
        raise BadMethod("a reading that can be trained with", f"'{text}': {known[text].unfit}", remedy)
    return text


def _number(text: str, name: str, default: float) -> float:
    whole = isinstance(default, int)
    try:
        value: float = int(text) if whole else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        what = "a whole number" if whole else "a weight"
        raise BadMethod(f"{what} of 0 or more", f"'{text}'", f"Give a number, as in {name}={default}.")
    return value


def varied(method: Method, changes: str) -> Method:
    """`method`, a distilled row, with the options of `changes` ("name=value,name=value"; case and order do not matter).

    Raises BadMethod for a row whose distiller has no options or a malformed change, UnknownName for an unknown option or
    reading.
    """
    changes, label = _without_label(changes)
    if label:
        method = labelled(method, label)
    if not changes:
        return method
    spec = distillers().get(method.distiller)
    if spec is None or not spec.options:
        with_options = [name for name, other in distillers().items() if other.options]
        remedy = f"Vary a row of {', '.join(with_options)}."
        raise BadMethod("a row before the @ whose distiller has options", f"'{method.id}'", remedy)
    options: dict[str, Any] = {}
    for change in changes.split(","):
        name, separator, text = (part.strip() for part in change.partition("="))
        if not separator or not text:
            example = next(iter(spec.options.items()))
            raise BadMethod("name=value behind the @", f"'{change}'", f"Write it as {example[0]}={example[1]}.")
        if name not in spec.options:
            raise UnknownName(f"option of {spec.row or spec.title}", name, spec.options)
        options[name] = _value(spec, name, text, method)
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
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
