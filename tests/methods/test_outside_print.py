"""What a method of one's own imports late, or is told by its environment, decides its score and stands in its key."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.methods import outside
from benchmark.methods.find import get_method

NETWORK = """
import os
def late(image):
    import lateparts.inner.act
    return image * lateparts.inner.act.GAIN
def chosen(image):
    return image * float(os.environ.get("MY_GAIN", "1")) * float(os.getenv("RANK", "1"))
def build_late(): return late
def build_chosen(): return chosen
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module beside a package of two levels that nobody has imported yet."""
    name = f"latenet_{os.getpid()}_{tmp_path.name.rpartition('-')[2]}".replace("-", "_").replace(".", "_")
    (tmp_path / f"{name}.py").write_text(NETWORK)
    (tmp_path / "lateparts/inner").mkdir(parents=True)
    for file in ("lateparts/__init__.py", "lateparts/inner/__init__.py"):
        (tmp_path / file).write_text("from math import pi\n")
    (tmp_path / "lateparts/inner/act.py").write_text("GAIN = 1.0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for loaded in [one for one in sys.modules if one.startswith("lateparts")]:
        del sys.modules[loaded]


def code_of(target: str) -> str:
    return outside.fingerprint(get_method(f"mine={target}"), None).code


@pytest.mark.parametrize("file", ["inner/act.py", "inner/__init__.py", "__init__.py"])
def test_a_package_that_is_imported_late_counts_with_what_lies_above(module: str, tmp_path: Path, file: str) -> None:
    before = code_of(f"{module}:build_late")
    assert code_of(f"{module}:build_late") == before
    assert "lateparts" not in sys.modules
    (tmp_path / "lateparts" / file).write_text("GAIN = 0.5\n")
    assert code_of(f"{module}:build_late") != before


def test_an_environment_variable_that_a_source_names_counts(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_of(f"{module}:build_chosen")
    monkeypatch.setenv("OTHER_GAIN", "3")
    monkeypatch.setenv("RANK", "1")  # whose place among others, not what is computed
    assert code_of(f"{module}:build_chosen") == before
    monkeypatch.setenv("MY_GAIN", "0.5")
    assert code_of(f"{module}:build_chosen") != before
