"""Exact arithmetic on every device, and the one choice that gives some of it up for speed.

Importing this module does not import torch.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def exact(device: str = "cpu", tf32: bool = False) -> Iterator[None]:
    """Full single precision and the same result every time, wherever torch can; with `tf32` CUDA may round products.

    Convolutions on CUDA run in TF32 by torch's default (ten bits of mantissa): restored images then err by 1e-3 where
    single precision errs by 1e-6. What torch has no deterministic form of runs all the same. The settings before are
    put back.
    """
    import torch
    import torch.utils.deterministic

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it once, before its first product
    uninitialized: Any = torch.utils.deterministic
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = (
        matmul.allow_tf32,
        cudnn.allow_tf32,
        cudnn.benchmark,
        cudnn.deterministic,
        torch.get_float32_matmul_precision(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    filling = uninitialized.fill_uninitialized_memory
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic = tf32, tf32, False, True
    if device.startswith("cuda"):  # a CPU adds up in one order by itself
        torch.use_deterministic_algorithms(True, warn_only=True)
        uninitialized.fill_uninitialized_memory = False
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation.*")
            yield
    finally:
        torch.set_float32_matmul_precision(before[4])
        matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic = before[:4]
        if device.startswith("cuda"):  # where nothing was set nothing is put back: it would import torch's compiler
            torch.use_deterministic_algorithms(before[5], warn_only=before[6])
        uninitialized.fill_uninitialized_memory = filling
