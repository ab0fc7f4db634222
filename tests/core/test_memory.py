"""What a process frees stays its own where the C library can keep it: a training step needs hardly any fresh pages."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from benchmark.core.memory import keep_freed_memory

PROGRAM = """
import resource, sys, torch
from benchmark.core.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
torch.set_num_threads(1)
layers = torch.nn.Sequential(*(torch.nn.Conv2d(3 if n == 0 else 48, 48, 1) for n in range(12)))
image = torch.rand(8, 3, 64, 64)
def step():
    layers(image).square().mean().backward()
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(6):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 6)
"""


def faults_a_step(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
def test_a_step_needs_few_fresh_pages() -> None:
    assert faults_a_step("return") > 5 * faults_a_step("keep") + 500


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
