"""Methods from outside: somebody's Python factory, an ONNX file, or a plug-in's entry point.

    --method package.module:factory     importable from where the command is run
    --method path/to/net.onnx           through onnxruntime
    --method NAME                       an entry point of the group `slkd_bench.methods`

`NAME=` before the first two chooses the name in result files and tables. A factory is called without arguments, or with
the task's name where it asks for one, and gives an nn.Module or any callable from images (N, 3, H, W) in [0, 1] to the
same. Its attribute `tasks`, where it has one, restricts it to these tasks.

Importing this module imports no torch, and listing plug-ins does not import them.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadMethod, UnknownName
from benchmark.core.types import Task
from benchmark.datasets.passport import known_task, tasks
from benchmark.methods.catalogue import methods
from benchmark.methods.method import Method

if TYPE_CHECKING:
    from torch import nn

GROUP = "slkd_bench.methods"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def plug_ins() -> dict[str, str]:
    """The installed plug-ins: name of the entry point to `package.module:factory`, without importing any."""
    return {point.name: point.value for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: p.name)}


def find(name: str) -> Method | None:
    """The outside method that `name` means, or None when it is no such name.

    A Python factory is imported, to learn its tasks. Raises BadMethod when it cannot be.
    """
    chosen, separator, target = name.partition("=")
    if not separator:
        chosen, target = "", name
    if target.lower().endswith(".onnx"):
        path = Path(target).expanduser()
        if not path.is_file():
            raise BadMethod("an ONNX file", f"no file '{path}'", "Check the path.")
        id = checked_id(chosen or re.sub(r"[^A-Za-z0-9._-]", "-", path.name))
        return _method(id, f"onnx:{path.resolve()}", str(path), tasks())
    if ":" in target:
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        said = _tasks(target)
        return _method(checked_id(chosen or target.replace(":", ".")), f"python:{target}", target, said)
    value = plug_ins().get(target)
    if value is None:
        return None
    return _method(checked_id(chosen or target), f"python:{value}", f"plug-in {value}", _tasks(value))


def checked_id(id: str) -> str:
    """`id` itself, if it may name a result file and is no built-in method's. Raises BadMethod otherwise."""

    if not _SAFE.fullmatch(id) or ".." in id:
        found = f"'{id}'"
        raise BadMethod("a name of letters, digits, dots, dashes and underscores", found, "Choose another name.")
    if id.lower() in (method.id for method in methods()):
        raise BadMethod("a name of its own", f"'{id}', which is a method of the suite", "Choose another name.")
    return id


def row(id: str) -> Method:
    """An outside method of which only its result files are known."""
    return _method(id, "", "", tasks())


def _method(id: str, loader: str, source: str, for_tasks: tuple[Task, ...]) -> Method:
    return Method(id, id, "", for_tasks, "outside", source, loader=loader)


def load(method: Method, task: Task | None, device: str = "cpu") -> nn.Module:
    """The network of an outside method in eval mode on `device`, with its output checked at each call.

    Raises BadMethod when it cannot be built.
    """
    from benchmark.methods.outside_network import Checked

    return Checked(_built(method.loader, task), method.id).eval().to(device)


def fingerprint(method: Method, task: Task | None) -> tuple[str, str]:
    """Hashes of the weights and of the code behind an outside method, for its cells' keys.

    Weights: the state dict, or the ONNX file, or nothing where a callable has none. Code: the factory's package, or its
    file where it stands in none, and the file of the network's class.
    """
    from torch import nn

    kind, _, target = method.loader.partition(":")
    if kind == "onnx":
        digest = hashlib.sha256()
        for path in (Path(target), Path(target + ".data")):
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest(), ""
    built = _built(method.loader, task)
    sources = set(_sources(target.partition(":")[0])) | set(_sources(type(built).__module__))
    code = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(sources))).hexdigest()[:16]
    return (_state_hash(built) if isinstance(built, nn.Module) else ""), code


def _state_hash(network: nn.Module) -> str:
    import torch

    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode() + b"\0")
        if isinstance(value, torch.Tensor):
            flat = value.detach().cpu().contiguous().reshape(-1)
            digest.update(f"{value.dtype}{tuple(value.shape)}".encode() + flat.view(torch.uint8).numpy().tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()


def _sources(module: str) -> Iterator[Path]:
    top, own = sys.modules.get(module.partition(".")[0]), sys.modules.get(module)
    if top is not None and getattr(top, "__file__", None) and Path(top.__file__ or "").name == "__init__.py":
        if module.partition(".")[0] != "torch":  # its version stands in the result file
            yield from Path(top.__file__ or "").parent.rglob("*.py")
    elif own is not None and getattr(own, "__file__", None):
        yield Path(own.__file__ or "")


@lru_cache(maxsize=8)
def _built(loader: str, task: Task | None) -> Callable[[Any], Any]:
    """What stands behind a loader; random weights are drawn from one seed, so that a second run finds the same."""
    import torch

    kind, _, target = loader.partition(":")
    if kind == "onnx":
        from benchmark.methods.outside_network import OnnxNetwork

        return OnnxNetwork(Path(target))
    factory = _imported(target)
    if isinstance(factory, torch.nn.Module):
        return factory
    try:
        asks = [
            p
            for p in inspect.signature(factory).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and (p.default is p.empty or p.name == "task")
        ]
    except (TypeError, ValueError):
        asks = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            built = factory(str(task or "")) if asks else factory()
        except Exception as problem:
            found = f"{type(problem).__name__}: {problem}"
            raise BadMethod(f"{target} to build a network", found, "Mend the factory; call it in Python.") from problem
    if not callable(built):
        found = f"{type(built).__name__}"
        raise BadMethod(f"an nn.Module or another callable from {target}", found, "Return the network.")
    return built


def _tasks(target: str) -> tuple[Task, ...]:
    """The tasks a factory says it is for; all where it says nothing."""
    said = getattr(_imported(target), "tasks", tasks())
    try:
        return tuple(known_task(str(task)) for task in ((said,) if isinstance(said, str) else said))
    except (TypeError, UnknownName) as problem:
        raise BadMethod(f"tasks of {target} among {', '.join(tasks())}", repr(said), "Mend its `tasks`.") from problem


def _imported(target: str) -> Callable[..., Any]:
    """The object behind `package.module:factory`. Raises BadMethod saying which part is missing."""
    module_name, _, attribute = target.partition(":")
    if not re.fullmatch(r"\w+(\.\w+)*", module_name) or not re.fullmatch(r"\w+(\.\w+)*", attribute):
        raise BadMethod("package.module:factory", f"'{target}'", "For example --method mypackage.net:build.")
    try:
        found: Any = importlib.import_module(module_name)
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
