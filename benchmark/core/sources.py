"""Hashes of source code that hang on what it says to Python, and the walk along its imports.

Comments, docstrings and layout play no part, so that tidying code makes no result stale. Left out as well are what only
a type checker imports, `__all__`, and declarations as `NetworkSpec(...)`, whose arguments stand in a cell's key themselves.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

_TOP = Path(__file__).resolve().parent.parent.parent
_UNSAID = frozenset({"__all__"})  # assignments that decide no score


def read_source(path: Path) -> bytes:
    """The bytes of a source file."""
    return path.read_bytes()


def own_module(name: str) -> Path | None:
    """The file of one of our modules by its dotted name; None for anybody else's."""
    plain = _TOP.joinpath(*name.split("."))
    for path in (plain.with_suffix(".py"), plain / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def sources_hash(
    roots: tuple[str, ...], follow: tuple[str, ...], stop: tuple[str, ...] = (), file: Path | None = None
) -> str:
    """The sha256 (16 digits) over the modules `roots` and all that they import, directly or not, below `follow`.

    `follow` and `stop` are dotted names; a module below one of `stop` is left out. Raises ValueError for a root that is
    no module of ours.

    Args:
        roots: dotted names of modules.
        follow: what is followed; "" is everything of ours.
        stop: what is not.
        file: where the first root lies, when it is no module of ours.
    """
    digest = hashlib.sha256()

    def find(name: str) -> Path | None:
        return file if file is not None and name == roots[0] else own_module(name)

    for name, path in sorted(imported_from(roots, follow, stop, find).items()):
        digest.update(f"{name} {analysed(read_source(path), name, path.name == '__init__.py')[0]}\n".encode())
    return digest.hexdigest()[:16]


def imported_from(
    roots: Sequence[str],
    follow: Sequence[str],
    stop: Sequence[str] = (),
    find: Callable[[str], Path | None] = own_module,
) -> dict[str, Path]:
    """The modules `roots` and all that they import below `follow` and not below `stop`, by their dotted names."""
    found: dict[str, Path] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found or (name not in roots and (not _below(name, follow) or _below(name, stop))):
            continue
        path = find(name)
        if path is None:
            if name in roots:
                raise ValueError(f"expected a module of ours, found '{name}'")
            continue
        found[name] = path
        if path.suffix == ".py":
            waiting += analysed(read_source(path), name, path.name == "__init__.py")[1]
    return found


def _below(name: str, prefixes: Sequence[str]) -> bool:
    return any(not prefix or name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


@lru_cache(maxsize=4096)
def analysed(source: bytes, module: str, package: bool) -> tuple[str, tuple[str, ...]]:
    """The hash of what `source` says to Python, and the dotted names that it may import.

    A source that cannot be parsed is hashed as it is.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return hashlib.sha256(source).hexdigest(), ()
    digest = hashlib.sha256("\n".join(_told(tree)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest(), tuple(dict.fromkeys(_imports(tree, module, package)))


def _told(node: ast.AST) -> Iterator[str]:
    """The tree as lines that are the same under every version of Python: no empty fields, no positions, no docstrings."""
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        if value is None or value == [] or name in ("ctx", "kind", "type_comment"):
            continue
        yield f".{name}"
        if name in ("body", "orelse") and isinstance(value, list):
            value = [one for one in value if not _unsaid(one)]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                yield from _told(one)
            else:
                yield repr(one)
    yield ")"


def _unsaid(node: ast.AST) -> bool:
    """A statement that computes nothing (a docstring), or that decides no score."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return _declares(node.value) or all(isinstance(one, ast.Name) and one.id in _UNSAID for one in targets)
    return _for_types_alone(node)


def _declares(value: ast.expr | None) -> bool:
    """Whether a value is a declaration such as `NetworkSpec(...)`."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id.endswith("Spec")


def _for_types_alone(node: ast.AST) -> bool:
    if not isinstance(node, ast.If) or node.orelse:
        return False
    test = node.test
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _imports(node: ast.AST, module: str, package: bool) -> Iterator[str]:
    parts = module.split(".") if package else module.split(".")[:-1]
    for child in ast.iter_child_nodes(node):
        if _for_types_alone(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            above = parts[: len(parts) - child.level + 1] if child.level else []
            base = ".".join([*above, *([child.module] if child.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in child.names)
        else:
            yield from _imports(child, module, package)
