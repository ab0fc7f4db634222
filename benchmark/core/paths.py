"""Where things lie: packaged data, the user's own weights and data sets, and the default output folder."""

from __future__ import annotations

import os
from pathlib import Path

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
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("slkd-bench")


def data() -> Path:
    """Where the official data sets are looked for: `SLKD_BENCH_DATA`, or `data` in the user's own folder."""
    chosen = os.environ.get("SLKD_BENCH_DATA")
    return Path(chosen).expanduser() if chosen else home() / "data"


def packaged_weights() -> Path:
    """The trained weights that travel with the package."""
    return _PACKAGE / "methods" / "weights"


def user_weights() -> Path:
    """Weights that the user trained or imported; they come before the packaged ones."""
    return home() / "weights"
