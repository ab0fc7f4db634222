"""What stands behind a method from outside: a factory imported and called, or a file opened, and its weights loaded."""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadMethod
from benchmark.core.types import Task
from benchmark.methods.outside_files import reading
from benchmark.methods.outside_weights import fill
from benchmark.methods.own import OwnNetwork

if TYPE_CHECKING:
    from torch import Tensor

_log = logging.getLogger(__name__)
READS_ARGUMENTS = "Put what reads command-line arguments, or exits, under `if __name__ == '__main__':`."


@lru_cache(maxsize=4)
def built_for(
    loader: str, task: Task | None, own: OwnNetwork, turn: int = 0
) -> tuple[Callable[[Any], Any], tuple[str, ...]]:
    """What stands behind a loader, and the files that were read for it.

    Random weights are drawn from one seed, so that a second run finds the same. `turn` asks for a new one.
    """
    import torch

    kind, _, target = loader.partition(":")
    if kind != "python":
        from benchmark.methods.outside_network import OnnxNetwork, script_network

        if own.weights is not None or own.arguments:
            raise BadMethod(f"weights and arguments for a class alone, not for {target}", "some", "Leave them out.")
        return (OnnxNetwork(Path(target)) if kind == "onnx" else script_network(Path(target))), ()
    with torch.random.fork_rng(devices=[]), reading() as reads:
        torch.manual_seed(0)
        factory = imported(target)
        ready = isinstance(factory, torch.nn.Module)
        built = factory if ready else _called(factory, target, task, own)
    if not callable(built):
        found = f"{type(built).__name__}"
        raise BadMethod(f"an nn.Module or another callable from {target}", found, "Return the network.")
    _fill(built, target, own)
    if own.weights is None and not reads.paths and not ready:
        _warn_of_chance(built, lambda: _called(factory, target, task, own), target)
    return built, tuple(reads.paths)


def _called(factory: Callable[..., Any], target: str, task: Task | None, own: OwnNetwork) -> Any:
    """What the factory or class gives, called with what is said of it, and with the task where it asks for one more."""
    keywords = own.keywords()
    try:
        asks = [
            p
            for p in inspect.signature(factory).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            and p.name not in keywords
            and (p.default is p.empty or p.name == "task")
        ]
    except (TypeError, ValueError):
        asks = []
    try:
        return factory(str(task or ""), **keywords) if asks else factory(**keywords)
    except (Exception, SystemExit) as problem:
        given = ", ".join(f"{name}={value!r}" for name, value in keywords.items())
        found = f"{type(problem).__name__}: {problem}"
        remedy = READS_ARGUMENTS if isinstance(problem, SystemExit) else "Mend the factory; call it in Python."
        if isinstance(problem, TypeError):
            remedy = "Say its arguments behind the @: NAME=package.module:Class@width=48,depth=4."
        raise BadMethod(f"{target} to build a network{given and f' with {given}'}", found, remedy) from problem


def _fill(built: Any, target: str, own: OwnNetwork) -> None:
    """Loads the checkpoint that is given."""
    import torch

    if own.weights is not None:
        if not isinstance(built, torch.nn.Module):
            found = f"a {type(built).__name__} from {target}"
            raise BadMethod("an nn.Module to load the weights into", found, "Load them in the factory.")
        fill(built, own.weights, target)


def _warn_of_chance(built: Any, again: Callable[[], Any], target: str) -> None:
    """Says so where weights hang on chance: built again from another seed, they are others.

    Weights that a factory sets in its code are the same whatever the seed, and nothing is said of them.
    """
    import torch

    if not isinstance(built, torch.nn.Module):
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        other = again()
    if not isinstance(other, torch.nn.Module):
        return
    known = dict(other.named_parameters())
    count = sum(name not in known or not _same(one, known[name]) for name, one in built.named_parameters())
    if count:
        _log.warning(
            "%s: no checkpoint was loaded, and its factory read no file: %d of its %d weight tensors are drawn at random. "
            "Give --weights FILE if it has trained ones.",
            target,
            count,
            len(known),
        )


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal, each NaN to a NaN."""
    import torch

    return one.shape == other.shape and torch.allclose(one.double(), other.double(), rtol=0, atol=0, equal_nan=True)


def imported(target: str) -> Callable[..., Any]:
    """The object behind `package.module:factory`. Raises BadMethod saying which part is missing."""
    module_name, _, attribute = target.partition(":")
    if not re.fullmatch(r"\w+(\.\w+)*", module_name) or not re.fullmatch(r"\w+(\.\w+)*", attribute):
        raise BadMethod("package.module:factory", f"'{target}'", "For example --method mypackage.net:build.")
    try:
        found: Any = importlib.import_module(module_name)
    except SystemExit as problem:
        found = f"SystemExit: {problem}, while it was imported"
        raise BadMethod(f"a module behind {target} that can be imported", found, READS_ARGUMENTS) from problem
    except Exception as problem:  # a stranger's module may fail in any way while it is imported
        reason = f"{type(problem).__name__}: {problem}"
        remedy = f"Run the command where 'import {module_name}' works; '{Path.cwd()}' is searched too."
        raise BadMethod(f"a module '{module_name}' that can be imported", reason, remedy) from problem
    for part in attribute.split("."):
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, dir(found), n=3)
            remedy = f"Did you mean {' or '.join(near)}?" if near else "Check its spelling."
            raise BadMethod(f"'{attribute}' in {module_name}", "no such name", remedy)
        found = getattr(found, part)
    if not callable(found):
        raise BadMethod(f"a factory '{target}' that can be called", f"a {type(found).__name__}", "Name a function.")
    return found  # type: ignore[no-any-return]
