"""How long a forward pass takes, on a device card: everything that decides the number stands beside it."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchmark.core.errors import SlkdBenchError
from benchmark.costs.card import DeviceCard, Mode, Precision, Tf32
from benchmark.runs.code import git_commit

if TYPE_CHECKING:
    from torch import nn

WARM_UP = 2
WARM_UP_S = 1.0
REPEATS = 30


@dataclass(frozen=True)
class Timing:
    """How a network is to be timed.

    `mode` is eager, compiled or graph (a CUDA graph replayed); `tf32` lets a GPU shorten fp32 convolutions and products.
    Before the timed passes come at least `warm_up` passes and `warm_up_s` seconds of them.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    mode: Mode = "eager"
    repeats: int = REPEATS
    threads: int | None = None
    tf32: bool = False
    warm_up: int = WARM_UP
    warm_up_s: float = WARM_UP_S

    @property
    def kind(self) -> str:
        """The kind of device, `cuda` of `cuda:1`."""
        return self.device.partition(":")[0]


@dataclass(frozen=True)
class Timed:
    """Milliseconds of each timed pass, and the peak memory in MiB, None where that cannot be told."""

    passes: tuple[float, ...]
    peak_mib: float | None

    @property
    def summary(self) -> tuple[float, float, float]:
        """Median, 10th and 90th percentile."""
        return summarise(list(self.passes))


def device_card(timing: Timing) -> DeviceCard:
    """What is measured on: device, driver, torch, precision, mode, TF32, threads, clocks, commit and how it is timed."""
    on_gpu = timing.kind == "cuda"
    timers = {"cuda": "CUDA events, graph replay" if timing.mode == "graph" else "CUDA events"}
    tf32: Tf32 = ("everywhere" if timing.tf32 else "off") if on_gpu else ""
    return DeviceCard(
        device=torch.cuda.get_device_name(timing.device) if on_gpu else _processor(),
        kind=timing.kind,
        torch=torch.__version__,
        precision=timing.precision,
        mode=timing.mode,
        driver=_smi("driver_version") if on_gpu else "",
        tf32=tf32,
        cudnn_benchmark=torch.backends.cudnn.benchmark if on_gpu else None,
        threads=None if on_gpu else timing.threads or torch.get_num_threads(),
        warm_up=timing.warm_up,
        warm_up_s=timing.warm_up_s,
        timer=timers.get(timing.kind, "perf_counter"),
        clocks=_smi("clocks.sm,clocks.mem,clocks.max.sm") if on_gpu else "",
        python=platform.python_version(),
        commit=git_commit()[:7],
    )


def check_mode(timing: Timing) -> None:
    """Raises SlkdBenchError for a mode that the device has not, so that it is never timed under another's name."""
    if timing.mode == "graph" and timing.kind != "cuda":
        raise SlkdBenchError(
            "a CUDA device for --mode graph", f"'{timing.device}'", "Give --device cuda, or --mode eager or compiled."
        )


def measure(network: nn.Module, size: int, timing: Timing) -> Timed:
    """Times forward passes of one (1, 3, size, size) image through `network`, after warming up.

    Peak memory is the device allocator's on a GPU; on a CPU how far the process's resident set grew above what it held
    before, weights included. Raises SlkdBenchError for a mode that the device has not.
    """
    check_mode(timing)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[timing.precision]
    network = network.eval().to(timing.device)
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(timing.device)
    call = _compiled(network) if timing.mode == "compiled" else network
    on_gpu = timing.kind == "cuda"
    autocast = torch.autocast(timing.kind, dtype, enabled=dtype != torch.float32)
    with torch.inference_mode(), autocast, _tf32(timing.tf32):
        before = None if on_gpu else _reset_peak()
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(timing.device)
        _warm_up(lambda: call(image), timing)
        if timing.mode == "compiled":
            _check_compiled()
        if on_gpu:
            times = _cuda_times(call, image, timing)
            return Timed(tuple(times), torch.cuda.max_memory_allocated(timing.device) / 2**20)
        peak = None if before is None else _status_mib("VmHWM") - before
        return Timed(tuple(_cpu_times(call, image, timing.repeats)), peak)


def _compiled(network: nn.Module) -> Any:
    import torch._dynamo

    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    return torch.compile(network)


def _check_compiled() -> None:
    """Raises SlkdBenchError where torch ran the network eagerly though it was asked to compile it."""
    from torch._dynamo.utils import counters

    if not counters["stats"]["unique_graphs"]:
        found = "a pass that torch ran eagerly"
        raise SlkdBenchError("a compiled pass", found, "Unset TORCHDYNAMO_DISABLE, or give --mode eager.")


def summarise(times: list[float]) -> tuple[float, float, float]:
    """Median, 10th and 90th percentile."""
    ordered = sorted(times)
    if len(ordered) < 2:
        return ordered[0], ordered[0], ordered[0]
    deciles = statistics.quantiles(ordered, n=10, method="inclusive")
    return statistics.median(ordered), deciles[0], deciles[-1]


def _warm_up(run: Callable[[], Any], timing: Timing) -> None:
    started, passes = time.perf_counter(), 0
    while passes < timing.warm_up or time.perf_counter() - started < timing.warm_up_s:
        run()
        if timing.kind == "cuda":
            torch.cuda.synchronize(timing.device)
        passes += 1


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    """Convolutions and products of a GPU in TF32, or in whole fp32; as it was before when it ends."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _cpu_times(call: Any, image: torch.Tensor, repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call(image)
        times.append((time.perf_counter() - started) * 1e3)
    return times


def _cuda_times(call: Any, image: torch.Tensor, timing: Timing) -> list[float]:
    def run() -> None:
        call(image)

    if timing.mode == "graph":
        captured = torch.cuda.CUDAGraph()
        torch.cuda.synchronize(timing.device)
        with torch.cuda.graph(captured):
            call(image)
        run = captured.replay
        _warm_up(run, timing)
    times = []
    for _ in range(timing.repeats):
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
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
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


def _smi(asked: str) -> str:
    """What the driver's own tool says of the first GPU; empty where it is not there."""
    import subprocess

    try:
        done = subprocess.run(
            ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return done.stdout.splitlines()[0].strip()
    except (OSError, subprocess.SubprocessError, IndexError):
        return ""
