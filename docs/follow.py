"""Follows the tutorials as a reader would: runs their commands in a fresh copy, and compares what they show.

    python docs/follow.py [--slow] [PAGE ...]     compare; says where a page shows something else
    python docs/follow.py --renew [PAGE ...]      write what the commands print into the pages

A comment before a fenced block says what it is:

    <!-- run -->            run it with bash; options: slow, timeout=SECONDS, exit=CODE, needs=PROGRAM (skipped without it)
    <!-- file NAME -->      the reader writes this file
    <!-- shows -->          what the block before prints; options: head=N, tail=N, only="REGEX" keep some of its lines,
                            hide="REGEX" puts an ellipsis in the place of what differs from run to run

Numbers may differ by what another machine's arithmetic does to them: .02, or a thousandth, whichever is more.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PAGES = sorted((TOP / "docs" / "tutorials").glob("*.md"))
SECONDS = 600
_BLOCK = re.compile(r"<!-- (run|file|shows)\b([^\n]*?)-->\n```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One marked block of a page: `kind` is run, file or shows; `start` and `end` are where its text stands."""

    kind: str
    options: dict[str, str]
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True)
class Difference:
    """Where a page and its commands part: the block's line in the page and what is wrong there."""

    line: int
    what: str


WITHIN = 0.02  # what decimal numbers may differ by; `within=` on a block that trains says otherwise


def blocks(page: str) -> list[Block]:
    """The marked blocks of a page in their order."""
    found = []
    for match in _BLOCK.finditer(page):
        words = shlex.split(match[2])
        options = dict(word.partition("=")[::2] for word in words)
        line = page.count("\n", 0, match.start()) + 1
        found.append(Block(match[1], options, match[4], match.start(4), match.end(4), line))
    return found


def follow(page: Path, slow: bool = False, renew: bool = False, python: Path | None = None) -> list[Difference]:
    """Runs a page's commands in a fresh copy of the working tree, by `python`; with `renew` the page is rewritten."""
    text, printed, found = page.read_text(encoding="utf-8"), "", []
    changes: list[tuple[int, int, str]] = []
    skipped = False
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "slkd-bench"
        _copy(clone)
        environment = _environment(clone, python or Path(sys.executable))
        for block in blocks(text):
            if block.kind == "file":
                name = next(iter(block.options))
                (clone / name).parent.mkdir(parents=True, exist_ok=True)
                (clone / name).write_text(block.text, encoding="utf-8")
            elif block.kind == "run":
                lacks = "needs" in block.options and shutil.which(block.options["needs"]) is None
                skipped = lacks or ("slow" in block.options and not slow)
                if not skipped:
                    printed, problem = _run(block, clone, environment)
                    found += [Difference(block.line, problem)] if problem else []
            elif not skipped:
                shown = _cut(printed, block.options)
                if renew:  # what was skipped stays as it is
                    changes.append((block.start, block.end, shown))
                elif not same(block.text, shown, float(block.options.get("within", WITHIN))):
                    found.append(Difference(block.line, f"the page shows\n{block.text}\nand one gets\n{shown}"))
    if renew:
        for start, end, shown in reversed(changes):
            text = text[:start] + shown + text[end:]
        page.write_text(text, encoding="utf-8")
    return found


def same(one: str, two: str, within: float = WITHIN) -> bool:
    """Whether two outputs say the same: word by word, decimal numbers within `within` or a thousandth."""
    ours, theirs = list(_words(one)), list(_words(two))
    return len(ours) == len(theirs) and all(_alike(a, b, within) for a, b in zip(ours, theirs, strict=True))


def _words(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from re.sub("[─━═]+", "─", re.sub(r"(?<=\d)/(?=[\d.])", " / ", line)).split()


def _alike(one: str, two: str, within: float) -> bool:
    if one == two:
        return True
    pattern = r"([^\d.+-]*)([+-]?\d*\.\d+)([^\d]*)"
    a, b = re.fullmatch(pattern, one), re.fullmatch(pattern, two)
    if not a or not b or a.group(1, 3) != b.group(1, 3):
        return False
    return abs(float(a[2]) - float(b[2])) <= max(within, 0.001 * abs(float(a[2]))) + 1e-9


def _cut(printed: str, options: dict[str, str]) -> str:
    """The lines of an output that a page keeps, without what differs from run to run."""
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    if "only" in options:
        lines = [line for line in lines if re.search(options["only"], line)]
    head, tail = int(options.get("head", 0)), int(options.get("tail", 0))
    if (head or tail) and len(lines) > head + tail:
        lines = [*lines[:head], "…", *(lines[-tail:] if tail else [])]
    text = "\n".join(lines) + "\n"
    return re.sub(options["hide"], "…", text, flags=re.MULTILINE) if "hide" in options else text


def _run(block: Block, clone: Path, environment: dict[str, str]) -> tuple[str, str]:
    """What a block prints, and what is wrong with how it ended."""
    limit, code = float(block.options.get("timeout", SECONDS)), int(block.options.get("exit", 0))
    command = ["bash", "-c", f"set -eo pipefail\n{block.text}"]
    with subprocess.Popen(
        command,
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            printed, _ = running.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # bash and what it started
            printed, _ = running.communicate()
            return printed, f"not done after {limit:.0f} s:\n{block.text}\n{printed}"
    if running.returncode != code:
        return printed, f"exit code {running.returncode} instead of {code} of\n{block.text}\n{printed}"
    return printed, ""


def _copy(clone: Path) -> None:
    """The working tree without what git ignores: what a fresh clone holds."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (TOP / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, clone / name)


def _environment(clone: Path, python: Path) -> dict[str, str]:
    """The reader's shell: `slkd-bench` and `python` of one interpreter, working on the copy; nothing of their own."""
    tools = clone.parent / "bin"
    tools.mkdir()
    for name, command in (("slkd-bench", f"{python} -m benchmark"), ("python", python)):
        (tools / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    home = clone.parent / "home"
    return {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(clone),
        "COLUMNS": "100",
        "SLKD_BENCH_HOME": str(home),
        "NO_COLOR": "1",
        "TERM": "dumb",
        "OMP_NUM_THREADS": "1",
    }


def main() -> int:
    """Follows the pages named, or all; the exit code is 1 where one shows something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", nargs="*", type=Path, default=PAGES)
    parser.add_argument("--slow", action="store_true", help="also run the blocks marked slow")
    parser.add_argument("--renew", action="store_true", help="write what is printed into the pages")
    wanted = parser.parse_args()
    failed = False
    for page in wanted.page:
        differences = follow(page.resolve(), wanted.slow, wanted.renew)
        print(f"{page.name}: {'all as shown' if not differences else f'{len(differences)} differences'}")
        for difference in differences:
            print(f"{page}:{difference.line}: {difference.what}")
        failed |= bool(differences)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
