"""`slkd-bench inspect`: what to look at before a distillation is trusted."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.cli.options import AS_JSON, scale_option
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def inspect(
        method: str = typer.Argument("", help="A distilled student; see `list methods`."),
        task: Task | None = typer.Option(
            None, "--task", "-t", parser=known_task, help="Which task; otherwise the method's first."
        ),
        scale: Scale = scale_option("mini or paper."),
        seed: int = typer.Option(0, help="Training seed: of the fresh student and of the trained one."),
        photos: Path | None = typer.Option(None, help="Train and validate on this folder of clean photographs."),
        image: str = typer.Option("", help="The test image whose maps are drawn; otherwise a typical one."),
        reading: str = typer.Option("", help="Another reading of the distiller's equations, `literal` say."),
        signal: bool = typer.Option(
            False,
            "--signal",
            help="Does a feature loss answer to a degradation? Of a teacher, or of all; --reading all compares.",
        ),
        to: Path = typer.Option(Path("inspection"), help="Where the pictures are written."),
        json: bool = AS_JSON,
    ) -> None:
        """Look into a distillation: the teacher on clean images, gradients by loss term, feature maps as pictures.

        Exit code 1 when a term or its gradient is not a finite number.
        """
        if signal:
            from benchmark.studies.inspection.signal_command import SignalRequest, inspect_signal

            inspect_signal(SignalRequest(method, task, scale, photos, reading, to), as_json=json)
            return
        if not method:
            raise typer.BadParameter("name a distilled student, or give --signal", param_hint="METHOD")
        from benchmark.studies.inspection.command import Request
        from benchmark.studies.inspection.command import inspect as run

        raise typer.Exit(run(Request(method, task, scale, seed, photos, image, reading, to), as_json=json))
