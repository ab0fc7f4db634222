"""The packages below the laboratory: where networks and distillers are declared. `packages.txt` beside this file lists them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

_LINES = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()

DECLARING: tuple[str, ...] = tuple(line.strip() for line in _LINES if line.strip() and not line.startswith("#"))
"""Packages whose files declare networks and distillers."""

PACKAGES: tuple[str, ...] = tuple(dict.fromkeys(name.partition(".")[0] for name in DECLARING))
"""The top-level packages among them."""


def folder(package: str) -> Path:
    """The folder of an installed package, without importing it. Raises ModuleNotFoundError."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No package named '{package}'", name=package)
    return Path(next(iter(spec.submodule_search_locations)))
