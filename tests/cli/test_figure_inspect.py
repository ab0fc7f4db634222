"""`slkd-bench figure` and `slkd-bench inspect` as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_cli import slkd
from tests.typed import typed


@pytest.mark.parametrize("command", ["figure", "inspect"])
def test_help_fits_80_columns(command: str, tmp_path: Path) -> None:
    done = slkd(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "--scale" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "offered"),
    [
        (("figure", "pareto"), "slkd-bench run --all"),
        (("figure", "convergence", "-m", "identity"), "slkd-bench train"),
        (("figure", "1", "-d", "gopor"), "gopro"),
        (("inspect", "res-sl-scratch"), "res-sl-logits"),
        (("inspect", "res-sl-slkd", "--reading", "litteral"), "literal"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(arguments: tuple[str, ...], offered: str, tmp_path: Path) -> None:
    done = typed(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert offered in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
