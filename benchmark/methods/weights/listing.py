"""All weight files on this machine: listed from their cards, verified against cards and networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.core import paths
from benchmark.core.errors import BadWeights, SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import tasks
from benchmark.methods.find import get_method
from benchmark.methods.weights.card import card_path
from benchmark.methods.weights.loading import build_network, load_weights
from benchmark.methods.weights.store import WeightsFile, parsed


class Listed(NamedTuple):
    """One weight file: whose, for which task (and data set, if for one), at which scale, from which seed."""

    method: str
    task: Task
    scale: Scale
    seed: int
    file: WeightsFile


def all_weights(scale: Scale | None = None) -> Iterator[Listed]:
    """All weight files, the user's own first; one that hides a packaged one is named alone, other files are left out."""
    seen = set()
    for root in (paths.user_weights(), paths.packaged_weights()):
        for path in sorted(root.glob("*/*/*.safetensors")):
            found, task, name = path.relative_to(root).parts
            known = parsed(name)
            if known is None or found not in tuple(Scale) or task not in tasks():
                continue
            if (found, task, name) in seen or (scale and found != scale):
                continue
            seen.add((found, task, name))
            yield Listed(known.method, Task(task), Scale(found), known.seed, WeightsFile(path, known.dataset))


def listing(scale: Scale | None) -> Table:
    """A table of what the cards say."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("method", "task", "for", "scale", "seed", "KiB", "from"):
        table.add_column(column, justify="right" if column in ("seed", "KiB") else "left", overflow="fold")
    for method, task, found, seed, file in all_weights(scale):
        size = f"{file.path.stat().st_size / 1024:.0f}"
        words = (method, task, file.dataset or "all", found, str(seed), size, _origin(file))
        table.add_row(*(escape(word) for word in words))
    return table


def _origin(file: WeightsFile) -> str:
    try:
        card = file.card
    except BadWeights as problem:
        return f"bad card: {problem.found}"
    if card.get("imported_from"):
        form = f" ({card['architecture']})" if card.get("architecture") else ""
        return ", ".join(part["file"] for part in card["imported_from"]) + form
    return f"{card.get('iterations', '?')} iterations, {(card.get('seconds') or 0) / 60:.0f} min"


def verify_all() -> int:
    """Prints one line a file; 1 when any does not agree with its card or its network."""

    console, bad, count = Console(), 0, 0
    for name, task, scale, _, file in all_weights():
        count += 1
        try:
            _verify(name, task, scale, file)
        except SlkdBenchError as problem:
            bad += 1
            told = escape(f"{_short(file.path)}: {problem}")
            console.print(f"[bold red]bad[/] {told}", highlight=False, soft_wrap=True)
        else:
            console.print(f"[green]good[/] {escape(_short(file.path))}", highlight=False, soft_wrap=True)
    console.print(f"{count - bad} good, {bad} bad", highlight=False)
    return 1 if bad else 0


def _verify(name: str, task: Task, scale: Scale, file: WeightsFile) -> None:
    """Raises an error where a file, its card and its network do not agree."""
    card = file.card
    if card.get("sha256") != file.sha256:
        expected = f"sha256 {str(card.get('sha256'))[:12]}, as {card_path(file.path).name} says"
        raise BadWeights(expected, file.sha256[:12], "Restore the file.")
    told = {"method": name, "task": str(task), "scale": str(scale)} | (
        {"dataset": file.dataset} if file.dataset else {}
    )
    for key, value in told.items():
        if card.get(key) not in (None, value):
            raise BadWeights(f"{key} {value}, as the file's place says", f"{card[key]} in its card", "Move both there.")
    network = build_network(get_method(name), task, scale, str(card.get("architecture") or ""))
    load_weights(network, file, name)


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])
