"""What the objects of somebody's method hold, hashed: tensors, arrays, settings, what closures and globals keep.

What cannot be compared (an open connection, a generator half-way) is named, so that the result can be computed anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import pickle  # nosec B403  # objects are written, to be hashed; nothing is read
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from benchmark.methods.outside_files import is_installed

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), range)
_NO_MATTER = frozenset({"training", "_is_full_backward_hook", "__weakref__", "__dict__"})
_LOCKS = ("lock", "RLock", "Lock", "Condition", "Event", "_local")


def held_by(value: Any) -> tuple[str, list[str]]:
    """The SHA-256 over all that `value` holds, and where something is that cannot be compared."""
    walk = _Walk()
    walk.see(value, "it")
    return walk.digest.hexdigest(), walk.unknown


class _Walk:
    """One way through everything that hangs on an object, each part seen once."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.unknown: list[str] = []
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no two parts share an address

    def see(self, value: Any, place: str) -> None:
        """Takes `value` in, which is found at `place`."""
        if isinstance(value, _PLAIN):
            self._say(f"{type(value).__name__} {value!r}")
            return
        known = self._seen.get(id(value))
        if known is not None:
            self._say(f"again {known}")
            return
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        for kind, look in self._looks().items():
            if isinstance(value, kind):
                look(value, place)
                return
        self._other(value, place)

    def _looks(self) -> dict[Any, Callable[[Any, str], None]]:
        import numpy as np
        import torch

        return {
            torch.Tensor: self._tensor,
            np.ndarray: self._array,
            np.generic: lambda value, place: self._array(np.asarray(value), place),
            (torch.dtype, torch.device, torch.layout, Enum, PurePath): lambda value, place: self._say(repr(value)),
            np.random.Generator: lambda value, place: self.see(value.bit_generator.state, place),
            (dict, types.MappingProxyType): self._mapping,
            (list, tuple): self._sequence,
            (set, frozenset): lambda value, place: self._sequence(sorted(value, key=repr), place),
            functools.partial: lambda value, place: self._sequence((value.func, value.args, value.keywords), place),
            types.MethodType: lambda value, place: self._sequence((value.__self__, value.__func__), place),
            types.FunctionType: self._function,
            type: self._class,
            types.ModuleType: lambda value, place: self._say(f"module {value.__name__}"),
            (types.BuiltinFunctionType, types.MethodDescriptorType): lambda value, place: self._say(value.__qualname__),
            torch.jit.ScriptModule: self._script,
        }

    def _say(self, text: str) -> None:
        self.digest.update(text.encode("utf-8", "surrogatepass") + b"\0")

    def _tensor(self, value: Any, place: str) -> None:
        import torch

        if value.layout is not torch.strided or value.device.type == "meta" or value.is_quantized:
            self._pickled(value, place)
            return
        plain = value.detach().cpu().contiguous().reshape(-1)
        self._say(f"{value.dtype}{tuple(value.shape)}")
        self.digest.update(plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b"")

    def _array(self, value: Any, place: str) -> None:
        if value.dtype.hasobject:
            self._sequence(value.tolist() if value.ndim else [value.item()], place)
            return
        self._say(f"{value.dtype}{value.shape}")
        self.digest.update(value.tobytes())

    def _mapping(self, value: Mapping[Any, Any], place: str) -> None:
        self._say(f"{type(value).__name__} {len(value)}")
        for key, inner in value.items():
            self.see(key, place)
            self.see(inner, f"{place}[{key!r}]")

    def _sequence(self, value: Iterable[Any], place: str) -> None:
        self._say(type(value).__name__)
        for number, inner in enumerate(value):
            self.see(inner, f"{place}[{number}]")
        self._say("end")

    def _function(self, value: types.FunctionType, place: str) -> None:
        self._say(f"function {value.__module__}.{value.__qualname__}")
        if not _is_own(value.__module__):
            return
        self.see(value.__defaults__, f"{place}'s defaults")
        self.see(value.__kwdefaults__, f"{place}'s defaults")
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # a cell that is not filled yet
                self.see(cell.cell_contents, f"{name} of {value.__qualname__}")
        for name in _names(value.__code__):
            if name in value.__globals__:
                self.see(value.__globals__[name], f"{value.__module__}.{name}")

    def _class(self, value: type, place: str) -> None:
        self._say(f"class {value.__module__}.{value.__qualname__}")
        for base in value.__mro__:
            if _is_own(base.__module__):
                for name, inner in sorted(vars(base).items()):
                    if name not in _NO_MATTER and not isinstance(inner, types.GetSetDescriptorType):
                        self.see(_function_of(inner), f"{base.__qualname__}.{name}")

    def _script(self, value: Any, place: str) -> None:
        self._say(str(getattr(value, "inlined_graph", "")))
        self._mapping(value.state_dict(), place)

    def _other(self, value: Any, place: str) -> None:
        """An object of a class: the class, and its attributes; without any, as it would be pickled."""
        kind = type(value)
        if kind.__name__ in _LOCKS:
            return
        attributes = dict(getattr(value, "__dict__", {}))
        for base in kind.__mro__:
            slots = vars(base).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name):
                    attributes[name] = getattr(value, name)
        if not attributes and not _is_own(kind.__module__):
            self._pickled(value, place)
            return
        self.see(kind, place)
        for name, inner in attributes.items():
            if name not in _NO_MATTER:
                self._say(name)
                self.see(inner, f"{place}.{name}")

    def _pickled(self, value: Any, place: str) -> None:
        try:
            self.digest.update(pickle.dumps(value))
        except Exception:  # an object says in its own way that it cannot be pickled
            self.unknown.append(f"{place}, a {type(value).__name__}")


def _function_of(value: Any) -> Any:
    """What stands behind a property or a static or class method."""
    if isinstance(value, property):
        return (value.fget, value.fset)
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def _names(code: types.CodeType) -> list[str]:
    """The names that a function and those within it look up."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if inspect.iscode(constant):
            names += _names(constant)
    return names


def _is_own(module: str) -> bool:
    """Whether a module is somebody's own: a file outside of Python and of the installed packages."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return bool(file) and not is_installed(str(file))
