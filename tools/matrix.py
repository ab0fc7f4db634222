"""The versions that are promised, tried: one virtual environment a row, the suite in each, and a table of what passed.

    python tools/matrix.py            every row
    python tools/matrix.py py313      one of them
    python tools/matrix.py --list     what the rows are

An interpreter is looked for as python3.12 on the path and in pyenv; a row whose interpreter is not there is said to be
missing, and the exit code is 1. Environments stay in .matrix/ and are used again until pyproject.toml changes. There are
as many workers as cores; PYTEST_XDIST_AUTO_NUM_WORKERS says otherwise.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
HOME = TOP / ".matrix"
CORE = (
    "tests/protocols",
    "tests/networks",
    "tests/slkd",
    "tests/distillation",
    "tests/runs",
    "tests/training",
    "tests/methods",
)


@dataclass(frozen=True)
class Row:
    """One environment: interpreter, what is pinned in it, and what is tried (the whole suite, or the folders named).

    `constrained` takes the versions of constraints.txt, `lowest` the lowest that pyproject.toml allows.
    """

    python: str
    pins: tuple[str, ...] = ()
    folders: tuple[str, ...] = ("tests",)
    constrained: bool = False
    lowest: bool = False


ROWS = {
    "py311": Row("3.11", constrained=True),
    "py312": Row("3.12"),
    "py313": Row("3.13"),
    "torch26": Row("3.11", ("torch==2.6.0", "torchvision==0.21.0"), CORE),
    "torch24": Row("3.12", ("torch==2.4.1", "torchvision==0.19.1"), CORE),
    "minimal": Row("3.11", ("torch==2.4.1", "torchvision==0.19.1"), CORE, lowest=True),
    "newest": Row("3.13"),
}


def interpreter(version: str) -> str | None:
    """The path of that Python, or None."""
    beside = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    return shutil.which(f"python{version}") if not beside else str(beside[-1])


def lowest(python: Path, constraints: Path) -> subprocess.CompletedProcess[str]:
    """Writes the lowest versions that pyproject.toml allows, under what `constraints` pins, into `constraints`; by uv."""
    got = subprocess.run([*_pip(python), "uv"], capture_output=True, text=True)
    if got.returncode:
        return got
    version = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True
    )
    words = ["--resolution", "lowest-direct", "--python-version", version.stdout.strip(), "--no-header", "--quiet"]
    found = constraints.with_name("lowest.txt")
    command: list[str | Path] = [
        python,
        "-m",
        "uv",
        "pip",
        "compile",
        "pyproject.toml",
        "-c",
        constraints,
        *words,
        "-o",
        found,
    ]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    if not done.returncode:
        found.replace(constraints)
    return done


def _pip(python: Path) -> list[str | Path]:
    """What installs into the environment of `python`: uv where it is there, which takes a minute, not a quarter of an hour.

    Bytecode is compiled by both: start-up times are tested.
    """
    beside = Path(sys.executable).with_name("uv")
    if uv := shutil.which("uv") or (str(beside) if beside.is_file() else None):
        return [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def prepare(name: str, row: Row) -> Path | str:
    """The environment's python, made where it is not there yet; or why it cannot be made."""
    folder = HOME / name
    python = folder / "bin/python"
    stamp = folder / ".ready"
    if stamp.exists() and stamp.stat().st_mtime > (TOP / "pyproject.toml").stat().st_mtime:
        return python
    base = interpreter(row.python)
    if base is None:
        return f"no Python {row.python} here"
    subprocess.run([base, "-m", "venv", "--clear", folder], check=True)
    constraints = folder / "constraints.txt"
    constraints.write_text(
        (TOP / "constraints.txt").read_text() if row.constrained else "\n".join(row.pins), encoding="utf-8"
    )
    done = lowest(python, constraints) if row.lowest else None
    if not done or not done.returncode:
        command = [*_pip(python), "-c", constraints, *row.pins, "-e", ".[dev]"]
        done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    if done.returncode:
        return f"installation failed: {done.stderr.strip().splitlines()[-1]}"
    stamp.touch()
    return python


def versions(python: Path) -> str:
    """Python, torch and numpy of an environment, as three columns."""
    code = "import platform, numpy, torch; print(platform.python_version(), torch.__version__, numpy.__version__, sep=' | ')"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()
    return told or "does not import torch | | "


def main() -> int:
    """Tries the rows and prints the table; returns 1 when one of them failed or is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="all but `newest` where none is named")
    parser.add_argument("--list", action="store_true", help="print the rows and stop")
    chosen = parser.parse_args()
    if chosen.list:
        print("\n".join(f"{name:8} Python {row.python} {' '.join(row.pins)}" for name, row in ROWS.items()))
        return 0
    lines, failed = [], False
    for name in chosen.rows or [name for name in ROWS if name != "newest"]:
        row = ROWS[name]
        python = prepare(name, row)
        if isinstance(python, str):
            lines.append(f"| {name} | {python} | | | | | |")
            failed = True
            continue
        command: list[str | Path] = [
            python,
            "-m",
            "pytest",
            *row.folders,
            "-q",
            "-n",
            "auto",
            "--dist",
            "loadfile",
            "-p",
            "no:cacheprovider",
        ]
        started = time.monotonic()
        done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, env=_environment())
        (HOME / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        told = (done.stdout.strip().splitlines() or [done.stderr.strip()])[-1].strip("= ")
        numbers = " | ".join(counted(told, word) for word in ("passed", "failed"))
        lines.append(f"| {name} | {versions(python)} | {numbers} | {time.monotonic() - started:.0f} |")
        failed |= done.returncode != 0
        print(f"{name}: exit code {done.returncode}, {told}", file=sys.stderr, flush=True)
    print("| row | Python | torch | numpy | passed | failed | seconds |\n| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines))
    return int(failed)


def counted(told: str, word: str) -> str:
    """How many tests the last line of pytest says that `word` ("failed") is true of, errors among the failed ones."""
    names = "failed|errors?" if word == "failed" else word
    return str(sum(int(number) for number in re.findall(rf"(\d+) (?:{names})\b", told)))


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    sys.exit(main())
