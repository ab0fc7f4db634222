"""`slkd-bench train`: train methods and write their weights and cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from benchmark.core.types import Scale, Task
from benchmark.training.command import chosen, train_methods


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def train(
        method: list[str] = typer.Argument(None, help="Methods to train; see `list methods`."),
        everything: bool = typer.Option(False, "--all", help="Every method on each of its tasks, teachers first."),
        task: list[Task] = typer.Option([], "--task", "-t", help="Only these tasks; otherwise all of each method."),
        scale: Scale = typer.Option(Scale.MINI, help="mini: small networks. paper: full-size networks."),
        iterations: int | None = typer.Option(None, min=1, help="Optimisation steps, instead of the recipe's."),
        seed: list[int] = typer.Option([0], help="Training seeds; may be repeated."),
        photos: Path | None = typer.Option(None, help="Train on this folder of clean photographs, not on synthesis."),
        data: Path | None = typer.Option(
            None, help="Train on pairs: the folder of the official sets, or one with input and target."
        ),
        dataset: str = typer.Option("", help="Another official training set of the task; see `data list`."),
        out: Path | None = typer.Option(None, help="Where weights and cards go; otherwise your own weights folder."),
        runs: Path = typer.Option(Path("training"), help="Where checkpoints and logs go."),
        fresh: bool = typer.Option(
            False, "--fresh/--resume", help="Forget checkpoints and finished weights, or go on from them."
        ),
        device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
        threads: int | None = typer.Option(None, min=1, help="CPU threads."),
        jobs: int = typer.Option(1, min=1, help="Processes at the same time."),
        together: bool | None = typer.Option(
            None,
            "--together/--one-by-one",
            help="Train the students of one teacher side by side, on batches and teacher features made once. The "
            "weights are the same. Default: together at scale mini.",
        ),
        reading: str | None = typer.Option(None, help="Reading of the paper's losses, for SLKD; see `list readings`."),
        batch: int | None = typer.Option(None, min=1, help="Images a step and process, instead of the recipe's."),
        patch: int | None = typer.Option(None, min=16, help="Side of a patch in pixels, instead of the recipe's."),
        lr: float | None = typer.Option(None, help="First learning rate, instead of the recipe's."),
        clip: float | None = typer.Option(None, min=0, help="Bound of the gradient norm; 0 for none."),
        clean_share: float | None = typer.Option(
            None, min=0, max=1, help="Share of samples whose degraded image is replaced by the clean one."
        ),
        clean_from: float | None = typer.Option(
            None, min=0, max=1, help="Fraction of the run after which the clean share begins."
        ),
        identity_start: bool = typer.Option(
            False, "--identity-start", help="Let the network start at the identity, even where its recipe does not."
        ),
        ema: float | None = typer.Option(None, min=0, max=1, help="Decay of the weights' running mean; 0 for none."),
        precision: str | None = typer.Option(None, help="fp32, bf16 or fp16."),
        channels_last: bool = typer.Option(False, help="Channels-last memory: faster on GPUs."),
        tensorboard: bool = typer.Option(False, help="Also write TensorBoard logs, where it is installed."),
        quiet: bool = typer.Option(False, help="Show nothing while training."),
    ) -> None:
        """Train methods and write their weights with cards; killed runs go on, finished ones are skipped."""

        wishes: dict[str, Any] = {"iterations": iterations, "batch": batch, "patch": patch, "lr": lr}
        wishes |= {
            "clip": clip,
            "clean_share": clean_share,
            "clean_from": clean_from,
            "identity_start": identity_start or None,
        }
        wishes |= {"ema": ema, "precision": precision}
        around = {
            "device": device,
            "threads": threads,
            "channels_last": channels_last,
            "tensorboard": tensorboard,
            "quiet": quiet,
        }
        where: dict[str, Any] = {"photos": photos, "out": out, "runs": runs, "fresh": fresh, "data": data}
        where |= {"dataset": dataset} if dataset else {}
        pairs = chosen(method or [], everything, task, reading)
        beside = together if together is not None else scale is Scale.MINI
        train_methods(pairs, scale, seed, wishes, around, where, jobs, beside)
