"""Where things lie: packaged data, the user's own weights and data sets, and the default output folder."""

from __future__ import annotations

import os
from functools import cache as cache_calls
from pathlib import Path

from benchmark.core.errors import BadOutput

PASSPORTS = "SLKD_BENCH_PASSPORTS"
"""The environment variable that names further passports, files or folders."""

_PACKAGE = Path(__file__).resolve().parent.parent


def results() -> Path:
    """The folder of reference data: the paper's claims, published numbers, reference results and device cards.

    In a checkout it is `results/` at the top level; in an installed wheel the copy that travels in the package.
    """
    packaged = _PACKAGE / "packaged_results"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "results"


def home() -> Path:
    """The user's own folder: `SLKD_BENCH_HOME`, or the platform's data folder. It need not exist yet."""
    chosen = os.environ.get("SLKD_BENCH_HOME")
    if chosen:
        return _expanded("SLKD_BENCH_HOME", chosen)
    return _platform_home(*(os.environ.get(name) for name in ("XDG_DATA_HOME", "HOME", "USERPROFILE", "LOCALAPPDATA")))


@cache_calls
def _platform_home(*_: str | None) -> Path:
    """The platform's data folder for these variables: every look-up of a method asks for it."""
    from platformdirs import user_data_path

    return user_data_path("slkd-bench")


def cache() -> Path:
    """The folder of what may be thrown away at any time: in `SLKD_BENCH_HOME`, or the platform's cache folder."""
    if os.environ.get("SLKD_BENCH_HOME"):
        return home() / "cache"
    from platformdirs import user_cache_path

    return user_cache_path("slkd-bench")


def data() -> Path:
    """Where the official data sets are looked for: `SLKD_BENCH_DATA`, or `data` in the user's own folder."""
    chosen = os.environ.get("SLKD_BENCH_DATA")
    return _expanded("SLKD_BENCH_DATA", chosen) if chosen else home() / "data"


def user_passports() -> Path:
    """Where the user's own passports lie: `passports` in the user's own folder."""
    return home() / "passports"


def packaged_weights() -> Path:
    """The trained weights that travel with the package."""
    return _PACKAGE / "methods" / "weights"


def user_weights() -> Path:
    """Weights that the user trained or imported, which come before the packaged ones: `SLKD_BENCH_WEIGHTS`, or in `home`."""
    chosen = os.environ.get("SLKD_BENCH_WEIGHTS")
    return Path(chosen).expanduser() if chosen else home() / "weights"


def _expanded(variable: str, chosen: str) -> Path:
    """The folder that an environment variable names, with `~` filled in. Raises BadOutput for a user nobody knows."""
    try:
        return Path(chosen).expanduser()
    except RuntimeError as problem:
        found = f"{variable}={chosen} ({problem})"
        raise BadOutput("a folder in a home that exists", found, f"Set {variable} to a whole path.") from problem
