"""Memory that is freed and asked for again in every step, kept by the process."""

from __future__ import annotations

import ctypes
import platform

TRIM, MMAP = -1, -3  # mallopt's names for these thresholds, malloc.h
LARGEST = 32 * 2**20  # bytes that glibc takes as a threshold at most


def keep_freed_memory() -> bool:
    """Have the C library keep freed memory for the next request instead of giving it back to the system.

    A training step asks for the same megabytes as the one before, and fresh pages for them cost time. What a process holds
    at most stays as it is. Whether it was done: only glibc has it.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(MMAP, LARGEST)) and bool(mallopt(TRIM, 2**31 - 1))
