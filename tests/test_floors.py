"""The order of the house: import contracts, what an import inside a function is for, and a command line that starts at once."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PACKAGES = ("benchmark", "slkd", "baselines")
_LINT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
HEAVY = frozenset(_LINT["flake8-tidy-imports"]["banned-module-level-imports"])  # one list, for the linter and for here


def contracts(where: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the packages below `where`."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"], cwd=where, capture_output=True, text=True, env={"PYTHONPATH": str(where)}
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the sources alone."""
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(TOP / package, tmp_path / package, ignore=lambda _, names: [n for n in names if _is_data(n)])
    return tmp_path


def _is_data(name: str) -> bool:
    return "." in name and not name.endswith(".py")


def test_a_deliberate_import_upwards_breaks_the_contract(house: Path) -> None:
    kept = contracts(house)
    assert kept.returncode == 0, kept.stdout
    types = house / "benchmark/core/types.py"
    types.write_text(types.read_text(encoding="utf-8") + "\nfrom benchmark.runs import cells\n", encoding="utf-8")
    broken = contracts(house)
    assert broken.returncode != 0
    assert "benchmark.core.types -> benchmark.runs.cells" in broken.stdout


@cache
def sources() -> dict[str, Path]:
    """Every module of the packages by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in (TOP / package).rglob("*.py"):
            found[".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def imported(node: ast.AST) -> list[str]:
    """The modules that an import statement names, ours to the last part."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        full = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if name in sources() else node.module for name in full]
    return []


def at_the_top(body: list[ast.stmt]) -> list[ast.stmt]:
    """The import statements that run when a module is imported."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        elif (isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test)) or isinstance(node, ast.Try):
            found += at_the_top(node.body) + at_the_top(node.orelse)
    return found


@cache
def direct(module: str) -> frozenset[str]:
    """What importing `module` imports itself: our modules with their packages, and the roots of other people's."""
    names = [
        name
        for node in at_the_top(ast.parse(sources()[module].read_text(encoding="utf-8")).body)
        for name in imported(node)
    ]
    found = set()
    for name in names:
        parts = name.split(".")
        if parts[0] in PACKAGES:
            found |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)} & sources().keys()
        else:
            found.add(parts[0])
    return frozenset(found)


@cache
def weight(module: str) -> frozenset[str]:
    """The heavy libraries that importing `module` brings along."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += direct(name) if name in sources() else ()
    return frozenset(seen & HEAVY)


def _from(tree: ast.AST) -> list[ast.ImportFrom]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("package", PACKAGES)
def test_an_import_inside_a_function_spares_something_heavy(package: str) -> None:
    """Our own modules stand at the top of a file, but for those that would make a light module heavy."""
    needless = []
    for module in (name for name in sources() if name.split(".")[0] == package):
        tree = ast.parse(sources()[module].read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for node in _from(function):
                for name in imported(node):
                    if name in sources() and not weight(name) - weight(module):
                        needless.append(f"{module}:{node.lineno} {ast.unparse(node)}")
    assert "\n".join(sorted(set(needless))) == ""


def test_the_command_line_imports_nothing_heavy() -> None:
    heavy = "'torch', 'pandas', 'pyiqa', 'skimage', 'matplotlib', 'scipy', 'sklearn', 'fvcore', 'numpy', 'pydantic'"
    code = (
        "import sys, pkgutil, importlib, benchmark.cli as cli\n"
        "for topic in pkgutil.iter_modules(cli.__path__): importlib.import_module('benchmark.cli.' + topic.name)\n"
        f"print([m for m in ({heavy}) if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP)
    assert done.stdout.strip() == "[]"


def test_no_module_is_too_long_to_read() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in sources().items()}
    assert {name: n for name, n in lengths.items() if n > 300} == {}
