"""Methods from outside: somebody's Python factory or class, an ONNX or TorchScript file, or a plug-in's entry point.

    --method package.module:factory     importable from where the command is run
    --method path/to/net.onnx           through onnxruntime
    --method path/to/net.torchscript    through torch.jit
    --method NAME                       an entry point of the group `slkd_bench.methods`

`NAME=` before it chooses the name in result files and tables; `@weights=best.pth,multiple=4` behind it says how it is
built and called (`benchmark.methods.own`). A factory is called with the arguments that are given, and with the task's name
where it asks for one more, and gives an nn.Module or any callable from images (N, 3, H, W) in [0, 1] to the same. Its
attribute `tasks`, where it has one, restricts it to these tasks.

Importing this module imports no torch, and listing plug-ins does not import them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.hashes import content_hash
from benchmark.core.types import Task
from benchmark.datasets.passport import known_task, tasks
from benchmark.methods import outside_print
from benchmark.methods.catalogue import methods
from benchmark.methods.method import Method
from benchmark.methods.outside_build import built_for, imported
from benchmark.methods.outside_print import Fingerprint
from benchmark.methods.own import OwnNetwork, own_network, split

if TYPE_CHECKING:
    from torch import nn

GROUP = "slkd_bench.methods"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TAKEN = re.compile(r"\.(error|partial|json|seed\d+|first\d+|at-paper|at-mini)$", re.IGNORECASE)
_FILES = {".onnx": "onnx", ".torchscript": "torchscript", ".ts": "torchscript", ".pt": "torchscript"}
_A_FILE = {"onnx": "an ONNX", "torchscript": "a TorchScript"}


def plug_ins() -> dict[str, str]:
    """The installed plug-ins: name of the entry point to `package.module:factory`, without importing any."""
    return {point.name: point.value for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: p.name)}


def find(name: str, own: OwnNetwork | None = None) -> Method | None:
    """The outside method that `name` means, or None when it is no such name; `own` adds to what stands behind its @.

    A Python factory is imported, to learn its tasks. Raises BadMethod when it cannot be.
    """
    target, at, changes = name.partition("@")
    chosen, separator, target = target.partition("=")
    if not separator:
        chosen, target = "", chosen
    source = _source(target)
    if source is None:
        return None
    loader, shown, tasks, default = source
    said = own_network(split(changes, name), name) if at else OwnNetwork()
    if own is not None and not own.plain:
        said = own_network({**said.as_dict_of_text(), **own.as_dict_of_text()}, name)
    return _method(checked_id(chosen or default), loader, shown, tasks, said)


def is_target(name: str) -> bool:
    """Whether `name` says where a method comes from, and is not just a name."""
    target = name.partition("@")[0].partition("=")
    return ":" in (target[2] or target[0]) or Path(target[2] or target[0]).suffix.lower() in _FILES


def _source(target: str) -> tuple[str, str, tuple[Task, ...], str] | None:
    """The loader of a target, how it is shown, its tasks and the name that it gets; None when it is none."""
    kind = _FILES.get(Path(target).suffix.lower())
    if kind:
        path = Path(target).expanduser()
        if not path.is_file():
            raise BadMethod(f"{_A_FILE[kind]} file", f"no file '{path}'", "Check the path.")
        return f"{kind}:{path.resolve()}", str(path), tasks(), re.sub(r"[^A-Za-z0-9._-]", "-", path.name)
    if ":" in target:
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return f"python:{target}", target, _tasks(target), target.replace(":", ".")
    value = plug_ins().get(target)
    return None if value is None else (f"python:{value}", f"plug-in {value}", _tasks(value), target)


def checked_id(name: str) -> str:
    """`name` itself, if it may name a result file and is no built-in method's. Raises BadMethod otherwise."""

    if not _SAFE.fullmatch(name) or ".." in name:
        found = f"'{name}'"
        raise BadMethod("a name of letters, digits, dots, dashes and underscores", found, "Choose another name.")
    if name.lower() in (method.id for method in methods()):
        raise BadMethod("a name of its own", f"'{name}', which is a method of the suite", "Choose another name.")
    if taken := _TAKEN.search(name):
        expected = f"a name that does not end in {taken[0]}, which result files use themselves"
        raise BadMethod(expected, f"'{name}'", f"Choose another name: {name.replace('.', '-')}=...")
    return name


def row(name: str) -> Method:
    """An outside method of which only its result files are known."""
    return _method(name, "", "", tasks())


def _method(name: str, loader: str, source: str, for_tasks: tuple[Task, ...], own: OwnNetwork | None = None) -> Method:
    return Method(name, name, "", for_tasks, "outside", source, loader=loader, own=own or OwnNetwork())


def load(method: Method, task: Task | None, device: str = "cpu") -> nn.Module:
    """The network of an outside method in eval mode on `device`, with its output checked at each call.

    Raises BadMethod when it cannot be built, BadWeights when its checkpoint is of another network.
    """
    from benchmark.methods.outside_network import Checked

    built, _ = _current(method, task)
    return Checked(built, method.id, method.own).eval().to(device)


def fingerprint(method: Method, task: Task | None) -> Fingerprint:
    """What decides the scores of an outside method, for its cells' keys: all it holds, its sources, the files it reads.

    Building it is part of it. Raises BadMethod when it cannot be built.
    """
    kind, _, target = method.loader.partition(":")
    if kind == "onnx":
        found = outside_print.of_onnx(Path(target))
    elif kind == "torchscript":
        found = outside_print.of_script(Path(target))
    else:
        built, files = _current(method, task)
        found = outside_print.of_object(built, target.partition(":")[0], files)
    return replace(found, form=method.own.form())


_Known = tuple[str, Task | None, OwnNetwork]
_turns: dict[_Known, tuple[int, dict[str, str]]] = {}  # how often it was built, and of what files the last time


def _current(method: Method, task: Task | None) -> tuple[Callable[[Any], Any], dict[str, str]]:
    """What stands behind a method, built anew where a file that it was built from has changed; and those files' hashes."""
    known = method.loader, task, method.own
    turn, before = _turns.get(known, (0, {}))
    now = _hashes(before)
    if now != before:
        turn += 1
    built, files = built_for(*known, turn)
    weights = () if method.own.weights is None else (str(method.own.weights),)
    _turns[known] = turn, _hashes((*files, *weights))
    return built, _hashes(files)


def _hashes(files: Iterable[str]) -> dict[str, str]:
    return {name: content_hash(Path(name)) for name in files if Path(name).is_file()}


def _tasks(target: str) -> tuple[Task, ...]:
    """The tasks a factory says it is for; all where it says nothing."""
    said = getattr(imported(target), "tasks", tasks())
    try:
        return tuple(known_task(str(task)) for task in ((said,) if isinstance(said, str) else said))
    except (TypeError, UnknownName) as problem:
        raise BadMethod(f"tasks of {target} among {', '.join(tasks())}", repr(said), "Mend its `tasks`.") from problem
