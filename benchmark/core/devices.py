"""Devices by name, and their memory in words: the one place that asks torch which device there is.

Importing this module does not import torch.
"""

from __future__ import annotations

import os
import re

from benchmark.core.errors import BadDevice, OutOfMemory

GIB = 2**30
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc", "cannot allocate memory")
_BYTES = re.compile(r"allocate ([\d.]+) ?(bytes|[KMGT]iB)", re.IGNORECASE)
_UNITS = {"bytes": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def resolve(name: str = "auto") -> str:
    """The device that `name` means, tried out: `auto` is CUDA where there is one, else the CPU.

    Under torchrun `cuda` is the GPU of the local rank. Raises BadDevice for one that is not there.
    """
    if name == "cpu":
        return name
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and os.environ.get("LOCAL_RANK", "").isdigit():
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    if name == "cpu":
        return name
    try:
        if torch.device(name).type not in available():
            raise RuntimeError(f"torch {torch.__version__} finds no {torch.device(name).type} here")
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        known = ", ".join(available())
        found = f"'{name}': {str(problem).splitlines()[0].partition(': ')[0][:120]}"
        raise BadDevice(f"a device that is here ({known})", found, "Try --device cpu or --device auto.") from problem
    return name


def available() -> tuple[str, ...]:
    """The kinds of device that torch can use here, `cpu` always among them. Imports torch."""
    import torch

    kinds = ["cpu"]
    if torch.cuda.is_available():
        kinds.append("cuda")
    if torch.backends.mps.is_available():
        kinds.append("mps")
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        kinds.append("xpu")
    return tuple(kinds)


def kind(device: str) -> str:
    """`cuda` of `cuda:1`."""
    return device.partition(":")[0]


def free_bytes(device: str) -> int | None:
    """The memory that is free on a CUDA device, what torch keeps for itself included; None where none is told."""
    if kind(device) != "cuda":
        return None
    import torch

    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + kept


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether an exception of Python or torch means that memory ran out, on a CPU or on an accelerator."""
    if isinstance(problem, MemoryError):
        return True
    return isinstance(problem, RuntimeError) and any(word in str(problem).lower() for word in _MEMORY_WORDS)


def out_of_memory(problem: BaseException, what: str, device: str) -> OutOfMemory:
    """The error that tells of `problem`: what was being done, how much was asked for, and to use --memory."""
    asked = _BYTES.search(str(problem))
    size = ""
    if asked:
        size = f", asking for {float(asked[1]) * _UNITS[asked[2].lower()] / GIB:.2f} GiB at once"
    where = "the memory of this machine" if kind(device) == "cpu" else f"the memory of {device}"
    remedy = (
        "Bound it with --memory GIB: images that need more go through in strips or tiles; or close other programs, "
        "or take a device with more."
    )
    said = f"{type(problem).__name__}: {str(problem).splitlines()[0][:160] if str(problem) else 'no reason given'}"
    return OutOfMemory(f"{where} to hold {what}", f"no more of it{size} ({said})", remedy)


def release(device: str = "cpu") -> None:
    """Gives freed blocks back: to the system on a CPU (glibc keeps those of each thread), to the card on CUDA."""
    if kind(device) == "cuda":
        import torch

        torch.cuda.empty_cache()
    trim()


def trim() -> None:
    """Gives the pages of freed blocks back to the system, where the C library can."""
    import ctypes

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return
