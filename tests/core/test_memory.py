"""What a process frees stays its own where the C library can keep it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from benchmark.core.memory import keep_freed_memory

PROGRAM = """
import os, sys
from pathlib import Path
from benchmark.core.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
before = resident()
kept = [bytearray(20 * 2**20) for _ in range(10)]
for block in kept:
    block[:: os.sysconf("SC_PAGE_SIZE")] = b"1" * len(block[:: os.sysconf("SC_PAGE_SIZE")])
del block, kept
print(resident() - before)
"""


def megabytes_after_200(how: str) -> int:
    """What a process holds more than before, in MiB, when it has used 200 MiB and freed them."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
def test_freed_memory_is_kept_when_asked_for_and_given_back_otherwise() -> None:
    assert megabytes_after_200("keep") > 150
    assert megabytes_after_200("return") < 100


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
