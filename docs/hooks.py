"""What `make docs` adds to the pages written by hand: the reference, from docstrings and command line, and the pictures."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

TOP = Path(__file__).resolve().parent.parent

# Page: title, what it is about, the modules it shows. A package stands for all its own modules.
PACKAGES = {
    "slkd": ("slkd", "The paper's method, usable without the laboratory: distiller, losses, readings, extractors."),
    "networks": ("baselines.networks", "The networks of the paper's tables, each written afresh from its paper."),
    "distillation": ("baselines.distillation", "The rivals and the controls: other ways to teach a student."),
    "benchmark": ("benchmark", "The laboratory's nouns and the modules that stand on their own."),
    "protocols": ("benchmark.protocols", "How PSNR and SSIM are computed, as data, and two implementations."),
    "datasets": ("benchmark.datasets", "Passports, layouts, pair rules, and pairs."),
    "mini": ("benchmark.datasets.mini", "The embedded data sets and the physics that makes them."),
    "runs": ("benchmark.runs", "Cells: what is computed, kept, skipped, shared out and merged."),
    "costs": ("benchmark.costs", "Parameters, multiply-accumulates and times."),
    "claims": ("benchmark.claims", "The claim ledger and its verdicts."),
    "statistics": ("benchmark.statistics", "What chance may explain."),
    "tables": ("benchmark.views.tables", "Tables from result files."),
    "check": ("benchmark.check", "The regression check."),
    "figures": ("benchmark.views.figures", "Figures from result files, and of the few images that they restore."),
    "inspection": ("benchmark.studies.inspection", "A look into a distillation: teachers, gradients by term, maps."),
    "report": ("benchmark.views.report", "The report as one HTML page."),
    "training": ("benchmark.training", "Recipes, objectives and the engine that trains."),
    "weights": ("benchmark.methods.weights", "Weight files, their cards, and the authors' checkpoints."),
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the pages of the reference into the navigation."""
    for entry in config.nav or []:
        if isinstance(entry, dict) and "Reference" in entry:
            entry["Reference"] = [{"Command line": "reference/command-line.md"}]
            entry["Reference"] += [
                {_package(page): f"reference/{page}.md"} for page in PACKAGES if _modules(_package(page))
            ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages themselves."""
    files.append(File.generated(config, "reference/command-line.md", content=_command_line()))
    for page, (package, about) in PACKAGES.items():
        modules = _modules(package)
        if modules:
            content = f"# {package}\n\n{about}\n\n" + "".join(map(_shown, modules))
            files.append(File.generated(config, f"reference/{page}.md", content=content))
    sys.path.insert(0, str(TOP))
    from docs import pictures

    for name, draw in pictures.files():
        files.append(File.generated(config, f"gallery/{name}", content=draw()))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Finds the search's helper from every depth of the site."""
    return output.replace(
        'src="assets/iframe-worker.js"', f'src="{get_relative_url("assets/iframe-worker.js", page.url)}"'
    )


def on_post_build(config: MkDocsConfig) -> None:
    """Refuses a site that would load anything from elsewhere."""
    outside = re.compile(
        r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\brel=["']?"""
        r"""(?:stylesheet|preconnect|icon)["']?[^>]*\bhref=["']?(?:https?:)?//"""
    )
    for page in Path(config.site_dir).rglob("*.html"):
        found = outside.search(page.read_text(encoding="utf-8"))
        if found:
            raise PluginError(f"{page} loads from the network: {found[0]}")


def _package(page: str) -> str:
    return PACKAGES[page][0]


def _modules(package: str) -> list[str]:
    """The package and its own modules that document something, in the order of their names; none if there is none."""
    folder = TOP / package.replace(".", "/")
    if not (folder / "__init__.py").is_file():
        return []
    own = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("__"))
    return [*([] if package == "benchmark" else [package]), *(f"{package}.{name}" for name in own)]


def _shown(module: str) -> str:
    """A module's part of a page; of a package only what it defines itself, not what it hands on from its modules."""
    path = TOP / module.replace(".", "/") / "__init__.py"
    if not path.is_file():
        return f"::: {module}\n\n"
    defined = [
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]
    return f"::: {module}\n    options:\n      members: {defined or 'false'}\n\n"


def _command_line() -> str:
    """Every command with its help, its arguments and its options."""
    sys.path.insert(0, str(TOP))  # mkdocs undoes it where it loads this file
    from benchmark.cli.lazy import COMMANDS, load

    lines = ["# Command line", "", "The same texts as `slkd-bench COMMAND --help`.", ""]
    for command, path in sorted(
        (found for name in COMMANDS for found in _commands(load(name), ("slkd-bench", name))),
        key=lambda found: found[1],
    ):
        lines += _described(command, path)
    return "\n".join(lines)


def _commands(command: Any, path: tuple[str, ...]) -> list[tuple[Any, tuple[str, ...]]]:
    if not hasattr(command, "commands"):
        return [(command, path)]
    return [found for name, inner in command.commands.items() for found in _commands(inner, (*path, name))]


def _described(command: Any, path: tuple[str, ...]) -> list[str]:
    from benchmark.cli.examples import EXAMPLES

    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden and p.name != "help"]
    usage = " ".join([*path, *(_asked(p) for p in arguments), *(["[OPTIONS]"] * bool(options))])
    lines = [f"## {' '.join(path[1:])}", "", _plain(command.help), "", "```text", usage, "```", ""]
    examples = EXAMPLES.get(" ".join(path[1:]), ())
    lines += ["```sh", *examples, "```", ""] if examples else []
    if arguments or options:
        lines += ["| | |", "| --- | --- |"]
        lines += [f"| `{(p.name or '').upper()}` | {_plain(p.help)} |" for p in arguments]
        lines += [f"| {_names(p)} | {_plain(p.help)}{_default(p)} |" for p in options]
    return [*lines, ""]


def _asked(argument: Any) -> str:
    """An argument in a usage line: in brackets if it may be left out, with dots if it may be repeated."""
    name = (argument.name or "").upper().rstrip("_") + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _names(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    value = option.default
    if value in (None, "", False, True) or callable(value) or isinstance(value, (list, tuple)):
        return ""
    return f" Default: `{getattr(value, 'value', value)}`."


def _plain(text: str | None) -> str:
    """A help text in one line that a table can hold."""
    return " ".join((text or "").split()).replace("|", "\\|").replace("[", "\\[").replace("<", "&lt;")
