"""`slkd-bench weights import | fetch | list | verify`."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.cli.options import AS_JSON
from benchmark.core.errors import BadData, SlkdBenchError
from benchmark.core.terminal import show_table
from benchmark.core.types import Scale, Task
from benchmark.datasets import dataset_ids
from benchmark.datasets.fetch import ByHand
from benchmark.datasets.passport import known_task
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.weights.card import read_card
from benchmark.methods.weights.fetching import fetch_weights
from benchmark.methods.weights.importing import Keep, import_weights
from benchmark.runs.choose import split_name


def method_and_task(name: str, task: Task | None) -> tuple[Method, Task]:
    """The method whose weights are meant, and the task they were trained for. Raises SlkdBenchError."""
    chosen = get_method(name)
    if not chosen.network:
        raise SlkdBenchError("a method with a network", chosen.id, "See `slkd-bench list methods`.")
    if task is None and len(chosen.tasks) > 1:
        raise SlkdBenchError(
            f"the task this checkpoint of {chosen.title} was trained for",
            "none",
            f"Give --task {' or '.join(chosen.tasks)}.",
        )
    if task is not None and task not in chosen.tasks:
        raise SlkdBenchError(f"a task of {chosen.title} ({', '.join(chosen.tasks)})", str(task), "Give one of them.")
    return chosen, task or chosen.tasks[0]


def checked_dataset(name: str) -> str:
    """The id of a registered data set, or the name of the user's FOLDER or NAME=FOLDER. Raises BadData for what is neither."""
    known = {known.lower(): known for known in dataset_ids()}
    if name.lower() in known:
        return known[name.lower()]
    chosen, place = split_name(name)
    plain = chosen or place.name
    if not plain or plain in (".", ".."):
        raise BadData("a data set's id, or the name of a folder of yours", f"'{name}'", "See `slkd-bench data list`.")
    typer.echo(
        f"{plain} is no registered data set: these weights are for a folder of that name (-d {plain}=FOLDER)", err=True
    )
    return plain


def kept(path: Path, dataset: str) -> str:
    """What is said of weights that were imported: where they are, what they are for, and what was found around them."""
    card = read_card(path)
    parts = [f"kept as {path}", f"for {dataset}" if dataset else f"for {card.get('task')}"]
    if card.get("architecture"):
        parts.append(f"the architecture {card['architecture']}")
    if card.get("wrapper"):
        parts.append(f"taken from {' > '.join(card['wrapper'])}")
    if card.get("left_out"):
        parts.append(f"left out: {', '.join(card['left_out'][:5])}")
    return "; ".join(parts)


def register(app: typer.Typer) -> None:
    """Adds the sub-commands to `app`."""
    weights = typer.Typer(
        help="Trained weights: import the authors', list and verify what is there.", no_args_is_help=True
    )
    app.add_typer(weights, name="weights")

    @weights.command("import")
    def import_(
        method: str = typer.Argument(help="The method, as in `list methods`."),
        files: list[Path] = typer.Argument(help="The authors' checkpoint; one file a level for DMPHN."),
        task: Task | None = typer.Option(
            None, "--task", "-t", parser=known_task, help="What it was trained for, if the method has several."
        ),
        for_: list[str] = typer.Option(
            [], "--for", help="The data set it was trained for, if it is one of several; may be given more than once."
        ),
        replace: bool = typer.Option(False, "--replace", help="Replace other weights in the same place."),
        out: Path | None = typer.Option(None, help="Where to keep it; otherwise your own weights folder."),
    ) -> None:
        """Convert the authors' checkpoint to safetensors, with every tensor checked."""

        chosen, wanted = method_and_task(method, task)
        for dataset in [checked_dataset(name) for name in for_] or [""]:
            path = import_weights(chosen, files, wanted, out, Keep(dataset, replace))
            typer.echo(kept(path, dataset))

    @weights.command()
    def fetch(
        method: str = typer.Argument(help="The method, as in `list methods`."),
        task: Task | None = typer.Option(
            None, "--task", "-t", parser=known_task, help="What it was trained for, if the method has several."
        ),
        for_: str = typer.Option("", "--for", help="Only the checkpoint for this data set."),
        url: str = typer.Option("", help="Take it from this address instead of the known one."),
        sha256: str = typer.Option("", help="The SHA-256 that the file at --url must have."),
        replace: bool = typer.Option(False, "--replace", help="Replace other weights in the same place."),
    ) -> None:
        """Download the authors' checkpoint and import it; exit code 3 and instructions where only a person can."""

        chosen, wanted = method_and_task(method, task)
        try:
            found = fetch_weights(chosen, wanted, Keep(checked_dataset(for_) if for_ else "", replace), url, sha256)
        except ByHand as problem:
            typer.echo(f"The weights of {chosen.title} cannot be fetched by a program: {problem.found}.")
            typer.echo(problem.remedy)
            raise typer.Exit(3) from None
        for path, dataset, sums in found:
            typer.echo(f"SHA-256 {sums}")
            typer.echo(kept(path, dataset))

    @weights.command("list")
    def list_(scale: Scale | None = typer.Option(None, help="Only this scale."), json: bool = AS_JSON) -> None:
        """List all weights, with their size, origin and quality while they were trained."""
        from rich.console import Console

        from benchmark.methods.weights.listing import listing

        show_table(Console(), listing(scale), json)

    @weights.command()
    def verify() -> None:
        """Check every weight file against its card and its network."""
        from benchmark.methods.weights.listing import verify_all

        raise typer.Exit(verify_all())
