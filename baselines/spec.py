"""Declarations at the end of a file, read without running the file.

A network's file ends with `SPEC = NetworkSpec(id="...", ...)`, every argument a literal. So a program can list what there is
without importing torch, and adding something touches one file. Any frozen data class can be declared in this way.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")
KINDS = ("NetworkSpec", "DistillerSpec")  # what a SPEC may be


class SpecError(ValueError):
    """A declaration that does not say what it has to: `key` of `file` at `line`, what was expected and what was found."""

    def __init__(self, key: str, expected: str, found: str, file: Path | None = None, line: int = 0) -> None:
        self.key, self.expected, self.found, self.file, self.line = key, expected, found, file, line
        place = f"{file}, line {line}: " if file else ""
        super().__init__(f"{place}{key}: expected {expected}; found {found}")


def read_specs(file: Path, kind: type[T]) -> list[T]:
    """The declarations `NAME = kind(...)` at the top level of a Python file, in its order, without importing it.

    A field of `kind` called `file` is set to the path; declarations of the other `KINDS` are passed over. Raises SpecError,
    with the line, for Python that cannot be parsed, for an argument that is missing, unknown or no literal, for a name SPEC
    that holds something else, and for what `kind` refuses.
    """
    text = file.read_text(encoding="utf-8")
    start = re.search(rf"^(SPEC\b|\w+[^=\n]*= *(\w+\.)*{kind.__name__}\()", text, re.MULTILINE)
    if start is None:
        return []
    found = []
    for statement in _tail(text, start.start(), file):
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if _is_call(statement.value, kind.__name__):
            found.append(_made(statement.value, kind, file))
        elif "SPEC" in names and not any(_is_call(statement.value, other) for other in KINDS):
            line = f"{names[0]} = {ast.unparse(statement.value) if statement.value else '(nothing)'}"
            raise SpecError("SPEC", f"SPEC = {kind.__name__}(...)", line[:60], file, statement.lineno)
    return found


def named(target: str, file: Path | None) -> Any:
    """What "module:Name" names; ":Name" is of the declaration's own `file`, wherever it lies.

    Raises ImportError or AttributeError where it names nothing.
    """
    module, _, attribute = target.partition(":")
    return getattr(module_of(module, file), attribute)


def module_of(name: str, file: Path | None) -> ModuleType:
    """The module `name`, or without a name the one in `file`, which is run once while it stays. Raises ImportError."""
    if name:
        return importlib.import_module(name)
    if file is None:
        raise ImportError("a target without a module needs the file of the declaration")
    return _imported(file)


def _imported(file: Path) -> ModuleType:
    name = f"networks_by_file.{file.stem}_{abs(hash(str(file.resolve()))):x}"
    if name in sys.modules and sys.modules[name].__dict__.get("__written__") == file.stat().st_mtime_ns:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    module.__dict__["__written__"] = file.stat().st_mtime_ns
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _tail(text: str, start: int, file: Path) -> list[ast.stmt]:
    """The statements from the first declaration on, which spares the parsing of all that stands before it."""
    before = text[:start].count("\n")
    try:
        module = ast.parse("\n" * before + text[start:], str(file))
    except SyntaxError as problem:
        raise SpecError("the file", "Python", problem.msg, file, problem.lineno or 0) from problem
    return module.body


def _is_call(value: ast.expr | None, kind: str) -> bool:
    if not isinstance(value, ast.Call):
        return False
    called = value.func
    return kind == (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", ""))


def _made(call: Any, kind: type[T], file: Path) -> T:
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    own = {"file": file} if "file" in known else {}
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    if call.args:
        raise SpecError(kind.__name__, "named arguments only", ast.unparse(call.args[0])[:60], file, call.lineno)
    for keyword in call.keywords:
        name, line = keyword.arg or "**", keyword.value.lineno
        if name not in known or name in own:
            expected = f"one of {', '.join(n for n in known if n not in own)}"
            raise SpecError(name, expected, "an unknown key", file, line)
        try:
            values[name] = ast.literal_eval(keyword.value)
        except ValueError as problem:
            text = ast.unparse(keyword.value)[:60]
            raise SpecError(
                name, "a literal, which can be read without running the file", text, file, line
            ) from problem
        lines[name] = line
    for name, field in known.items():
        if name not in values and name not in own and field.default is MISSING and field.default_factory is MISSING:
            raise SpecError(name, "a value", "none", file, call.lineno)
    try:
        return kind(**values, **own)
    except SpecError as problem:
        line = lines.get(problem.key.partition(".")[0], call.lineno)
        raise SpecError(problem.key, problem.expected, problem.found, file, line) from problem
