"""How long a forward pass takes, on a device card: everything that decides the number stands beside it."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import re
import statistics
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn

WARM_UP = 2


def device_card(
    device: str, precision: str = "fp32", mode: str = "eager", threads: int | None = None
) -> dict[str, Any]:
    """What was measured on: device, driver, torch, precision, mode, threads, batch and how it was timed."""
    on_gpu = device.startswith("cuda")
    return {
        "device": torch.cuda.get_device_name(device) if on_gpu else _processor(),
        "kind": device.partition(":")[0],
        "driver": _driver() if on_gpu else "",
        "torch": torch.__version__,
        "precision": precision,
        "mode": mode,
        "batch": 1,
        "threads": None if on_gpu else threads or torch.get_num_threads(),
        "warm_up": WARM_UP,
        "timer": "CUDA events, graph replay"
        if on_gpu and mode == "graph"
        else "CUDA events"
        if on_gpu
        else "torch.utils.benchmark",
        "python": platform.python_version(),
    }


def card_id(card: dict[str, Any]) -> str:
    """A file name for the card; two cards that differ in anything that matters have two names."""
    parts = [card["device"], card["precision"], card["mode"], f"torch{card['torch']}"]
    parts += [f"{card['threads']}threads"] if card["threads"] else []
    return re.sub(r"[^a-z0-9.]+", "-", "-".join(parts).lower()).strip("-")


def measure(
    network: nn.Module, size: int, device: str, precision: str = "fp32", mode: str = "eager", repeats: int = 5
) -> tuple[list[float], float | None]:
    """Milliseconds of `repeats` forward passes of one (1, 3, size, size) image, and the peak memory in MiB.

    `mode` is eager, compiled or graph (a CUDA graph replayed). Peak memory is the device allocator's on a GPU; on a CPU
    how far the process's resident set grew above what it held before, weights included; None where that cannot be told.
    """
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    network = network.eval().to(device)
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    call = torch.compile(network) if mode == "compiled" else network
    on_gpu = device.startswith("cuda")
    with torch.inference_mode(), torch.autocast(device.partition(":")[0], dtype, enabled=dtype != torch.float32):
        before = None if on_gpu else _reset_peak()
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(device)
        for _ in range(WARM_UP):
            call(image)
        if on_gpu:
            times = _cuda_times(call, image, repeats, mode == "graph")
            return times, torch.cuda.max_memory_allocated(device) / 2**20
        peak = None if before is None else _status_mib("VmHWM") - before
        return _cpu_times(call, image, repeats), peak


def summarise(times: list[float]) -> tuple[float, float, float]:
    """Median, 10th and 90th percentile."""
    ordered = sorted(times)
    if len(ordered) < 2:
        return ordered[0], ordered[0], ordered[0]
    deciles = statistics.quantiles(ordered, n=10, method="inclusive")
    return statistics.median(ordered), deciles[0], deciles[-1]


def _cpu_times(call: Any, image: torch.Tensor, repeats: int) -> list[float]:
    from torch.utils.benchmark import Timer

    timer = Timer("call(image)", globals={"call": call, "image": image}, num_threads=torch.get_num_threads())
    return [timer.timeit(1).mean * 1e3 for _ in range(repeats)]


def _cuda_times(call: Any, image: torch.Tensor, repeats: int, graph: bool) -> list[float]:
    run = lambda: call(image)  # noqa: E731
    if graph:
        captured = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        with torch.cuda.graph(captured):
            call(image)
        run = captured.replay
    times = []
    for _ in range(repeats):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return times


def _reset_peak() -> float | None:
    """Forgets the process's peak memory and gives what it holds now, in MiB; None where only Linux could.

    Rubbish and freed pages go back first: what is released during a measurement would hide as much of its growth.
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # glibc alone has it; another allocator returns large blocks by itself
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _status_mib("VmRSS")
    except OSError:
        return None


def _status_mib(entry: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(entry))


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            name = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        name = ""
    return f"{name or platform.processor() or platform.machine()} ({os.cpu_count()} cores)"


def _driver() -> str:
    import subprocess

    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return done.stdout.splitlines()[0].strip()
    except (OSError, subprocess.SubprocessError, IndexError):
        return "unknown"
