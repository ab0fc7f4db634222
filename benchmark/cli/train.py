"""`slkd-bench train`: train methods and write their weights and cards."""

from __future__ import annotations

from dataclasses import dataclass, field

import typer

from benchmark.cli.options import with_options
from benchmark.training.data.source import DataSource
from benchmark.training.job import Outputs, Selection, make_jobs
from benchmark.training.recipe import RecipeOverrides
from benchmark.training.settings import Settings
from benchmark.training.train import Cluster
from benchmark.training.train import train as train_all


@dataclass(frozen=True)
class CommandSettings(Settings):
    """`Settings` as a command has them: a device by itself, and how the jobs are spread."""

    device: str = field(default="auto", metadata={"help": "auto, cpu, cuda, cuda:1, mps."})
    jobs: int = field(default=1, metadata={"help": "Processes at the same time.", "min": 1})
    cluster: Cluster = field(
        default="", metadata={"help": "Hand the jobs to a queue through submitit: slurm, or local for one to try."}
    )


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    @with_options
    def train(
        selection: Selection, overrides: RecipeOverrides, data: DataSource, outputs: Outputs, settings: CommandSettings
    ) -> None:
        """Train methods and write their weights with cards; killed runs go on, finished ones are skipped."""
        jobs = make_jobs(selection, overrides, data, outputs)
        for one in train_all(jobs, settings, settings.jobs, settings.cluster):
            if not settings.quiet:
                how = one.health if one.new else "as it was"
                typer.echo(f"{one.method} {one.task} seed {one.seed}: {one.path} ({how})")
