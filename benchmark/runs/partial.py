"""What is done of a cell that is being computed: one line an image, appended as soon as it has its score.

A run that was stopped goes on behind the last whole line, where the same images go through together as in a run that was
never stopped, so that the finished file is the same to the last byte. Every line carries a hash of the cell's key: lines
of another key, of other code or data say, are passed over.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmark.core.errors import BadOutput
from benchmark.runs.cells import ImageScore, image_line

Outcome = ImageScore | tuple[str, str]
"""The score of an image, or its name with the reason why it has none."""


def partial_path(cell_file: Path) -> Path:
    """Where the lines of an unfinished cell stand, beside its result file."""
    return cell_file.with_suffix(".partial.jsonl")


class Partial:
    """The lines of one unfinished cell; a context manager that closes the file.

    `done` holds the outcome of the first images of the set, in its order, as far as they are known.
    """

    def __init__(self, cell_file: Path, key: dict[str, Any], names: Sequence[str]) -> None:
        self.path, self._key = partial_path(cell_file), _hash(key)
        known = self._read()
        self.done: list[Outcome] = []
        for name in names:
            if name not in known:
                break
            self.done.append(known[name])
        self._file: int | None = None

    def __enter__(self) -> Partial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Appends the outcome of a batch in one write. Raises BadOutput where the disk is full or not writable."""
        text = "".join(self._line(outcome) for outcome in outcomes)
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
                if os.fstat(self._file).st_size:
                    text = "\n" + text  # ends a line that a killed run may have left unfinished
            os.write(self._file, text.encode())
        except OSError as problem:
            found = f"{self.path}: {problem.strerror or problem}"
            remedy = "Free some space or choose another --out; the same command then goes on."
            raise BadOutput("a folder that can be written", found, remedy) from problem

    def remove(self) -> None:
        """Takes the file away: the cell is finished."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _line(self, outcome: Outcome) -> str:
        line = image_line(outcome) if isinstance(outcome, ImageScore) else {"name": outcome[0], "failure": outcome[1]}
        return json.dumps({"key": self._key, **line, "check": _hash(line)}) + "\n"

    def _read(self) -> dict[str, Outcome]:
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        found: dict[str, Outcome] = {}
        for line in text.splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                said = json.loads(line)
                check, key = said.pop("check"), said.pop("key")
                if key == self._key and check == _hash(said):
                    outcome = _outcome(said)
                    found[outcome.name if isinstance(outcome, ImageScore) else outcome[0]] = outcome
        return found


def _outcome(said: dict[str, Any]) -> Outcome:
    if "failure" in said:
        return str(said["name"]), str(said["failure"])
    extra = {name: float(value) for name, value in said.get("extra", {}).items()}
    score = ImageScore(said["name"], said["scene"], float(said["psnr"]), float(said["ssim"]), extra)
    if math.isnan(score.psnr) or math.isnan(score.ssim):
        raise ValueError("a score that is no number")
    return score


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
