"""The notebooks are valid, kept without outputs, and run from the first cell to the last in an empty folder."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((TOP / "examples" / "notebooks").glob("*.ipynb"))


def cells(notebook: Path, kind: str = "code") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def test_there_is_one_for_each_kind_of_user() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == ["check_a_claim", "guard_my_network", "my_network"]
    listed = (TOP / "examples" / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert all(f"({notebook.name})" in listed for notebook in NOTEBOOKS)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_has_no_outputs(notebook: Path) -> None:
    """What the notebook format 4.5 asks for, of which this is the part that these use."""
    whole = json.loads(notebook.read_text(encoding="utf-8"))
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
    assert set(whole) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    ids = [cell["id"] for cell in whole["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(1 <= len(one) <= 64 and one.replace("-", "").replace("_", "").isalnum() for one in ids)
    for cell in whole["cells"]:
        assert isinstance(cell["metadata"], dict)
        assert all(isinstance(line, str) for line in cell["source"])
    for cell in cells(notebook):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        ast.parse("".join(cell["source"]))
    assert cells(notebook, "markdown")[0]["source"][0].startswith("# ")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook: Path, tmp_path: Path) -> None:
    """All code cells in one process, as a kernel runs them; the last expression of each is shown and may fail."""
    program = [
        "import ast, os, sys",
        "sys.path.insert(0, os.getcwd())",
        "space = {'__name__': '__main__'}",
        f"for text in {[''.join(cell['source']) for cell in cells(notebook)]!r}:",
        "    tree = ast.parse(text)",
        "    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None",
        "    exec(compile(tree, '<cell>', 'exec'), space)",
        "    if last is not None:",
        "        print(eval(compile(ast.Expression(last.value), '<cell>', 'eval'), space))",
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(TOP),
        "SLKD_BENCH_HOME": str(tmp_path / "home"),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "100",
    }
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
