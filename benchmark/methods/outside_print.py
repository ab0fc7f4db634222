"""What decides the scores of somebody's own method: its weights and all it holds, its code, the files that it reads."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from benchmark.core.hashes import content_hash
from benchmark.core.packages import PACKAGES
from benchmark.core.sources import imported_from, own_module, read_source
from benchmark.methods.outside_files import is_installed
from benchmark.methods.outside_state import held_by

_MOST = 2000  # sources of one folder
_COMMON = frozenset({"torch", "numpy", "pillow", "opencv-python", "opencv-python-headless"})  # in every key
_OF_THE_MACHINE = (  # where and beside whom a process runs, not what it computes
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_", "SLURM_", "CUDA_", "OMP_", "MKL_", "NCCL_"),
    *("HOME", "PATH", "PWD", "USER", "TMP", "TEMP", "LANG", "LC_", "TERM", "DISPLAY", "PYTHON"),
)
_LOADERS = frozenset({"import_module", "__import__", "exec", "eval", "run_path", "spec_from_file_location"})


@dataclass(frozen=True)
class Fingerprint:
    """What decides the scores of a method from outside, for its cells' keys.

    `weights` hashes what its objects hold, or its file; `code` its sources and the environment variables that they name;
    `files` those that it read while it was built, by path; `libraries` the versions of the packages that it imports; `form`
    how it is called; `unknown` names what it holds and cannot be compared.
    """

    weights: str
    code: str = ""
    files: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def of_onnx(path: Path) -> Fingerprint:
    """Of an ONNX file and the files beside it that its bytes name, where large weights lie."""
    digest, content = hashlib.sha256(), path.read_bytes()
    digest.update(content)
    for beside in sorted(path.parent.rglob("*")) if path.parent.exists() else ():
        name = beside.relative_to(path.parent).as_posix()
        if beside.is_file() and beside != path and os.fsencode(name) in content:
            digest.update(f"\0{name} {content_hash(beside)}".encode("utf-8", "surrogatepass"))
    return Fingerprint(digest.hexdigest(), libraries=_versions(["onnxruntime"]))


def of_script(path: Path) -> Fingerprint:
    """Of a TorchScript file."""
    return Fingerprint(content_hash(path))


def of_object(built: Callable[..., Any], module: str, files: dict[str, str]) -> Fingerprint:
    """Of what the factory in `module` built, reading `files`."""
    weights, unknown = held_by(built)
    sources, packages, without = _sources(module, type(built).__module__)
    digest = hashlib.sha256()
    for name, path in sorted(sources.items()):
        digest.update(f"{name} ".encode() + hashlib.sha256(_bytes(path)).digest())
    for variable in sorted({name for path in sources.values() for name in _environment(path)}):
        digest.update(f"{variable}={os.environ.get(variable)!r}\n".encode("utf-8", "surrogateescape"))
    return Fingerprint(weights, digest.hexdigest()[:16], files, _versions(sorted(packages)), unknown=unknown + without)


def _bytes(path: Path) -> bytes:
    return read_source(path) if path.suffix == ".py" else path.read_bytes()


def _sources(*modules: str) -> tuple[dict[str, Path], set[str], list[str]]:
    """The sources behind `modules`, the names of other packages that they import, and what could not be followed."""
    top = {module.partition(".")[0] for module in modules[:1]}
    others: set[str] = set()

    def find(name: str) -> Path | None:
        path = _file(name)
        first = name.partition(".")[0]
        if first in PACKAGES:
            return own_module(name)
        if path is None or first == "benchmark":
            return None
        if is_installed(str(path)) and first not in top:
            others.add(first)
            return None
        return path

    found: dict[str, Path] = {}
    roots = [module for module in modules if find(module) is not None]
    while roots:  # a package's own file is run before what lies in it
        found |= imported_from(roots, ("",), (), find)
        above = {name.rpartition(".")[0] for name in found} - found.keys() - {""}
        roots = [name for name in sorted(above) if find(name) is not None]
    without: list[str] = []
    for name, path in list(found.items()):
        package = name.partition(".")[0] in top and _file(name.partition(".")[0])
        folder = path.parent
        if isinstance(package, Path) and package.name == "__init__.py":
            folder = package.parent
        elif path.suffix != ".py" or not _loads_by_name(read_source(path)):
            continue
        beside = list(_python_below(folder))
        if len(beside) > _MOST:
            without.append(f"what {name} imports by name from {folder}, which holds more than {_MOST} sources")
        found |= {f"{folder.name}/{one.relative_to(folder).as_posix()}": one for one in beside[:_MOST]}
    return found, others, without


def _loads_by_name(source: bytes) -> bool:
    """Whether a source may import modules that it does not name."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = {f.id if isinstance(f, ast.Name) else f.attr for f in calls if isinstance(f, ast.Name | ast.Attribute)}
    return bool(names & _LOADERS)


def _python_below(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in ("__pycache__", "site-packages"))
        yield from (Path(base, name) for name in sorted(names) if name.endswith(".py"))


def _file(name: str) -> Path | None:
    """The file of a module, imported or not; None for one of the interpreter, and for what is no module."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if module is None:
        spec = _spec(name)
        file = spec.origin if spec and spec.has_location else None
    return Path(file) if file and Path(file).is_file() else None


def _spec(name: str) -> ModuleSpec | None:
    """Where a module would come from, found without importing the packages that it lies in."""
    spec, place = None, None
    for end in range(name.count(".") + 1):
        part = ".".join(name.split(".")[: end + 1])
        try:
            spec = PathFinder.find_spec(part, place) if end else importlib.util.find_spec(part)
        except (ImportError, ValueError, AttributeError):
            return None
        place = spec.submodule_search_locations if spec else None
        if place is None:
            break
    return spec if spec is not None and spec.name == name else None


def _environment(path: Path) -> set[str]:
    """The environment variables that a source names: `os.environ["X"]`, `os.environ.get("X")`, `os.getenv("X")`."""
    if path.suffix != ".py":
        return set()
    try:
        tree = ast.parse(read_source(path))
    except (SyntaxError, ValueError):
        return set()
    named: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _called(node.value) == "environ":
            named.append(node.slice)
        elif isinstance(node, ast.Call) and node.args and _reads_environment(node.func):
            named.append(node.args[0])
    found = {one.value for one in named if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {name for name in found if not name.startswith(_OF_THE_MACHINE)}


def _reads_environment(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and _called(function.value) == "environ":
        return function.attr in ("get", "setdefault", "pop")
    return _called(function) == "getenv"


def _called(expression: ast.expr) -> str:
    """The last word of a name: `environ` of `os.environ`."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _versions(packages: list[str]) -> dict[str, str]:
    """The versions of the distributions behind the top-level `packages`."""
    known = metadata.packages_distributions() if packages else {}
    found: dict[str, str] = {}
    for package in packages:
        for distribution in known.get(package, []):
            if distribution.lower() not in _COMMON:
                found[distribution] = metadata.version(distribution)
    return found
