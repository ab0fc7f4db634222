"""The help of the program and of every command: what it does, examples, then its options by groups, readable at 80 columns."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from benchmark.cli.examples import EXAMPLES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MARGIN = 28  # columns that the names of options have; longer ones take a line of their own
WIDEST = 100  # columns of a line that is still read with ease
FEW = 8  # options that need no groups

WHAT, FORM, PLACES, HOW, MACHINE = "What", "Form", "Files and folders", "How", "Machine and queue"
GROUPS: dict[str, tuple[str, ...]] = {
    WHAT: (
        *("everything", "method", "methods", "dataset", "datasets", "task", "scale", "seed", "paper", "limit", "only"),
        *("image", "images", "no_images", "metric", "metrics", "protocol", "size", "raw", "show", "reading", "order"),
        *("published", "card", "crop", "fast", "iterations", "axis", "name"),
    ),
    FORM: (
        *("markdown", "latex", "csv", "html", "json", "document", "format", "caption", "label", "width", "font"),
        *("title", "marks", "spread", "junit", "github"),
    ),
    PLACES: (
        *("out", "to", "save", "file", "photos", "pairs", "weights", "runs", "restored", "reference", "training"),
        *("padded", "save_images", "synthesis", "validate_on", "fresh"),
    ),
    MACHINE: (
        *("device", "threads", "jobs", "cluster", "shard", "memory", "tf32", "precision", "mode", "repeats", "compile"),
        *("channels_last",),
    ),
}
"""In which group an option stands by its name, in commands with many; what stands in none is about how it is done."""

_STYLES = re.compile(r"\[(?!/?(?:green|yellow|red|cyan|magenta|bold|dim)\]|/\])")


def print_help(command: Any, context: Any) -> None:
    """Prints the help of `command`, called as `context` says."""
    from rich.console import Console

    console = Console(highlight=False)
    usage = " ".join([context.command_path, *_usage(command)])
    console.print(f"[bold]Usage[/]  {_escaped(usage)}", soft_wrap=True)
    console.print()
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        _wrapped(console, " ".join(paragraph.split()), 0)
        console.print()
    examples = EXAMPLES.get(_called(context), ())
    if examples:
        console.print("[bold]Examples[/]")
        for example in examples:
            console.print(f"  {_escaped(example)}", soft_wrap=True)
        console.print()
    sections = list(_sections(command, context))
    lengths = [len(names) + 4 for _, lines in sections for names, _ in lines]
    margin = max(length for length in lengths if length <= MARGIN)
    for title, lines in sections:
        console.print(f"[bold]{title}[/]")
        for names, text in lines:
            _entry(console, names, text, margin)
        console.print()


def _usage(command: Any) -> list[str]:
    """The words behind the command: options, then its arguments, or the command below it."""
    arguments = [p for p in command.params if p.param_type_name == "argument" and not p.hidden]
    words = [_placeholder(p) if p.required else f"[{_placeholder(p).strip('[]')}]" for p in arguments]
    return ["[OPTIONS]", *words, *(["COMMAND ..."] if hasattr(command, "list_commands") else [])]


def _placeholder(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper()) + ("..." if argument.nargs == -1 else "")


def _sections(command: Any, context: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Arguments, commands by panels, and options by groups: their names and what is said of them."""
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    arguments = [p for p in command.params if p.param_type_name == "argument" and not p.hidden]
    if arguments:
        yield "Arguments", [(_placeholder(p), _told(p)) for p in arguments]
    panels: dict[str, list[tuple[str, str]]] = {}
    for name in getattr(command, "list_commands", lambda _: ())(context):
        one = command.get_command(context, name)
        summary = " ".join(re.split(r"\n\s*\n", inspect.cleandoc(one.help or ""))[0].split())
        panels.setdefault(getattr(one, "rich_help_panel", None) or "Commands", []).append((name, summary))
    yield from panels.items()
    many = len(options) > FEW
    groups: dict[str, list[tuple[str, str]]] = {}
    for option in options:
        group = option.rich_help_panel if isinstance(option.rich_help_panel, str) else ""
        groups.setdefault(group or (group_of(option.name) if many else "Options"), []).append(_named(option))
    groups.setdefault(HOW if many else "Options", []).append(("-h, --help", "Show this and stop."))
    order = [WHAT, FORM, PLACES, *(g for g in groups if g not in (WHAT, FORM, PLACES, HOW, MACHINE)), HOW, MACHINE]
    yield from ((group, groups[group]) for group in order if group in groups)


def group_of(name: str) -> str:
    """The group in which an option stands in a command that has many."""
    return next((group for group, names in GROUPS.items() if name in names), HOW)


def _named(option: Any) -> tuple[str, str]:
    """`-m, --method TEXT` and what is said of it."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts and (option.default or not option.secondary_opts[0].startswith("--no-")):
        names += f" / {option.secondary_opts[0]}"
    kind = "" if getattr(option, "is_flag", False) or getattr(option, "count", False) else _kind(option)
    return f"{names} {kind}".rstrip(), _told(option)


def _kind(option: Any) -> str:
    """A word for what an option takes: its choices where these are few and short."""
    if option.metavar:
        return str(option.metavar)
    described = getattr(option, "type_descriptor", None)
    annotation = described.annotation if described is not None else None
    inner = [one for one in get_args(annotation) if one is not type(None)]
    if annotation is not None and get_origin(annotation) is not Literal and len(inner) == 1:
        annotation = inner[0]
    words = [str(one) for one in inner] if get_origin(annotation) is Literal else []
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        words = [str(one.value) for one in annotation]
    if words:
        choices = "|".join(word for word in words if word)
        return choices if len(choices) <= 14 else "WORD"
    return {"int": "N", "float": "X", "Path": "PATH"}.get(getattr(annotation, "__name__", ""), "TEXT")


def _told(parameter: Any) -> str:
    """What is said of a parameter, with its default where that says something, and whether it has to be given."""
    text = parameter.help or ""
    default = parameter.default
    plain = isinstance(default, str | int | float | Enum) or hasattr(default, "__fspath__")
    if plain and default not in ("", 0, False) and not getattr(parameter, "is_flag", False):
        text += f" [default: {default.value if isinstance(default, Enum) else default}]"
    if parameter.required and parameter.param_type_name == "option":
        text += " [required]"
    return text.strip()


def _called(context: Any) -> str:
    """The words behind the program's name."""
    words = []
    while context.parent is not None:
        words.append(context.info_name)
        context = context.parent
    return " ".join(reversed(words))


def _entry(console: Console, names: str, text: str, margin: int) -> None:
    from rich.text import Text

    shown = Text(f"  {names}", "bold cyan")
    if len(shown) > margin - 2:
        console.print(shown, soft_wrap=True)
        _wrapped(console, text, margin)
        return
    _wrapped(console, text, margin, shown)


def _wrapped(console: Console, text: str, margin: int, before: Text | None = None) -> None:
    """Prints `text` in lines that begin at `margin`, the first behind `before`."""
    from rich.text import Text

    width = max(min(console.width, WIDEST) - margin, 20)
    lines = Text.from_markup(_escaped(text)).wrap(console, width)
    for number, line in enumerate(lines or [Text("")]):
        line.rstrip()
        start = before.copy() if before is not None and number == 0 else Text()
        start.pad_right(margin - len(start))
        whole = start + line
        whole.rstrip()
        console.print(whole, soft_wrap=True)


def _escaped(text: str) -> str:
    """Square brackets as they are, but for the few styles that help texts use."""
    return _STYLES.sub(r"\\[", text)
