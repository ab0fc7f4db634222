"""The import rule of the three packages: benchmark above slkd above baselines, nothing imports upwards."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
ALLOWED = {"baselines": {"baselines"}, "slkd": {"slkd", "baselines"}, "benchmark": {"benchmark", "slkd", "baselines"}}


def imported(source: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_only_go_down(package: str) -> None:
    sources = list((TOP / package).rglob("*.py"))
    assert sources
    for source in sources:
        for name in imported(source):
            root = name.partition(".")[0]
            assert root not in ALLOWED or root in ALLOWED[package], f"{source} imports {name}"


def test_slkd_uses_only_the_networks_of_baselines() -> None:
    for source in (TOP / "slkd").rglob("*.py"):
        for name in imported(source):
            assert not name.startswith("baselines.distillation"), f"{source} imports {name}"


def test_the_command_line_imports_nothing_heavy() -> None:
    heavy = "'torch', 'pandas', 'pyiqa', 'skimage', 'matplotlib', 'scipy', 'sklearn', 'fvcore', 'numpy'"
    code = f"import sys, benchmark.cli; print([m for m in ({heavy}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP)
    assert done.stdout.strip() == "[]"


def test_no_module_is_too_long_to_read() -> None:
    lengths = {
        p.relative_to(TOP).as_posix(): len(p.read_text().splitlines())
        for package in ALLOWED
        for p in (TOP / package).rglob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > 360} == {}
