"""Several processes as one: torchrun's environment, gradient and loss averages, parameters broadcast at the start.

Gloo on the CPU, nccl on GPUs: n processes with a share each equal one with the whole batch. With one process every
function here does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

Terms = Callable[[Tensor, Tensor], dict[str, Tensor]]


def start(device: torch.device) -> tuple[int, int]:
    """Join the process group that torchrun describes in the environment; returns (rank, world), (0, 1) when alone."""
    if dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return 0, 1
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return dist.get_rank(), dist.get_world_size()


def stop() -> None:
    """Leave the process group, where there is one."""
    if dist.is_initialized():
        dist.destroy_process_group()


def local_device(name: str) -> torch.device:
    """The device of this process: `cuda` becomes the GPU of torchrun's LOCAL_RANK."""
    device = torch.device(name)
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    return device


def broadcast_module(module: nn.Module, world: int) -> None:
    """Give every process the parameters and buffers of process 0."""
    if world > 1:
        with torch.no_grad():
            for tensor in (*module.parameters(), *module.buffers()):
                whole = tensor.detach().contiguous()
                dist.broadcast(whole, 0)
                tensor.copy_(whole)


def averaging(call: Terms, world: int) -> Terms:
    """`call`, an objective or its graph, with gradients that are means over processes: DistributedDataParallel.

    They are sent in parts while the rest of the backward pass still computes. The parameters must be alike already.
    """
    if world == 1:
        return call
    assert isinstance(call, nn.Module)
    averaged: Terms = DistributedDataParallel(
        call, init_sync=False, broadcast_buffers=False, find_unused_parameters=True
    )
    return averaged


@contextmanager
def held_back(call: Terms, until_later: bool) -> Iterator[None]:
    """Forward and backward passes in this context keep their gradients in this process, with `until_later`."""
    with call.no_sync() if until_later and isinstance(call, DistributedDataParallel) else nullcontext():
        yield


def average(values: Tensor, world: int) -> Tensor:
    """The mean over processes of a small tensor."""
    if world > 1:
        values = values.clone()
        dist.all_reduce(values)
        values /= world
    return values


def average_parameters(parameters: Iterable[Tensor], world: int) -> None:
    """Replace each tensor by its mean over processes: for parts of an objective that train themselves."""
    if world > 1:
        with torch.no_grad():
            for tensor in parameters:
                dist.all_reduce(tensor.data)
                tensor.data /= world


def gather(value: Any, world: int) -> list[Any]:
    """Every process's `value`, in order of rank, on every process."""
    if world == 1:
        return [value]
    values: list[Any] = [None] * world
    dist.all_gather_object(values, value)
    return values


def rank_and_world() -> tuple[int, int]:
    """This process's rank and the number of processes."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
