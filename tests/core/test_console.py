"""Output in encodings that know few letters: replaced signs, never a lost result."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_PRINT = """
import os
from benchmark.core.console import prepare_streams
prepare_streams()
print('PSNR \u2212 \u2500\u2502 \u00d7 \u96e8 ' + os.fsdecode(b'\\xd3\\xea') + ' end')
"""


def printed(encoding: str) -> bytes:
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-c", _PRINT], env=environment, stdout=subprocess.PIPE, check=True
    ).stdout.rstrip()


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", b"PSNR - -| x ? ?? end"),
        ("cp1252", b"PSNR - -| \xd7 ? ?? end"),
        ("utf-8", "PSNR \u2212 \u2500\u2502 \u00d7 \u96e8 \\udcd3\\udcea end".encode()),
    ],
)
def test_every_encoding_shows_what_it_can(encoding: str, expected: bytes) -> None:
    assert printed(encoding) == expected


def test_gbk_keeps_its_own_letters() -> None:
    assert "\u96e8".encode("gbk") in printed("gbk")


@pytest.mark.parametrize(
    "encoding", ["gbk", "ascii", *(pytest.param(e, marks=pytest.mark.slow) for e in ("cp1252", "latin-1"))]
)
def test_a_command_loses_nothing(encoding: str) -> None:
    """All four with --slow; what each makes of a sign is tried above."""
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", "verdict", "all"], env=environment, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert len(done.stdout) > 10_000
