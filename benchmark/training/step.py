"""What every step of a training needs beside its weights: number formats, teachers held in them, tensors made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
import torch._functorch.config as functorch_config
from torch import Tensor, nn

from benchmark.core.errors import TrainingStopped
from benchmark.training.recipe import Precision
from benchmark.training.teacher import SharedTeacher

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """The context of a forward pass in `precision`."""
    kind = HALF.get(precision)
    return torch.autocast(device.type, kind) if kind is not None else nullcontext()


def hold(network: nn.Module, precision: Precision) -> None:
    """Keep a frozen network's convolutions and linear layers in the step's precision.

    Autocast would round these very weights to it in each pass: the outputs are the same.
    """
    kind = HALF.get(precision)
    if kind is not None:
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                module.to(kind)


def compiled(objective: nn.Module, device: torch.device) -> Callable[[Tensor, Tensor], dict[str, Tensor]]:
    """The objective's forward pass as one graph, and its backward pass with it; on CUDA replayed as a CUDA graph.

    A teacher that is shared is asked directly: what it keeps between objectives has no place in a graph. The graphs are
    kept by torch in its cache folder, for the next run. Raises what torch raises for a pass that is not one graph.
    """
    teacher = getattr(objective, "teacher", None)
    if isinstance(teacher, SharedTeacher):
        objective.teacher = teacher.network
    functorch_config.donated_buffer = False  # the terms' gradients go through one graph several times
    mode = "reduce-overhead" if device.type == "cuda" else None
    graph: Callable[[Tensor, Tensor], dict[str, Tensor]] = torch.compile(
        objective, fullgraph=True, dynamic=False, mode=mode
    )
    return graph


@contextmanager
def numerics(device: torch.device, tf32: bool) -> Iterator[None]:
    """On CUDA: TF32 in products and convolutions or not, and the fastest convolutions for the patches of a run.

    What was set before is set again at the end.
    """
    if device.type != "cuda":
        yield
        return
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32, convolutions.benchmark
    products.allow_tf32, convolutions.allow_tf32, convolutions.benchmark = tf32, tf32, True
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32, convolutions.benchmark = before


def pick_device(name: str) -> str:
    """`auto` becomes cuda, else mps, else cpu. Raises TrainingStopped for a device that is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(kind for kind, present in there.items() if present)
    if not there.get(name.partition(":")[0], False):
        raise TrainingStopped(
            f"a device that torch can use: {', '.join(k for k, v in there.items() if v)}",
            f"'{name}'",
            "Give another --device.",
        )
    return name
