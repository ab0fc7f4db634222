"""All weight files on this machine: listed from their cards, verified against cards and networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmark.core import paths
from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.methods.find import get_method
from benchmark.methods.weights.loading import build_network, load_weights
from benchmark.methods.weights.store import WeightsFile


def all_weights(scale: Scale | None = None) -> Iterator[tuple[str, Task, Scale, int, WeightsFile]]:
    """Method, task, scale, seed and file, the user's own first; one that hides a packaged one is named alone."""
    seen = set()
    for root in (paths.user_weights(), paths.packaged_weights()):
        for path in sorted(root.glob("*/*/*.safetensors")):
            found, task, name = path.relative_to(root).parts
            method, _, seed = name.removesuffix(".safetensors").partition(".seed")
            if (found, task, name) in seen or (scale and found != scale):
                continue
            seen.add((found, task, name))
            yield method, Task(task), Scale(found), int(seed or 0), WeightsFile(path)


def listing(scale: Scale | None) -> Table:
    """A table of what the cards say."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("method", "task", "scale", "seed", "KiB", "from"):
        table.add_column(column, justify="right" if column in ("seed", "KiB") else "left", overflow="fold")
    for method, task, found, seed, file in all_weights(scale):
        card = file.card
        origin = (
            ", ".join(f["file"] for f in card["imported_from"])
            if "imported_from" in card
            else f"{card.get('iterations', '?')} iterations, {card.get('seconds', 0) / 60:.0f} min"
        )
        table.add_row(method, task, found, str(seed), f"{file.path.stat().st_size / 1024:.0f}", origin)
    return table


def verify_all() -> int:
    """Prints one line a file; 1 when any does not agree with its card or its network."""

    console, bad, count = Console(), 0, 0
    for name, task, scale, _, file in all_weights():
        count += 1
        try:
            expected = file.card.get("sha256")
            if expected != file.sha256:
                raise SlkdBenchError(
                    f"sha256 {str(expected)[:12]}, as the card says", file.sha256[:12], "Restore the file."
                )
            method = get_method(name)
            load_weights(build_network(method, task, scale), file, name)
        except SlkdBenchError as problem:
            bad += 1
            console.print(f"[bold red]bad[/] {_short(file.path)}: {problem}", highlight=False, soft_wrap=True)
        else:
            console.print(f"[green]good[/] {_short(file.path)}", highlight=False, soft_wrap=True)
    console.print(f"{count - bad} good, {bad} bad", highlight=False)
    return 1 if bad else 0


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])
