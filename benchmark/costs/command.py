"""What `slkd-bench profile` and `slkd-bench audit complexity` do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.claims.complexity.audit import audit
from benchmark.claims.complexity.readings import write_readings
from benchmark.core.errors import UnknownName
from benchmark.core.types import Scale
from benchmark.costs.counters import fvcore_count, torch_count
from benchmark.costs.records import Complexity, Latency, all_complexity, write_complexity, write_latencies
from benchmark.methods.find import get_method
from benchmark.methods.networks import arguments, build, networks
from benchmark.papers.read import get_paper
from benchmark.runs.code import made_by

if TYPE_CHECKING:
    from benchmark.costs.counters import RawCount

Target = tuple[str, str]  # network, task


def targets(names: list[str]) -> list[Target]:
    """The networks to profile, each with its first task and those that have a variant of their own. Raises UnknownName."""
    known = networks()
    asked = []
    for name in names or list(known):
        network = name.lower() if name.lower() in known else get_method(name).network
        if not network:
            raise UnknownName("network", name, known)
        asked.append(network)
    chosen = []
    for network in dict.fromkeys(asked):
        spec = known[network]
        chosen += [(network, task) for task in dict.fromkeys([spec.tasks[0], *spec.by_task])]
    return chosen


def measure_complexity(
    network: str, task: str, scale: Scale, size: int, raw: bool
) -> tuple[Complexity, dict[str, RawCount]]:
    """Parameters and counts of one network; with `raw`, also what fvcore and torch's own counter say."""
    import torch

    from benchmark.costs.count import count, parameters_used

    with torch.device("cpu" if raw else "meta"):  # only fvcore has to compute
        built = build(network, str(scale), task).eval()
    counted = count(built, network, size, arguments(network, str(scale), task))
    total = sum(p.numel() for p in built.parameters())
    record = Complexity(
        network, str(scale), task, size, total, parameters_used(built), counted.gmacs, counted.true_gflops
    )
    others = {"fvcore": fvcore_count(built, size), "torch": torch_count(built, size)} if raw else {}
    return record, others


def profile(
    names: list[str],
    scale: Scale,
    size: int,
    device: str | None,
    precision: str,
    mode: str,
    repeats: int,
    raw: bool,
    save: bool,
    out: Path | None,
    threads: int | None,
) -> None:
    """Counts the networks and, with `device`, times them; prints a table and records both with `save`."""
    console = Console()
    started = time.perf_counter()
    chosen = targets(names)
    complexity, raws = [], {}
    with console.status("counting") if console.is_terminal else _silence() as status:
        for network, task in chosen:
            if hasattr(status, "update"):
                status.update(f"counting {network}")
            record, raws[network, task] = measure_complexity(network, task, scale, size, raw)
            complexity.append(record)
    latencies, card = _latencies(console, chosen, scale, size, device, precision, mode, repeats, threads)
    console.print(_complexity_table(complexity, latencies, size, scale, card))
    if raw:
        console.print(_raw_table(raws))
        _print_left_out(console, raws)
    console.print(f"Counted in {time.perf_counter() - started:.0f} s.", highlight=False)
    if save:
        _save(console, complexity, latencies, card, out)


def _silence() -> Any:
    import contextlib

    return contextlib.nullcontext()


def _latencies(
    console: Console,
    chosen: list[Target],
    scale: Scale,
    size: int,
    device: str | None,
    precision: str,
    mode: str,
    repeats: int,
    threads: int | None,
) -> tuple[dict[Target, Latency], dict[str, Any]]:
    if device is None:
        return {}, {}
    import torch

    from benchmark.costs.latency import device_card, measure, summarise

    if threads:
        torch.set_num_threads(threads)
    card = device_card(device, precision, mode, threads)
    found = {}
    for network, task in chosen:
        torch.manual_seed(0)
        times, peak = measure(build(network, str(scale), task), size, device, precision, mode, repeats)
        median, low, high = summarise(times)
        found[network, task] = Latency(network, str(scale), task, size, median, low, high, peak, repeats)
        if not console.is_terminal:
            console.print(f"{network} {task}: {median:.1f} ms ({low:.1f}-{high:.1f})", highlight=False)
    return found, card


