"""`python -m benchmark.training METHOD --task T`: the training command alone, also for torchrun."""

from __future__ import annotations

import typer

from benchmark.cli import train
from benchmark.core.errors import SlkdBenchError

if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    train.register(app)
    try:
        app()
    except SlkdBenchError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
