"""What stands around the code is true: one version, proofs that exist, the picture of the house, a matrix that is tried."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import benchmark
from docs import draw_house
from tools import matrix

TOP = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def test_there_is_one_version() -> None:
    assert re.search(r"^version: (.*)$", read("CITATION.cff"), re.MULTILINE).group(1) == benchmark.__version__  # type: ignore[union-attr]
    assert f"## {benchmark.__version__}" in read("CHANGELOG.md")


def test_every_proof_names_a_test_that_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", read("docs/explanations/proofs.md"))
    assert len(named) > 20
    assert [name for name in named if not (TOP / name).is_file()] == []


def test_the_picture_of_the_house_is_drawn_from_the_contract() -> None:
    assert read("docs/assets/house.svg") == draw_house.draw()
    rooms = {room for floor in draw_house.floors() for room in floor}
    packages = {path.parent.name for path in (TOP / "benchmark").glob("*/__init__.py")}
    assert packages <= rooms
    assert rooms == set(draw_house.SAYS)


def test_the_workflow_tries_the_rows_of_the_matrix() -> None:
    jobs = yaml.safe_load(read(".github/workflows/quality.yml"))["jobs"]
    assert set(jobs["matrix"]["strategy"]["matrix"]["row"]) | {"newest", "py311"} == set(matrix.ROWS)


def test_the_matrix_tries_what_is_promised() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    promised = {entry.rsplit(" ", 1)[-1] for entry in project["classifiers"] if re.search(r"Python :: 3\.\d", entry)}
    assert {row.python for row in matrix.ROWS.values()} == promised
    lowest = next(entry for entry in project["dependencies"] if entry.startswith("torch>="))
    assert any(
        pin.startswith(f"torch=={lowest.removeprefix('torch>=')}") for row in matrix.ROWS.values() for pin in row.pins
    )
    assert "numpy==1.26" in matrix.lowest()


@pytest.mark.parametrize("path", sorted((TOP / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_every_workflow_and_form_is_yaml(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_environment_variable_is_explained() -> None:
    packages = [TOP / name for name in ("benchmark", "slkd", "baselines")]
    sources = [path.read_text(encoding="utf-8") for package in packages for path in package.rglob("*.py")]
    used = {name for text in sources for name in re.findall(r"SLKD_BENCH_[A-Z_]*[A-Z]", text)}
    page = read("docs/explanations/settings.md")
    assert {name for name in used if f"`{name}`" not in page} == set()