def _complexity_table(
    records: list[Complexity], latencies: dict[Target, Latency], size: int, scale: Scale, card: dict[str, Any]
) -> Table:
    title = f"Scale {scale}, one {size}x{size} image" + (f", time on {card['device']}" if card else "")
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="", pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("network", overflow="fold")
    for name in ("task", "params", "used", "GMAC", "true GFLOP", *(["ms (10-90 %)", "MiB"] if card else [])):
        table.add_column(name, justify="right" if name != "task" else "left")
    for r in records:
        row = [
            r.network,
            r.task,
            f"{r.parameters:,}",
            f"{r.parameters_used:,}",
            f"{r.gmacs:.3f}",
            f"{r.true_gflops:.1f}",
        ]
        if card:
            found = latencies[r.network, r.task]
            row += [
                f"{found.median_ms:.1f} ({found.p10_ms:.1f}-{found.p90_ms:.1f})",
                f"{found.peak_mib:.0f}" if found.peak_mib else "-",
            ]
        table.add_row(*row)
    return table


def _raw_table(raws: dict[Target, dict[str, RawCount]]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        title="Raw counters on our form",
        title_justify="left",
        title_style="",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in ("network", "task", "fvcore GMAC", "torch GMAC"):
        table.add_column(name, justify="right" if "GMAC" in name else "left")
    for (network, task), counts in raws.items():
        table.add_row(network, task, f"{counts['fvcore'].gmacs:.3f}", f"{counts['torch'].gmacs:.3f}")
    return table


def _print_left_out(console: Console, raws: dict[Target, dict[str, RawCount]]) -> None:
    console.print("Operators left out (calls):", highlight=False)
    for (network, task), counts in raws.items():
        for counter, found in counts.items():
            listed = ", ".join(f"{name} {calls}" for name, calls in sorted(found.left_out.items()))
            console.print(f"  {network} {task}, {counter}: {listed or 'none'}", highlight=False, style="dim")


def _save(
    console: Console,
    complexity: list[Complexity],
    latencies: dict[Target, Latency],
    card: dict[str, Any],
    out: Path | None,
) -> None:
    from benchmark.costs.latency import card_id

    known = {(r.network, r.scale, r.task, r.size): r for r in all_complexity(out)}
    known |= {(r.network, r.scale, r.task, r.size): r for r in complexity}
    made = {name: value for name, value in made_by("cpu").items() if name in ("slkd-bench", "torch")}
    console.print(
        f"recorded in {escape(str(write_complexity(list(known.values()), made, out)))}", highlight=False, soft_wrap=True
    )
    if card:
        path = write_latencies(card_id(card), card, list(latencies.values()), out)
        console.print(f"recorded in {escape(str(path))}", highlight=False, soft_wrap=True)


def audit_complexity(save: bool = False, paper: str = "") -> int:
    """Prints a paper's complexity columns beside the measured ones; 0 always: a finding is not a failure."""

    console = Console()
    started = time.perf_counter()
    read = get_paper(paper)
    size = read.complexity.image_size
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"Complexity at {size} x {size}: printed and measured",
        title_justify="left",
        title_style="",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in ("table", "row", "paper", "measured", "verdict"):
        table.add_column(name, justify="right" if name in ("paper", "measured") else "left", overflow="fold")
    findings = list(audit(read.id))
    for finding in findings:
        claim = finding.claim
        printed, measured = f"{claim.gmacs:.1f}G", f"{finding.gmacs:.1f}G"
        if claim.parameters is not None:
            printed, measured = f"{printed}/{claim.parameters}M", f"{measured}/{finding.parameters:.1f}M"
        verdict = (
            "[green]agrees[/]"
            if finding.agrees
            else f"[yellow]differs:[/] {finding.explanation}"
            if finding.explanation
            else f"[red]differs:[/] unexplained, none of {finding.tried} readings gives it"
        )
        table.add_row(claim.table, claim.row, printed, measured, verdict)
    if not findings:
        console.print(f"the ledger of {read.short} has no cost columns", highlight=False, soft_wrap=True)
        return 0
    console.print(table)
    console.print(
        f"Measured: multiply-accumulates of one {size} x {size} image, counted as the paper counts them "
        f"({time.perf_counter() - started:.0f} s).",
        highlight=False,
        soft_wrap=True,
    )
    if save:
        path = write_readings(read.id, findings)
        console.print(f"recorded in {escape(str(path))}", highlight=False, soft_wrap=True)
    return 0
