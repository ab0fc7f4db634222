"""The networks there are: those of the package and those of the user, by what their files declare.

A file in the folder `networks` of the user's own folder, or of a folder named by SLKD_BENCH_NETWORKS (several with the
system's path separator between), is a network like a shipped one: it ends with `SPEC = NetworkSpec(...)`, and is listed,
profiled, trained and run by its id. Importing this module does not import torch; only building runs a network's file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from baselines.networks.spec import Arguments, NetworkSpec, network_specs
from baselines.spec import SpecError
from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.types import Task
from benchmark.datasets.passport import tasks
from benchmark.methods.declared import is_own, state

if TYPE_CHECKING:
    from torch import nn

_REMEDY = "Mend the declaration at the end of the file, or move the file away."


def networks() -> dict[str, NetworkSpec]:
    """All networks by id: the package's by kind, tasks and year, then the user's by file.

    Raises BadMethod for a declaration that cannot be read, and for two of one id.
    """
    return dict(_read(state()))


def network(name: str) -> NetworkSpec:
    """The network of this id. Raises UnknownName."""
    known = networks()
    if name not in known:
        raise UnknownName("network", name, known)
    return known[name]


def arguments(name: str, scale: str, task: str | None = None, architecture: str = "") -> Arguments:
    """The constructor's arguments of the network `name` at `scale` for `task`, in one of its published architectures.

    Raises UnknownName for another name or architecture, BadMethod for a scale that the network is not declared at.
    """
    spec = network(name)
    if scale not in spec.arguments:
        remedy = f"Give --scale {next(iter(spec.arguments))}, or add them to {spec.file}."
        raise BadMethod(f"arguments of {name} at scale {scale}", "none", remedy)
    if architecture and architecture not in spec.architectures:
        raise UnknownName(f"architecture of {name}", architecture, spec.architectures)
    return spec.arguments_for(scale, task, architecture)


def build(name: str, scale: str, task: str | None = None, architecture: str = "") -> nn.Module:
    """The network `name` with fresh weights. Seed torch before the call for the same ones each time.

    Raises as `arguments`, and BadMethod where the file of the network cannot be imported or has no such class.
    """
    spec, chosen = network(name), arguments(name, scale, task, architecture)
    try:
        return spec.build(scale, task, **chosen)
    except (ImportError, AttributeError, SyntaxError, TypeError) as problem:
        expected = f"{spec.network} to be built with {', '.join(chosen) or 'no arguments'}"
        found = f"{type(problem).__name__}: {problem} ({spec.file})"
        raise BadMethod(expected, found, "Mend the class, or its declaration at the end of the file.") from problem


@cache
def _read(files: tuple[tuple[Path, int], ...]) -> dict[str, NetworkSpec]:
    found: dict[str, NetworkSpec] = {}
    for file, _ in files:
        try:
            declared = network_specs(file)
        except SpecError as problem:
            place = f"{problem.found} ({problem.file}, line {problem.line})"
            raise BadMethod(f"{problem.key}: {problem.expected}", place, _REMEDY) from problem
        for spec in declared:
            if spec.id in found:
                raise BadMethod(f"one network called '{spec.id}'", f"{found[spec.id].file} and {file}", _REMEDY)
            unknown = [task for task in spec.tasks if task not in tasks()]
            if unknown:
                expected = f"tasks: of {', '.join(tasks())}"
                raise BadMethod(expected, f"'{unknown[0]}' ({file})", _REMEDY)
            found[spec.id] = spec
    return {spec.id: spec for spec in sorted(found.values(), key=lambda spec: _place(spec, found))}


def _place(spec: NetworkSpec, known: dict[str, NetworkSpec]) -> tuple[object, ...]:
    """Teachers by year, each with its students, then the others by task and year; the user's own last."""
    if spec.teacher and spec.teacher not in known:
        raise BadMethod(
            f"the network '{spec.teacher}', which teaches {spec.id}", f"no such network ({spec.file})", _REMEDY
        )
    first = known.get(spec.teacher, spec)
    own = is_own(first.file)
    of_tasks = len(spec.tasks), tasks().index(Task(spec.tasks[0]))
    return own, first.kind == "lightweight", of_tasks, first.year, first.id, bool(spec.teacher), spec.id
