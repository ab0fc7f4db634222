"""The errors a user can cause: each says what was expected, what was found and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class SlkdBenchError(Exception):
    """A user's mistake or a broken input, told in one sentence each: expected, found, remedy.

    The command line prints it without a traceback and exits with code 2.
    """

    def __init__(self, expected: str, found: str, remedy: str) -> None:
        self.expected, self.found, self.remedy = expected, found, remedy
        super().__init__(f"expected {expected}; found {found}. {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes whole, whatever their constructors take."""
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(kind: type[SlkdBenchError], args: tuple[Any, ...], facts: dict[str, Any]) -> SlkdBenchError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class UnknownName(SlkdBenchError):
    """A method, data set, protocol or other registered name that does not exist; the nearest ones are offered."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.4)
        near += [n for n in names if name.lower() in n and n not in near][: 3 - len(near)]
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(names)}."
        super().__init__(f"a registered {kind}", f"'{name}'", hint)


class BadImage(SlkdBenchError):
    """A file that is not a whole, readable RGB image, or pairs of images that do not fit together."""


class BadData(SlkdBenchError):
    """A data set folder, archive or .mat file that is not laid out as its passport says."""


class BadWeights(SlkdBenchError):
    """A checkpoint that is truncated, unsafe, of another network or of another variant."""


class BadMethod(SlkdBenchError):
    """A method from outside that cannot be loaded, or whose output is not a restored image."""


class BadOutput(SlkdBenchError):
    """An output folder that cannot be written, or is in use by another run."""


class BadFile(SlkdBenchError):
    """A file that describes something (a paper, a table, a passport) and has a wrong entry; the message names the line."""


class BadResult(SlkdBenchError):
    """A result file that is cut off or does not follow the schema."""


class BadDevice(SlkdBenchError):
    """A device that is not there, or a mode that it has not."""


class OutOfMemory(SlkdBenchError):
    """Memory ran out, of the machine or of an accelerator."""


class TrainingStopped(SlkdBenchError):
    """A training run that cannot go on (a loss term is not finite, a checkpoint does not fit)."""


class AskedToStop(TrainingStopped):
    """A training that a signal (Ctrl-C, a queue's SIGTERM) asked to stop: its checkpoint stands, and nothing else begins."""


class GroupStopped(TrainingStopped):
    """Some of several methods that trained side by side stopped, each for the reason in `failures`; the rest is kept."""

    def __init__(self, failures: dict[str, TrainingStopped], of: int) -> None:
        self.failures = failures
        super().__init__(
            f"{of} methods to train to their end",
            "; ".join(f"{id}: {stop.found}" for id, stop in failures.items()),
            "The others are finished. Lower the rate (--lr), or look at the terms with `slkd-bench inspect`.",
        )
