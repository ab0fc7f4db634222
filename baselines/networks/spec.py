"""What a network's file declares of the network, at its end: everything that the rest of a program has to know of it.

Importing this module does not import torch; `build` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, get_args

from baselines.spec import SpecError, module_of, named, read_specs

if TYPE_CHECKING:
    from torch import nn

Arguments = dict[str, Any]
Kind = Literal["teacher", "student", "lightweight"]
ALL_TASKS = ("deraining", "deblurring", "denoising")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_TARGET = re.compile(r"([A-Za-z_][\w.]*)?:[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """One network: `SPEC = NetworkSpec(...)` at the end of its file, in literals.

    A target is "module:Name"; ":Name" means the file of the declaration itself, wherever it lies.

    Args:
        id: as typed, and as cards and result files name it.
        title: as printed.
        network: target of the class, an nn.Module from images (N, 3, H, W) in [0, 1] to the same.
        paper: first author and venue, as a table's note prints them.
        year: of the publication.
        arguments: the constructor's, by scale ("paper": as published; "mini": trains in minutes on two cores).
        by_task: what a task changes in them, by task and scale.
        tasks: what the network was published for, the first one being where it is profiled.
        kind: teacher, student or lightweight.
        teacher: of a student: the id of the network that it is taught by.
        licence: of the authors' code and checkpoints; what is here was written afresh.
        objective: target of the loss that it is trained by where nothing distils into it; empty: L1 to the clean image.
        objective_options: arguments of that loss, by scale ("mini", "paper") or by task.
        recipe: how its authors train it, as a recipe's numbers; empty: as the SLKD paper trains everything.
        simplified: where that recipe is simpler than what the authors write; empty: nowhere.
        mini_recipe: what training at scale mini changes in the recipe that all share.
        mini_recipe_by_task: what a task changes in that, by task.
        architectures: further published forms by name, each as changed arguments at scale paper.
        hypotheses: what a paper may have counted instead when it prints another cost, each as changed arguments.
        saved: target of a function of the image size and the arguments: multiply-accumulates that the authors' form takes
            and ours does not.
    """

    id: str
    title: str
    network: str
    paper: str
    year: int
    arguments: Mapping[str, Arguments]
    by_task: Mapping[str, Mapping[str, Arguments]] = field(default_factory=dict)
    tasks: tuple[str, ...] = ALL_TASKS
    kind: Kind = "lightweight"
    teacher: str = ""
    licence: str = ""
    objective: str = ""
    objective_options: Mapping[str, Arguments] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    simplified: str = ""
    mini_recipe: Mapping[str, Any] = field(default_factory=dict)
    mini_recipe_by_task: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    architectures: Mapping[str, Arguments] = field(default_factory=dict)
    hypotheses: Mapping[str, Arguments] = field(default_factory=dict)
    saved: str = ""
    file: Path | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash((self.id, self.network, self.year))

    def __post_init__(self) -> None:
        self._check_words()
        self._check_tables()

    def _check_words(self) -> None:
        for key in ("id", "title", "paper", "network", "teacher", "licence", "objective", "simplified", "saved"):
            _check(isinstance(getattr(self, key), str), key, "text", getattr(self, key))
        expected = "lower-case letters, digits, dots, dashes and underscores"
        _check(bool(_ID.fullmatch(self.id)) and ".." not in self.id, "id", expected, self.id)
        _check(bool(self.title), "title", "text", self.title)
        for key in ("network", "objective", "saved"):
            target = getattr(self, key)
            optional = key != "network" and not target
            _check(optional or bool(_TARGET.fullmatch(target)), key, '"module:Name" or ":Name"', target)
        _check(isinstance(self.year, int), "year", "a whole number", self.year)
        _check(self.kind in get_args(Kind), "kind", f"one of {', '.join(get_args(Kind))}", self.kind)
        _check(
            (self.kind == "student") == bool(self.teacher), "teacher", "the teacher of a student alone", self.teacher
        )
        good = isinstance(self.tasks, tuple) and self.tasks and all(isinstance(task, str) for task in self.tasks)
        _check(bool(good), "tasks", 'a tuple of tasks, as ("deraining",)', self.tasks)

    def _check_tables(self) -> None:
        _check(_is_table(self.arguments) and bool(self.arguments), "arguments", "arguments by scale", self.arguments)
        tables = (
            "objective_options",
            "recipe",
            "mini_recipe",
            "mini_recipe_by_task",
            "architectures",
            "hypotheses",
            "by_task",
        )
        for key in tables:
            _check(_is_table(getattr(self, key)), key, "a dictionary with text as its keys", getattr(self, key))
        nested = ("arguments", "objective_options", "by_task", "mini_recipe_by_task", "architectures", "hypotheses")
        for key in nested:
            for name, value in getattr(self, key).items():
                _check(_is_table(value), f"{key}.{name}", "a dictionary with text as its keys", value)
        for scale in self.arguments:
            _check(scale in ("paper", "mini"), "arguments", 'the scales "paper" and "mini"', scale)
        for key in ("by_task", "mini_recipe_by_task"):
            for task in getattr(self, key):
                _check(task in self.tasks, key, f"tasks of this network ({', '.join(self.tasks)})", task)

    def arguments_for(self, scale: str, task: str | None = None, architecture: str = "") -> Arguments:
        """The constructor's arguments at `scale` for `task`; `architecture` names one of `architectures` (empty: the first).

        Raises KeyError for a scale or an architecture that is not declared.
        """
        chosen = self.arguments[scale] | self.by_task.get(task or "", {}).get(scale, {})
        return chosen | self.architectures[architecture] if architecture else dict(chosen)

    def build(self, scale: str, task: str | None = None, **changed: Any) -> nn.Module:
        """The network with fresh weights, with `changed` arguments in place of the declared ones.

        Seed torch before the call for the same weights each time.
        """
        network: nn.Module = self.find(self.network)(**(self.arguments_for(scale, task) | changed))
        return network

    def module(self) -> ModuleType:
        """The module that the network's class is defined in."""
        return module_of(self.network.partition(":")[0], self.file)

    def find(self, target: str) -> Any:
        """What a target of this declaration names. Raises AttributeError or ImportError where it names nothing."""
        return named(target, self.file)


def network_specs(file: Path) -> list[NetworkSpec]:
    """The networks that a file declares, without importing it. Raises SpecError."""
    return read_specs(file, NetworkSpec)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _check(good: bool, key: str, expected: str, found: object) -> None:
    if not good:
        raise SpecError(key, expected, repr(found)[:80])
