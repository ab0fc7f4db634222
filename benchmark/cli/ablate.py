"""`slkd-bench ablate`: train variants of a distilled row alike and say what each change is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import AS_JSON, scale_option
from benchmark.core.terminal import print_json, rows_json
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task
from benchmark.methods.find import get_method
from benchmark.studies import ablation
from benchmark.training.data.source import DataSource
from benchmark.training.job import Outputs
from benchmark.training.recipe import RecipeOverrides
from benchmark.training.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.studies.ablation import AblationRow


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command()
    def ablate(
        axis: list[str] = typer.Argument(
            None, help="What is varied; --list shows what the paper asks, and what it is without a name."
        ),
        method: str = typer.Option("", "--method", "-m", help="The row that is varied; otherwise the paper's own."),
        task: Task = typer.Option(
            Task.DERAINING, "--task", "-t", parser=known_task, help="The task it is trained for."
        ),
        scale: Scale = scale_option("mini: small networks. paper: full-size networks."),
        seed: list[int] = typer.Option([0], help="Training seeds; may be repeated."),
        iterations: int | None = typer.Option(None, min=1, help="Optimisation steps, instead of the recipe's."),
        photos: Path | None = typer.Option(None, help="Train on this folder of clean photographs, not on synthesis."),
        out: Path = typer.Option(Path("runs"), help="Where result files go."),
        runs: Path = typer.Option(Path("training"), help="Where checkpoints and logs go."),
        device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
        threads: int | None = typer.Option(None, min=1, help="CPU threads."),
        show: bool = typer.Option(False, "--list", help="Only list the axes and their variants."),
        json: bool = AS_JSON,
    ) -> None:
        """Train variants of a distilled row side by side, score them, and compare each with the row.

        All start from the same student and see the same batches. Finished weights and results are taken as they are.
        """
        from rich.console import Console

        console = Console(highlight=False)
        base = get_method(method or ablation.default_row())
        if show and json:
            axes = {one.name: [v.id for v in ablation.variants(base, one)] for one in ablation.axes().values()}
            print_json(console, axes)
            return
        if show:
            for found in ablation.axes().values():
                console.print(f"[bold]{found.name}[/]: {found.question}{' (without a name)' if found.first else ''}")
                for variant in ablation.variants(base, found):
                    console.print(f"  {variant.id}")
            return
        study = ablation.Study(
            task,
            scale,
            tuple(seed),
            out,
            RecipeOverrides(iterations=iterations),
            DataSource(photos),
            Outputs(runs=runs),
            Settings(device=device, threads=threads),
        )
        chosen = ablation.chosen_axes(axis or [])
        rows = ablation.ablate(base, chosen, study)
        if json:
            print_json(console, {found.name: _data(base.id, rows[found.name]) for found in chosen})
            return
        for found in chosen:
            _print(console, f"{found.question}. Each minus {base.id}.", rows[found.name])


def _data(base: str, rows: list[AblationRow]) -> list[dict[str, object]]:
    """An axis for programs: each variant's comparisons with the base, or why it stopped."""
    return [
        {
            "variant": row.method.id,
            "base": base,
            "stopped": row.stopped or None,
            "comparisons": rows_json(row.comparisons),
        }
        for row in rows
    ]


def _print(console: Console, title: str, rows: list[AblationRow]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=escape(title), title_justify="left", title_style="")
    table.add_column("variant", overflow="fold")
    table.add_column("data set")
    for header in ("dB", "95% interval", "SSIM", "p"):
        table.add_column(header, justify="right")
    for row in rows:
        name = escape(row.method.id.rpartition("@")[2])
        if row.stopped:
            table.add_row(name, escape(f"stopped: {row.stopped}"))
        for c in row.comparisons:
            interval = f"{c.psnr.low:+.3f} to {c.psnr.high:+.3f}"
            star = "*" if c.psnr.significant else " "
            table.add_row(
                name, c.dataset, f"{c.psnr.mean:+.3f}", interval, f"{c.ssim.mean:+.5f}", f"{c.psnr.chance:.4f}{star}"
            )
            name = ""
    console.print(table)
    console.print("* the interval, over scenes, leaves out zero.", style="dim")
