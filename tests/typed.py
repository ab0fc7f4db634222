"""A command as it is typed, run in this process: no interpreter has to start and import torch again."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.cli import main


def typed(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`slkd-bench WORDS` in the folder `cwd`: its exit code and what it printed, 80 columns wide."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(cwd)
        patched.setattr(sys, "argv", ["slkd-bench", *words])
        for name, value in {"COLUMNS": "80", **environment}.items():
            patched.setenv(name, value)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(["slkd-bench", *words], code, output.getvalue(), errors.getvalue())
