"""The versions around a score: of the code, of the libraries through which it passes, of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import benchmark

_TOP = Path(benchmark.__file__).resolve().parent.parent
_DECODERS = ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")


@cache
def git_commit() -> str:
    """The commit of the checkout this code runs from, with `+` when it has changes; empty outside a checkout."""
    if not (_TOP / ".git").exists():
        return ""
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=_TOP,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
    ).stdout.strip()


@cache
def versions() -> dict[str, str]:
    """The versions of the libraries through which a score passes; none of them is imported."""
    found = {name: _version(name) for name in ("torch", "numpy", "pillow")}
    found["opencv"] = next((version for name in _DECODERS if (version := _version(name))), "")
    return {name: version for name, version in found.items() if version}


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def series() -> dict[str, str]:
    """The versions that must be equal for a score to stay valid: major and minor (`2.13` of `2.13.0+cpu`).

    torch 2.4 and 2.13 differ by up to 3e-4 dB an image, releases of one series by nothing that was found.
    """
    return {name: ".".join(version.partition("+")[0].split(".")[:2]) for name, version in versions().items()}


def made_by(device: str) -> dict[str, Any]:
    """Versions, platform and device, for the `made_by` of a result file. Imports torch."""
    import torch

    name = (
        torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.processor() or platform.machine()
    )
    return {
        "slkd-bench": benchmark.__version__,
        "commit": git_commit(),
        "python": platform.python_version(),
        **versions(),
        "torch": torch.__version__,
        "platform": f"{sys.platform}-{platform.machine()}",
        "device": name,
        "threads": torch.get_num_threads(),
    }
