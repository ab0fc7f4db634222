"""Looks into a built wheel and sdist: what has to be in them, what must not, and how large they may be."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

WHEEL_BOUND = 30  # MB
NEEDED = (
    "benchmark/py.typed",
    "benchmark/packaged_results/published.json",
    "benchmark/packaged_results/paper/slkd/paper.json",
    "benchmark/views/report/page.html",
    "slkd/__init__.py",
    "baselines/networks/restormer.py",
)
UNWANTED = ("tests/", ".github/", "docs/", "speed/", "tools/")


def main(folder: Path) -> int:
    """Checks every wheel and sdist in `folder`; returns 1 and says why when one is wrong."""
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    faults = [] if wheels and sdists else [f"expected a wheel and an sdist in {folder}"]
    for wheel in wheels:
        names = zipfile.ZipFile(wheel).namelist()
        size = wheel.stat().st_size / 1e6
        print(f"{wheel.name}: {len(names)} files, {size:.1f} MB")
        faults += [f"{wheel.name} lacks {name}" for name in NEEDED if name not in names]
        faults += [f"{wheel.name} holds {name}" for name in names if name.startswith(UNWANTED)]
        faults += [f"{wheel.name} has {size:.1f} MB, more than {WHEEL_BOUND}"] if size > WHEEL_BOUND else []
    for sdist in sdists:
        with tarfile.open(sdist) as archive:
            names = archive.getnames()
        print(f"{sdist.name}: {len(names)} files, {sdist.stat().st_size / 1e6:.1f} MB")
        faults += [
            f"{sdist.name} lacks {name}"
            for name in ("pyproject.toml", "README.md", "LICENSE")
            if not _ends(names, name)
        ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


def _ends(names: list[str], name: str) -> bool:
    return any(inner.partition("/")[2] == name for inner in names)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
