"""Commands that are imported when they are called: the help of the program reads one table instead of every topic."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from benchmark.cli.help import print_help


class Entry(NamedTuple):
    """A command as the help of the program shows it: its module in this package, its group and its first sentence."""

    topic: str
    panel: str
    summary: str


MEASURE, LOOK, CLAIMS, TRAIN, DATA = (
    "Measure",
    "Look at results",
    "Check what is claimed",
    "Train and look inside",
    "Data, weights and folders",
)

COMMANDS: dict[str, Entry] = {
    "run": Entry("run", MEASURE, "Evaluate methods on data sets; a second run computes only what is missing."),
    "score": Entry(
        "score", MEASURE, "Score a folder of restored images made elsewhere, and keep the result like that of a method."
    ),
    "profile": Entry("profile", MEASURE, "Count parameters and multiply-accumulates of the networks, and time them."),
    "check": Entry(
        "check",
        MEASURE,
        "Evaluate reference results again; exit code 1 where a score fell or a cost, data set or protocol changed.",
    ),
    "table": Entry("table", LOOK, "Print the comparison tables (from result files alone: nothing is computed)."),
    "figure": Entry(
        "figure",
        LOOK,
        "Draw a figure for a paper. A paper's own restore their few images; the others read files alone.",
    ),
    "report": Entry(
        "report",
        LOOK,
        "Write the report: a self-contained HTML page (from result files and claims; no network is loaded).",
    ),
    "compare": Entry(
        "compare", LOOK, "Set two methods against each other image by image: B minus A, with what chance may explain."
    ),
    "worst": Entry(
        "compare",
        LOOK,
        "Show the images where a method is poorest, and where it loses most against the degraded input.",
    ),
    "list": Entry(
        "listing", LOOK, "List the methods, data sets, protocols or readings of the losses that the suite knows."
    ),
    "verdict": Entry("claims", CLAIMS, "Say of every claim whether it holds, from result files and records alone."),
    "audit": Entry("claims", CLAIMS, "Check what a paper prints."),
    "identify": Entry(
        "identify", CLAIMS, "Say which published results a number is equal to (exit code 1: to none on record)."
    ),
    "claims": Entry("claims", CLAIMS, "What publications claim, as data."),
    "train": Entry(
        "train",
        TRAIN,
        "Train methods and write their weights with cards; killed runs go on, finished ones are skipped.",
    ),
    "ablate": Entry(
        "ablate", TRAIN, "Train variants of a distilled row side by side, score them, and compare each with the row."
    ),
    "study": Entry("study", TRAIN, "Studies as data: what a plan costs, doing it, and what it found."),
    "inspect": Entry(
        "inspect",
        TRAIN,
        "Look into a distillation: the teacher on clean images, gradients by loss term, feature maps as pictures.",
    ),
    "data": Entry("data", DATA, "Data sets: what there is, where it goes, and whether it is right."),
    "weights": Entry("weights", DATA, "Trained weights: import the authors', list and verify what is there."),
    "status": Entry(
        "folders",
        DATA,
        "Say what a result folder holds: cells, images, failures, broken files. Exit code 1 when something is wrong.",
    ),
    "merge": Entry("folders", DATA, "Put the results of several machines together."),
}
"""Every command of the program, in the order of its help."""


class LazyCommands(TyperGroup):
    """A group that knows its commands by name and first sentence, and imports one when it is called."""

    _showing_help = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command called `cmd_name`; while the help is printed, its stand-in from the table."""
        if self._showing_help or cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        return load(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the help from the table alone."""
        self._showing_help = True
        try:
            print_help(self, ctx)
        finally:
            self._showing_help = False


def load(name: str) -> Any:
    """The real command called `name`, which imports its module."""
    app = typer.Typer(callback=lambda: None)
    importlib.import_module(f"benchmark.cli.{COMMANDS[name].topic}").register(app)
    group: Any = typer.main.get_command(app)
    return _with_our_help(group.commands[name])


def _with_our_help(command: Any) -> Any:
    """`command` and those below it, whose help is printed by us."""
    for inner in getattr(command, "commands", {}).values():
        _with_our_help(inner)
    command.format_help = lambda context, formatter: print_help(command, context)
    return command


def stand_in(summary: str) -> Callable[[], None]:
    """A command without options that is only shown."""

    def shown() -> None:
        pass

    shown.__doc__ = summary
    return shown
