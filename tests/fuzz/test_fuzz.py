"""Broken files of every kind: no traceback, no code run, nothing written outside, no hang, no endless memory.

Made up, or whole ones a little changed: a seeded share runs in the suite; `--slow` reads 3,000 files. Every case is told by
its kind and number alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.cases import KINDS
from tests.fuzz.whole import WHOLE

FEW, MANY = 25, 300


def read_all(kind: str, first: int, last: int, folder: Path) -> Counter[str]:
    """How many files of a kind were read, refused, or did what must not be (told by its number); a dead reader is one."""
    words = [sys.executable, "-m", "tests.fuzz.reader", kind, str(folder), str(first), str(last)]
    done = subprocess.run(
        words, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60 * (last - first), check=False
    )
    found: Counter[str] = Counter()
    lines = done.stdout.splitlines()
    for line in lines:
        number, _, word = line.partition(" ")
        if number == "peak":
            found["peak MiB"] = int(word)
        else:
            good = ("read",) if int(number) < 0 else ("read", "refused")  # the first is whole
            found[word if word in good else f"{number}: {word}"] += 1
    if done.returncode or not lines or not lines[-1].startswith("peak"):
        found[f"died after {lines[-1:]}: {done.stderr[-300:]}"] += 1
    return found


def check(kind: str, count: int, folder: Path) -> None:
    found = read_all(kind, -1, count, folder)
    peak = found.pop("peak MiB", 0)
    wrong = {word: number for word, number in found.items() if word not in ("read", "refused")}
    print(f"{kind}: {found['read']} read, {found['refused']} refused, {len(wrong)} wrong, at most {peak} MiB")
    assert not wrong, f"{len(wrong)} of {count} {kind}: {wrong}"
    assert found["read"] + found["refused"] == count + 1
    assert found["refused"] >= count // 10  # the files are broken indeed
    assert found["read"] >= (count // 25 if kind in WHOLE else 1)  # and some get past the first gate
    assert peak < 4096


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_is_read_and_a_few_broken_ones_do_no_harm(kind: str, tmp_path: Path) -> None:
    check(kind, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_broken_files(kind: str, tmp_path: Path) -> None:
    check(kind, MANY, tmp_path)
