"""The command line `slkd-bench`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from benchmark import __version__
from benchmark.cli.lazy import COMMANDS, LazyCommands, stand_in
from benchmark.cli.settings import defaults_from, refuse_strangers, set_up_logging
from benchmark.core.console import prepare_streams
from benchmark.core.errors import AskedToStop, SlkdBenchError
from benchmark.core.files import DISK_FULL, cannot_write
from benchmark.core.paths import PASSPORTS

app = typer.Typer(
    name="slkd-bench",
    cls=LazyCommands,
    help="Settles what is true of knowledge distillation for image restoration: run every method on every data set "
    "under its exact protocol, count what it costs, and print the tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SLKD_BENCH"},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slkd-bench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
    verbose: int = typer.Option(0, "--verbose", "-v", count=True, metavar="", help="Say more; -vv says why."),
    quiet: bool = typer.Option(False, "--quiet", "-q", metavar="", help="Say nothing but results and errors."),
    passport: list[Path] = typer.Option([], "--passport", help="A data set's passport, for this call alone."),
    config: Path | None = typer.Option(
        None, envvar="SLKD_BENCH_CONFIG", help='TOML file with defaults of options: [run] device = "cuda".'
    ),
) -> None:
    if passport:
        known = [part for part in os.environ.get(PASSPORTS, "").split(os.pathsep) if part]
        os.environ[PASSPORTS] = os.pathsep.join([*known, *(str(path.absolute()) for path in passport)])
    set_up_logging(-1 if quiet else verbose)
    if config is not None:
        context.default_map = defaults_from(config)


for _name, _entry in COMMANDS.items():
    app.command(_name, rich_help_panel=_entry.panel)(stand_in(_entry.summary))


def main() -> None:
    """Entry point: a user's mistake becomes one clear message and exit code 2, never a traceback."""
    prepare_streams()
    try:
        try:
            refuse_strangers()
            app()
        finally:
            sys.stdout.flush()
    except AskedToStop as problem:
        _complain(problem)
        sys.exit(130)
    except SlkdBenchError as problem:
        _complain(problem)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What is finished is kept; the same command goes on from there.\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as problem:
        if problem.errno not in DISK_FULL:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain(cannot_write(Path(problem.filename), problem) if problem.filename else _no_output(problem))
        sys.exit(2)


def _no_output(problem: OSError) -> SlkdBenchError:
    remedy = "Free some space, or send the output elsewhere."
    return SlkdBenchError("a standard output that takes what is printed", str(problem.strerror or problem), remedy)


def _complain(problem: Exception) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True, highlight=False)
    if isinstance(problem, SlkdBenchError):
        console.print("[bold red]error[/]", escape(f"expected {problem.expected}"), soft_wrap=True)
        console.print("[bold]found[/]", escape(problem.found), soft_wrap=True)
        console.print("[bold]do[/]   ", escape(problem.remedy), soft_wrap=True)
    else:
        console.print("[bold red]error[/]", escape(str(problem)), soft_wrap=True)
