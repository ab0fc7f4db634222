"""What stands around the code is true: one version, proofs that exist, the picture of the house, a matrix that is tried."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.version import Version

import benchmark
from docs import draw_house
from tools import check_dist, matrix

TOP = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def test_there_is_one_version() -> None:
    assert re.findall(r"^version: (.*)$", read("CITATION.cff"), re.MULTILINE) == [benchmark.__version__]
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


@pytest.mark.parametrize(
    ("told", "passed", "failed"),
    [
        ("2 failed, 1530 passed, 3 skipped, 1 error in 61.20s (0:01:01)", "1530", "3"),
        ("12 passed, 1 xfailed, 2 warnings in 3.1s", "12", "0"),
        ("no tests ran in 0.01s", "0", "0"),
        ("1 passed, 2 errors in 0.1s", "1", "2"),
    ],
)
def test_the_matrix_counts_what_pytest_tells(told: str, passed: str, failed: str) -> None:
    assert (matrix.counted(told, "passed"), matrix.counted(told, "failed")) == (passed, failed)


def test_the_matrix_tries_what_is_promised() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    promised = {entry.rsplit(" ", 1)[-1] for entry in project["classifiers"] if re.search(r"Python :: 3\.\d", entry)}
    assert {row.python for row in matrix.ROWS.values()} == promised
    lowest = next(entry for entry in project["dependencies"] if entry.startswith("torch>="))
    assert any(
        pin.startswith(f"torch=={lowest.removeprefix('torch>=')}") for row in matrix.ROWS.values() for pin in row.pins
    )
    assert [name for name, row in matrix.ROWS.items() if row.lowest] == ["minimal"]


def test_the_lowest_versions_become_the_constraints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[object], **options: object) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        asked.append(words)
        if "compile" in words:
            Path(words[-1]).write_text("numpy==1.26.0\n")
        return subprocess.CompletedProcess(words, 0, "3.11.7\n", "")

    monkeypatch.setattr("tools.matrix.subprocess.run", run)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("torch==2.4.1")
    assert matrix.lowest(Path("python"), constraints).returncode == 0
    assert constraints.read_text() == "numpy==1.26.0\n"
    assert {"lowest-direct", "3.11.7", str(constraints)} <= set(asked[-1])


def locked() -> dict[str, tuple[str, int]]:
    """Version and number of hashes of every package of the lock file; of several versions, the last."""
    blocks = re.split(r"\n(?=\S)", read("requirements.lock"))
    heads = [(re.match(r"([\w.-]+)==(\S+)", block), block.count("--hash=sha256:")) for block in blocks]
    return {head[1]: (head[2], hashes) for head, hashes in heads if head}


def test_the_lock_holds_every_dependency_with_hashes_and_no_address() -> None:
    found = locked()
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert all(hashes for _, hashes in found.values())
    for entry in project["dependencies"]:
        name, floor = entry.split(">=")
        assert Version(found[name][0]) >= Version(floor), name
    pins = [line.split("==") for line in read("constraints.txt").splitlines() if "==" in line]
    assert {name: found[name][0] for name, _ in pins} == dict(pins)
    assert "://" not in read("requirements.lock")


def test_both_archives_hold_what_the_check_wants_in_them() -> None:
    include = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    brought = {*include, "pyproject.toml"}
    assert {name for name in check_dist.NEEDED_IN_SDIST if not brought & {name, name.split("/")[0]}} == set()
    assert {name for name in include if not (TOP / name).exists()} == set()


def test_the_contents_of_an_archive_are_counted_by_folder() -> None:
    lines = check_dist.by_folder([("a/b/c/d.py", 10**6), ("a/b/e.py", 10**6), ("f.py", 5)])
    assert [line.split() for line in lines] == [["1", "files", "0.00", "MB", "."], ["2", "files", "2.00", "MB", "a/b"]]


@pytest.mark.parametrize("path", sorted((TOP / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_every_workflow_and_form_is_yaml(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_environment_variable_is_explained() -> None:
    packages = [TOP / name for name in ("benchmark", "slkd", "baselines")]
    sources = [path.read_text(encoding="utf-8") for package in packages for path in package.rglob("*.py")]
    used = {name for text in sources for name in re.findall(r"SLKD_BENCH_[A-Z_]*[A-Z]", text)}
    page = read("docs/explanations/settings.md")
    assert {name for name in used if f"`{name}`" not in page} == set()
