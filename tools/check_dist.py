"""Looks into a built wheel and sdist: lists them by folder, says what is missing, what must not be there, what is too large."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

WHEEL_BOUND, SDIST_BOUND = 30, 40  # MB
NEEDED = (
    "benchmark/py.typed",
    "benchmark/packaged_results/published.json",
    "benchmark/packaged_results/paper/slkd/paper.json",
    "benchmark/views/report/page.html",
    "slkd/__init__.py",
    "baselines/networks/restormer.py",
)
NEEDED_IN_SDIST = (
    *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "constraints.txt", "requirements.lock"),
    *("tests/conftest.py", "results/published.json", "docs/index.md", ".github/workflows/quality.yml"),
)
UNWANTED = ("tests/", ".github/", "docs/", "speed/", "tools/")


def main(folder: Path) -> int:
    """Checks every wheel and sdist in `folder`; returns 1 and says why when one is wrong."""
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    faults = [] if wheels and sdists else [f"expected a wheel and an sdist in {folder}"]
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as opened:
            files = [(entry.filename, entry.file_size) for entry in opened.infolist()]
        names, size = [name for name, _ in files], wheel.stat().st_size / 1e6
        print(f"{wheel.name}: {len(names)} files, {size:.1f} MB", *by_folder(files), sep="\n")
        faults += [f"{wheel.name} lacks {name}" for name in NEEDED if name not in names]
        faults += [f"{wheel.name} holds {name}" for name in names if name.startswith(UNWANTED)]
        faults += [f"{wheel.name} has {size:.1f} MB, more than {WHEEL_BOUND}"] if size > WHEEL_BOUND else []
    for sdist in sdists:
        with tarfile.open(sdist) as archive:
            files = [(member.name.partition("/")[2], member.size) for member in archive if member.isfile()]
        names, size = [name for name, _ in files], sdist.stat().st_size / 1e6
        print(f"{sdist.name}: {len(names)} files, {size:.1f} MB", *by_folder(files), sep="\n")
        faults += [f"{sdist.name} lacks {name}" for name in NEEDED_IN_SDIST if name not in names]
        faults += [f"{sdist.name} has {size:.1f} MB, more than {SDIST_BOUND}"] if size > SDIST_BOUND else []
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


def by_folder(files: Iterable[tuple[str, int]]) -> list[str]:
    """What `files` (name, bytes) come to in each folder of the first two levels, one line each."""
    found: dict[str, list[int]] = {}
    for name, size in files:
        found.setdefault("/".join(PurePosixPath(name).parts[:-1][:2]) or ".", []).append(size)
    return [f"  {len(sizes):5} files {sum(sizes) / 1e6:8.2f} MB  {folder}" for folder, sizes in sorted(found.items())]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
