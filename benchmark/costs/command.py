"""What `slkd-bench profile` does: count, time, print, record."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.core.errors import SlkdBenchError
from benchmark.core.numbers import decimal
from benchmark.core.terminal import print_json, print_whole
from benchmark.core.types import Scale
from benchmark.costs.card import DeviceCard
from benchmark.costs.records import Complexity, Latency, all_complexity, write_complexity, write_latencies
from benchmark.costs.subjects import Subject, complexity_of, subjects
from benchmark.runs.code import made_by

if TYPE_CHECKING:
    from benchmark.costs.counters import RawCount
    from benchmark.costs.latency import Timing


@dataclass(frozen=True)
class ProfileRequest:
    """What is to be profiled: `timing` is None where networks are only counted; `out` a folder of records.

    With `json` the numbers are printed for programs, and everything else goes to standard error.
    """

    names: tuple[str, ...]
    scale: Scale = Scale.PAPER
    size: int = 512
    timing: Timing | None = None
    raw: bool = False
    save: bool = False
    out: Path | None = None
    json: bool = False


@dataclass
class _Profile:
    """What was found, by subject; `failed` says of a subject what could not be counted or timed, and why."""

    counts: dict[Subject, Complexity] = field(default_factory=dict)
    raws: dict[Subject, dict[str, RawCount]] = field(default_factory=dict)
    times: dict[Subject, Latency] = field(default_factory=dict)
    failed: dict[Subject, list[str]] = field(default_factory=dict)
    card: DeviceCard | None = None


def profile(request: ProfileRequest) -> int:
    """Counts the networks and, with a timing, times them; prints a table and records both where it is asked for.

    A network that fails is named at the end, and what was measured of the others is kept; gives 2 then, else 0. Raises
    SlkdBenchError for a mode that the device has not.
    """
    console = Console(stderr=request.json)
    started = time.perf_counter()
    chosen, found = subjects(request.names), _Profile()
    if request.timing is not None:
        from benchmark.costs.latency import check_mode

        check_mode(request.timing)
    with console.status("counting") if console.is_terminal else contextlib.nullcontext():
        for subject in chosen:
            try:
                found.counts[subject], found.raws[subject] = complexity_of(
                    subject, request.scale, request.size, request.raw
                )
            except SlkdBenchError as problem:
                found.failed.setdefault(subject, []).append(f"not counted: {problem}")
    counted = time.perf_counter() - started
    if request.timing is not None:
        _time(console, chosen, found, request)
    if request.json:
        print_json(Console(), _data(chosen, found, request))
    else:
        print_whole(console, _table(chosen, found, request))
    if request.raw and not request.json:
        console.print(_raw_table(found.raws))
        _print_left_out(console, found.raws)
    for subject, problems in found.failed.items():
        for reason in problems:
            console.print(f"[bold red]{escape(subject.network)}[/] {escape(reason)}", highlight=False, soft_wrap=True)
    console.print(f"Counted in {counted:.0f} s.", highlight=False)
    if request.save:
        _save(console, found, request.out)
    return 2 if found.failed else 0


def _time(console: Console, chosen: list[Subject], found: _Profile, request: ProfileRequest) -> None:
    import torch

    from baselines.networks.fast import quicken
    from benchmark.costs.latency import device_card, measure

    timing = request.timing
    assert timing is not None
    if timing.threads:
        torch.set_num_threads(timing.threads)
    found.card = device_card(timing)
    for subject in chosen:
        torch.manual_seed(0)
        try:
            built = subject.build(request.scale)
            quicken(built)
            timed = measure(built, request.size, timing)
        except (SlkdBenchError, RuntimeError, torch.OutOfMemoryError) as problem:
            lines = str(problem).splitlines() or [type(problem).__name__]
            found.failed.setdefault(subject, []).append(f"not timed as {timing.mode} on {timing.device}: {lines[0]}")
            continue
        found.times[subject] = Latency(
            subject.network,
            str(request.scale),
            subject.task,
            request.size,
            *timed.summary,
            timed.peak_mib,
            timing.repeats,
        )
        if not console.is_terminal:
            one = found.times[subject]
            text = f"{subject.network} {subject.task}: {_span(one, ' ms')}"
            console.print(text, highlight=False, markup=False)


def _table(chosen: list[Subject], found: _Profile, request: ProfileRequest) -> Table:
    card = found.card
    title = f"Scale {request.scale}, one {request.size}x{request.size} image" + (
        f", time on {card.words}" if card else ""
    )
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="", pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("network", overflow="fold")
    for name in ("task", "params", "used", "GMAC", "true GFLOP", *(["ms (10-90 %)", "MiB"] if card else [])):
        table.add_column(name, justify="right" if name != "task" else "left")
    for subject in chosen:
        record, timed = found.counts.get(subject), found.times.get(subject)
        row = [escape(subject.network), subject.task]
        row += (
            [
                f"{record.parameters:,}",
                f"{record.parameters_used:,}",
                decimal(record.gmacs, 3),
                decimal(record.true_gflops, 1),
            ]
            if record
            else ["–"] * 4
        )
        if card:
            row += [_span(timed), f"{timed.peak_mib:.0f}" if timed.peak_mib else "–"] if timed else ["–"] * 2
        table.add_row(*row)
    return table


def _data(chosen: list[Subject], found: _Profile, request: ProfileRequest) -> list[dict[str, Any]]:
    """A network a row: its records unrounded, null where it was not counted or timed, and what failed."""
    return [
        {
            "network": subject.network,
            "task": subject.task,
            "scale": str(request.scale),
            "size": request.size,
            "complexity": asdict(found.counts[subject]) if subject in found.counts else None,
            "latency": asdict(found.times[subject]) if subject in found.times else None,
            "card": asdict(found.card) if found.card and subject in found.times else None,
            "raw": {name: asdict(one) for name, one in found.raws.get(subject, {}).items()},
            "failed": found.failed.get(subject, []),
        }
        for subject in chosen
    ]


def _span(timed: Latency, unit: str = "") -> str:
    """Median and 10-90 % range in milliseconds."""
    return f"{decimal(timed.median_ms, 1)}{unit} ({decimal(timed.p10_ms, 1)}-{decimal(timed.p90_ms, 1)})"


def _raw_table(raws: dict[Subject, dict[str, RawCount]]) -> Table:
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
    for subject, counts in raws.items():
        numbers = (decimal(counts[name].gmacs, 3) for name in ("fvcore", "torch"))
        table.add_row(escape(subject.network), subject.task, *numbers)
    return table


def _print_left_out(console: Console, raws: dict[Subject, dict[str, RawCount]]) -> None:
    console.print("Operators left out (calls):", highlight=False)
    for subject, counts in raws.items():
        for counter, found in counts.items():
            listed = ", ".join(f"{name} {calls}" for name, calls in sorted(found.left_out.items()))
            console.print(
                f"  {subject.network} {subject.task}, {counter}: {listed or 'none'}",
                highlight=False,
                markup=False,
                style="dim",
            )


def _save(console: Console, found: _Profile, out: Path | None) -> None:
    """Records what was measured; somebody's own networks only in a folder of their own, never among the reference."""
    kept = {subject for subject in (*found.counts, *found.times) if subject.method is None or out is not None}
    left = sorted({s.network for s in (*found.counts, *found.times)} - {s.network for s in kept})
    known = {(r.network, r.scale, r.task, r.size): r for r in all_complexity(out)}
    known |= {(r.network, r.scale, r.task, r.size): r for s, r in found.counts.items() if s in kept}
    made = {name: value for name, value in made_by("cpu").items() if name in ("slkd-bench", "torch")}
    paths = [write_complexity(list(known.values()), made, out)] if known else []
    times = [record for subject, record in found.times.items() if subject in kept]
    if found.card and times:
        paths.append(write_latencies(found.card, times, out))
    for path in paths:
        console.print(f"recorded in {escape(str(path))}", highlight=False, soft_wrap=True)
    if left:
        text = f"not recorded: {', '.join(left)}, for the reference holds the suite's networks; give --out FOLDER"
        console.print(escape(text), highlight=False, soft_wrap=True)
