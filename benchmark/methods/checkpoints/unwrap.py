"""Finding the weights in a checkpoint: under whichever name, behind whichever prefix, beside whichever other things."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadWeights
from benchmark.methods.checkpoints.opening import PICKLED, open_checkpoint, whole_tensors

if TYPE_CHECKING:
    from torch import Tensor

_WRAPPERS = (
    "params_ema",
    "params",
    "state_dict_ema",
    "model_ema",
    "ema_state_dict",
    "ema",
    "state_dict",
    "model_state_dict",
    "model",
    "net_g_ema",
    "net_g",
    "netG",
    "generator",
    "net",
    "network",
    "weights",
    "module",
)
"""Under which names checkpoints keep the weights; running means come first, for they are what papers report."""
_PREFIXES = ("module.", "model.", "generator.", "net_g.", "netG.", "net.", "network.", "params.", "ema_model.", "ema.")
_INSIDE = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
_COUNTERS = ("total_ops", "total_params")
_OTHERS = ("discriminator.", "net_d.", "netD.", "criterion.", "loss.", "optimizer.")
_DEEPEST = 16


@dataclass
class Unwrapped:
    """The tensors of a checkpoint by name, the `wrappers` taken off and what was `left` beside them."""

    state: dict[str, Tensor]
    wrappers: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def read_checkpoint(file: Path, names: Collection[str] = ()) -> Unwrapped:
    """The weights in `file`, wherever in it they are; prefixes that the network's own `names` begin with stay.

    Raises BadWeights naming the file and what stands there instead.
    """
    wrappers: list[str] = []
    left: list[str] = []
    held = _inner(open_checkpoint(file), file, wrappers, left)
    tensors = {key: value for key, value in held.items() if _is_tensor(value)}
    left += [str(key) for key in held if key not in tensors]
    _check_keys(tensors, held, file)
    named = _named(tensors, wrappers, left, frozenset(names))
    return Unwrapped(whole_tensors(named, file, file.stat().st_size), wrappers, left)


def _inner(held: object, file: Path, wrappers: list[str], left: list[str]) -> Mapping[Any, Any]:
    """The innermost dictionary that a checkpoint's wrappers lead to."""
    for _ in range(_DEEPEST):
        if isinstance(held, list | tuple) and len(held) == 1:
            wrappers.append(f"{type(held).__name__} of one")
            held = held[0]
            continue
        if not isinstance(held, Mapping):
            raise BadWeights("a dictionary of tensors", f"{file} holds {_words(held)}", PICKLED)
        name = next((name for name in _WRAPPERS if isinstance(held.get(name), Mapping | list | tuple)), None)
        if name is None or _count(held[name]) < sum(_is_tensor(value) for value in held.values()):
            return held  # more tensors here than below the wrapper: a lone one beside it is no network
        left += [str(key) for key in held if key != name]
        wrappers.append(name)
        held = held[name]
    raise BadWeights("a dictionary of tensors", f"{file} wraps itself in itself more than {_DEEPEST} times", PICKLED)


def _check_keys(tensors: Mapping[Any, Any], held: Mapping[Any, Any], file: Path) -> None:
    if not tensors:
        first = next(iter(held), None)
        found = f"{file} holds none" if first is None else f"{file}: {first!r:.80} is {_words(held[first])}, no tensor"
        raise BadWeights("tensors by name", found, PICKLED)
    strange = [key for key in tensors if not isinstance(key, str)]
    if strange:
        found = f"{file}: {strange[0]!r:.80} is the name of a tensor"
        raise BadWeights("tensors by name", found, "Save network.state_dict(), whose names are text.")


def _named(tensors: Mapping[str, Any], wrappers: list[str], left: list[str], names: frozenset[str]) -> dict[str, Any]:
    """The tensors by the names that the network itself gives them."""
    state: dict[str, Any] = {}
    for key, value in tensors.items():
        if key.rpartition(".")[2] in _COUNTERS or (key.startswith(_OTHERS) and len(tensors) > 1):
            left.append(key)
            continue
        for inside in _INSIDE:
            if inside in key:
                wrappers += [inside] if inside not in wrappers else []
                key = key.replace(inside, "")
        state[key] = value
    while True:
        prefix = next((p for p in _PREFIXES if state and all(key.startswith(p) and key != p for key in state)), "")
        if not prefix or (names and names <= state.keys()):
            return state
        wrappers.append(prefix)
        state = {key.removeprefix(prefix): value for key, value in state.items()}


def _count(held: object) -> int:
    """How many tensors `held` has in all, each container looked at once: a file may hold itself."""
    seen: set[int] = set()
    todo, count = [held], 0
    while todo:
        held = todo.pop()
        if _is_tensor(held):
            count += 1
        elif isinstance(held, Mapping | list | tuple) and id(held) not in seen:
            seen.add(id(held))
            todo += held.values() if isinstance(held, Mapping) else held
    return count


def _is_tensor(value: object) -> bool:
    from torch import Tensor

    return isinstance(value, Tensor)


def _words(value: object) -> str:
    name = type(value).__name__
    if isinstance(value, list | tuple):
        return f"a {name} of {len(value)}"
    return "nothing" if value is None else "one tensor" if _is_tensor(value) else f"a {name}"
