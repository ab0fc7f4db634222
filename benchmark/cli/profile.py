"""`slkd-bench profile`: what the networks cost."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from benchmark.cli.options import AS_JSON, scale_option
from benchmark.core.devices import resolve
from benchmark.core.types import Scale
from benchmark.runs.remembered import method_words


class Precision(StrEnum):
    """Number formats of a timing."""

    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class Mode(StrEnum):
    """How the network is called while it is timed."""

    eager = "eager"
    compiled = "compiled"
    graph = "graph"


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""

    @app.command()
    def profile(
        network: list[str] = typer.Argument(
            None,
            help="Networks, methods, or your own as NAME=package.module:Class, or as the results call it; all if none.",
        ),
        everything: bool = typer.Option(False, "--all", help="All networks (the default)."),
        scale: Scale = scale_option("mini: as trained here. paper: as published."),
        size: int = typer.Option(512, min=32, help="Side of the square image."),
        device: str | None = typer.Option(None, help="Also time the networks on this device: cpu, cuda."),
        precision: Precision = typer.Option(Precision.fp32, help="Number format of the timing."),
        mode: Mode = typer.Option(Mode.eager, help="eager, compiled, or graph (a CUDA graph replayed)."),
        repeats: int = typer.Option(30, min=1, help="Timed passes after the warm-up."),
        threads: int | None = typer.Option(None, min=1, help="CPU threads."),
        tf32: bool = typer.Option(False, "--tf32", help="Let a GPU shorten fp32 to TF32; the card says so."),
        raw: bool = typer.Option(False, help="Also fvcore's and torch's own counts, with what they leave out."),
        save: bool = typer.Option(False, "--save", help="Record the results; Tables I and III read them."),
        out: Path | None = typer.Option(
            None,
            help="Where to record them, runs say, where tables and figures find them beside the results; otherwise among the "
            "reference results.",
        ),
        json: bool = AS_JSON,
    ) -> None:
        """Count parameters and multiply-accumulates of the networks, and time them.

        Before the timed passes the device is warmed up for a second. A mode that did not
        run is never recorded, and a network that fails is named while the others go on.
        """
        from benchmark.costs.command import ProfileRequest
        from benchmark.costs.command import profile as run

        names = tuple(method_words(name, out or Path("runs")) for name in network or ())
        timing = None
        if device is not None:
            from benchmark.costs.latency import Timing

            timing = Timing(resolve(device), precision.value, mode.value, repeats, threads, tf32)
        raise typer.Exit(run(ProfileRequest(names, scale, size, timing, raw, save, out, json)))
