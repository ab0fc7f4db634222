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
TOP = Path(__file__).parents[2]


def started(kinds: str, count: int, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.fuzz.reader", kinds, str(folder), "-1", str(count)]
    limit = 60 * (count + 1) * len(kinds.split(","))
    return subprocess.run(words, cwd=TOP, capture_output=True, text=True, timeout=limit, check=False)


def tally(lines: list[str], code: int, errors: str) -> Counter[str]:
    """How many files of a kind were read, refused, or did what must not be (told by its number); a dead reader is one."""
    found: Counter[str] = Counter()
    for line in lines:
        number, _, word = line.partition(" ")
        if number == "peak":
            found["peak MiB"] = int(word)
        else:
            good = ("read",) if int(number) < 0 else ("read", "refused")  # the first is whole
            found[word if word in good else f"{number}: {word}"] += 1
    if code or not lines or not lines[-1].startswith("peak"):
        found[f"died after {lines[-1:]}: {errors[-300:]}"] += 1
    return found


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter[str]]:
    """A few files of every kind; the kinds are processes forked from one that has imported torch."""
    done = started(",".join(KINDS), FEW, tmp_path_factory.mktemp("few"))
    found: dict[str, Counter[str]] = {}
    kind, lines = "", list[str]()
    for line in done.stdout.splitlines():
        first, _, rest = line.partition(" ")
        if first == "kind":
            kind, lines = rest, []
        elif first == "ended":
            found[kind] = tally(lines, int(rest), done.stderr)
        else:
            lines.append(line)
    return found


def check(kind: str, count: int, found: Counter[str]) -> None:
    peak = found.pop("peak MiB", 0)
    wrong = {word: number for word, number in found.items() if word not in ("read", "refused")}
    print(f"{kind}: {found['read']} read, {found['refused']} refused, {len(wrong)} wrong, at most {peak} MiB")
    assert not wrong, f"{len(wrong)} of {count} {kind}: {wrong}"
    assert found["read"] + found["refused"] == count + 1
    assert found["refused"] >= count // 10  # the files are broken indeed
    assert found["read"] >= (count // 25 if kind in WHOLE else 1)  # and some get past the first gate
    assert peak < 4096


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_is_read_and_a_few_broken_ones_do_no_harm(kind: str, few: dict[str, Counter[str]]) -> None:
    check(kind, FEW, few[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_broken_files(kind: str, tmp_path: Path) -> None:
    done = started(kind, MANY, tmp_path)
    check(kind, MANY, tally(done.stdout.splitlines(), done.returncode, done.stderr))
