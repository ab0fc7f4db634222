"""`slkd-bench score`: restored images made elsewhere, under any protocol."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.cli.options import AS_JSON, scale_option
from benchmark.cli.run import names_of
from benchmark.core.types import Scale


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def score(
        folder: Path = typer.Argument(help="Restored images, each named like its pair."),
        dataset: str = typer.Option(
            ..., "--dataset", "-d", help="A data set, or a folder with input and target (NAME=FOLDER)."
        ),
        protocol: str = typer.Option(
            "", help="Another protocol than the data set's own (a folder has none), or `all` for the whole matrix."
        ),
        name: str = typer.Option("", help="The method's name in results; otherwise the folder's."),
        metric: str = typer.Option("", help="Further metrics by their pyiqa names, such as lpips,niqe."),
        scale: Scale = scale_option("mini: `rain1400` means mini-rain1400. paper: the official set."),
        out: Path = typer.Option(Path("runs"), help="Where the result file goes."),
        photos: Path | None = typer.Option(None, help="Build the mini sets from this folder of clean photographs."),
        padded: Path | None = typer.Option(
            None, help="With --protocol all: the same images restored from padded inputs, and cropped."
        ),
        limit: int | None = typer.Option(None, min=1, help="Only the first N images of the set."),
        keep_going: bool = typer.Option(False, help="Leave out images that are missing or broken, and name them."),
        json: bool = AS_JSON,
    ) -> None:
        """Score a folder of restored images made elsewhere, and keep the result like that of a method."""
        from benchmark.runs.score_folder import ScoreRequest, score_command

        request = ScoreRequest(
            folder,
            dataset,
            protocol=protocol,
            name=name,
            metrics=names_of(metric),
            out=out,
            scale=scale,
            photos=photos,
            keep_going=keep_going,
            limit=limit,
            padded=padded,
        )
        raise typer.Exit(score_command(request, json))
