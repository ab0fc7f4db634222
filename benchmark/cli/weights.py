"""`slkd-bench weights import | list | verify`."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task
from benchmark.methods.find import get_method
from benchmark.methods.weights.importing import import_weights


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
        out: Path | None = typer.Option(None, help="Where to keep it; otherwise your own weights folder."),
    ) -> None:
        """Convert the authors' checkpoint to safetensors, with every tensor checked."""

        chosen = get_method(method)
        if not chosen.network:
            raise SlkdBenchError("a method with a network", chosen.id, "See `slkd-bench list methods`.")
        if task is None and len(chosen.tasks) > 1:
            raise SlkdBenchError(
                f"the task this checkpoint of {chosen.title} was trained for",
                "none",
                f"Give --task {' or '.join(chosen.tasks)}.",
            )
        path = import_weights(chosen, files, task or chosen.tasks[0], out)
        typer.echo(f"kept as {path}")

    @weights.command("list")
    def list_(scale: Scale | None = typer.Option(None, help="Only this scale.")) -> None:
        """List all weights, with their size, origin and quality while they were trained."""
        from rich.console import Console

        from benchmark.methods.weights.listing import listing

        Console().print(listing(scale))

    @weights.command()
    def verify() -> None:
        """Check every weight file against its card and its network."""
        from benchmark.methods.weights.listing import verify_all

        raise typer.Exit(verify_all())
