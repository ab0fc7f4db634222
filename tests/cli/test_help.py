"""The help of every command: examples that the commands take, options in groups, nothing cut at 80 columns; one scale."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.cli.examples import EXAMPLES
from benchmark.cli.help import FEW, GROUPS, HOW, group_of
from benchmark.cli.lazy import COMMANDS, load
from benchmark.core.types import Scale


def every() -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it, groups too."""
    for name in COMMANDS:
        command: Any = load(name)
        yield name, command
        for inner, one in getattr(command, "commands", {}).items():
            yield f"{name} {inner}", one


def shown(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(app, [*words, "--help"])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_every_command_has_an_example() -> None:
    assert set(EXAMPLES) == {"", *(name for name, _ in every())}
    assert all(EXAMPLES.values())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_examples_are_taken(name: str) -> None:
    for example in EXAMPLES[name]:
        assert len(example) <= 78, example
        first, *words = shlex.split(example)
        assert first == "slkd-bench"
        assert " ".join(words).startswith(name)
        command: Any = load(words.pop(0))
        if hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context("slkd-bench", words)  # raises for an option, a choice or a number that is none


@pytest.mark.parametrize("name", [name for name, _ in every()])
def test_help_fits_and_hides_no_option(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, *name.split())
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert not re.search("<(bool|str|path|int|float|list)", text)
    command = dict(every())[name]
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in text
            assert not parameter.help or parameter.help.split()[0] in text
    assert "Examples" in lines


def test_long_helps_are_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, "run")
    heads = [line for line in lines if line and not line.startswith(" ") and "  " not in line]
    assert heads[-6:] == ["What", "Form", "Files and folders", "Your own network", HOW, "Machine and queue"]
    assert "Options" not in lines
    assert "Options" in shown(monkeypatch, "compare")  # few need none
    grouped = {name for names in GROUPS.values() for name in names}
    options = {p.name for _, command in every() for p in command.params if len(command.params) > FEW}
    assert grouped <= {p.name for _, command in every() for p in command.params}  # no group names what is gone
    assert group_of("keep_going") == HOW
    assert options


def test_brackets_and_styles_of_a_help(monkeypatch: pytest.MonkeyPatch) -> None:
    assert '[run] device = "cuda"' in " ".join(" ".join(shown(monkeypatch)).split())
    assert any(line.startswith("✓ reproduced") for line in shown(monkeypatch, "verdict"))


def test_one_scale_is_the_default_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    filters = {"compare", "worst", "weights list"}
    found = {name: p for name, command in every() for p in command.params if p.name == "scale"}
    assert {name for name, p in found.items() if p.default is None} == filters
    assert len(found) > 12
    for name, parameter in found.items():
        if name not in filters:
            assert parameter.default == Scale.MINI, name
            assert parameter.envvar == "SLKD_BENCH_SCALE", name
    monkeypatch.setenv("SLKD_BENCH_SCALE", "paper")
    context = load("profile").make_context("profile", ["prenet"])
    assert context.params["scale"] == Scale.PAPER
    assert load("profile").make_context("profile", ["prenet", "--scale", "mini"]).params["scale"] == Scale.MINI
