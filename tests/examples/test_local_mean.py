"""The worked example is built and installed as a user would, without a network, and run through the command line."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.runs.cells import read_cell

TOP = Path(__file__).parent.parent.parent
EXAMPLE = TOP / "examples" / "local_mean"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the installed example: built by pip where hatchling is there, else laid out."""
    target = tmp_path_factory.mktemp("site")
    if importlib.util.find_spec("hatchling") and importlib.util.find_spec("pip"):
        command = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "--disable-pip-version-check",
            "--target",
            str(target),
            str(EXAMPLE),
        ]
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return target
    import tomllib

    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    (target / "local_mean").symlink_to(EXAMPLE / "src" / "local_mean")
    info = target / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((group, points),) = project["entry-points"].items()
    (info / "entry_points.txt").write_text(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))
    return target


def slkd(*arguments: str, cwd: Path, site: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": f"{TOP}{os.pathsep}{site}", "COLUMNS": "100", **environment},
    )


def test_it_is_listed_without_being_imported(installed: Path, tmp_path: Path) -> None:
    code = "import sys\nfrom benchmark.cli.listing import _methods\n_methods()\nprint('local_mean' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{TOP}{os.pathsep}{installed}"},
    )
    assert done.stdout.strip() == "False", done.stderr
    assert "local-mean" in slkd("list", "methods", cwd=tmp_path, site=installed).stdout


def test_it_runs_beside_the_degraded_input_and_lowers_the_noise(installed: Path, tmp_path: Path) -> None:
    done = slkd("run", "-m", "local-mean", "-m", "identity", "-d", "sidd", "-d", "gopro", cwd=tmp_path, site=installed)
    assert done.returncode == 0, done.stderr
    cells = {path.stem: read_cell(path) for path in (tmp_path / "runs/cells/mini/mini-sidd").glob("*.json")}
    assert set(cells) == {"local-mean", "identity"}
    assert cells["local-mean"].psnr > cells["identity"].psnr + 1
    assert cells["local-mean"].key["weights"]
    assert not (tmp_path / "runs/cells/mini/mini-gopro/local-mean.json").exists()  # not one of its tasks
    compared = slkd("compare", "identity", "local-mean", cwd=tmp_path, site=installed)
    assert compared.returncode == 0, compared.stderr
    assert "*" in compared.stdout
    worst = slkd("worst", "local-mean", "-n", "2", cwd=tmp_path, site=installed)
    assert "least gained over the degraded input" in worst.stdout


def test_a_plug_in_that_cannot_be_imported_is_one_clear_error(installed: Path, tmp_path: Path) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[slkd_bench.methods]\nbroken-net = broken_package.net:build\n")
    assert "broken-net" in slkd("list", "methods", cwd=tmp_path, site=tmp_path).stdout
    done = slkd("run", "-m", "broken-net", "-d", "sidd", cwd=tmp_path, site=tmp_path)
    assert done.returncode == 2
    assert "No module named 'broken_package'" in done.stderr
    assert "Traceback" not in done.stderr
