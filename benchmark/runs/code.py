"""Which code makes a score: a hash over just the sources that decide it, and the versions around it."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import benchmark
from benchmark.methods.networks import network as declared

_TOP = Path(benchmark.__file__).resolve().parent.parent


@cache
def sources_hash(*relative: str) -> str:
    """The sha256 (16 digits) over the named sources; a folder stands for all its Python files."""
    digest = hashlib.sha256()
    for name in sorted(relative):
        path = _TOP / name
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(source.relative_to(_TOP).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def network_sources(network: str) -> tuple[str, ...]:
    """The source files that decide what the network called `network` computes."""

    if not network:
        return ()
    module = declared(network).network.partition(":")[0]
    return (module.replace(".", "/") + ".py", "baselines/networks/shape/padding.py")


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


def made_by(device: str) -> dict[str, Any]:
    """Versions, platform and device, for the `made_by` of a result file. Imports torch."""
    import numpy
    import torch

    name = (
        torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.processor() or platform.machine()
    )
    return {
        "slkd-bench": benchmark.__version__,
        "commit": git_commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "platform": f"{sys.platform}-{platform.machine()}",
        "device": name,
        "threads": torch.get_num_threads(),
    }
