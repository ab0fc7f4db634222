"""Checkpoints: everything a run needs to go on as if it had never stopped, in one file written atomically.

Held: what of the objective is trained, its buffers and extra state, the optimiser, the gradient scaler, the running
mean of the weights, the random generators of every process, the step, the seconds, the curve.
"""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.core.errors import TrainingStopped
from benchmark.core.files import write_atomically

VERSION = 1


def random_state() -> dict[str, Any]:
    """The state of torch's, numpy's and Python's global generators, as plain data."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() and torch.cuda.is_initialized() else None,
        "numpy": (str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, gauss),
        "python": random.getstate(),
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Set the global generators to what `random_state` gave."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, gauss))  # noqa: NPY002
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(internal), gauss_next))


def _frozen_names(objective: nn.Module) -> set[str]:
    """The names in the state dict that need not be saved: frozen parameters, and all of a teacher's."""
    frozen = {n for n, p in objective.named_parameters(remove_duplicate=False) if not p.requires_grad}
    teacher = getattr(objective, "teacher", None)
    if isinstance(teacher, nn.Module):
        inside = {id(module) for module in teacher.modules()}
        for prefix, module in objective.named_modules(remove_duplicate=False):
            if id(module) in inside:
                dot = f"{prefix}." if prefix else ""
                frozen |= {dot + n for n, _ in module.named_buffers(recurse=False)}
    return frozen


def objective_state(objective: nn.Module) -> dict[str, Any]:
    """The objective's state dict without its frozen teacher."""
    frozen = _frozen_names(objective)
    return {name: value for name, value in objective.state_dict().items() if name not in frozen}


def load_objective_state(objective: nn.Module, state: dict[str, Any]) -> None:
    """Load what `objective_state` gave. Raises TrainingStopped where the names do not fit."""
    missing, unexpected = objective.load_state_dict(state, strict=False)
    missing = [name for name in missing if name not in _frozen_names(objective)]
    if missing or unexpected:
        raise TrainingStopped(
            "a checkpoint of this network and objective",
            f"missing {missing[:3]}, left over {list(unexpected)[:3]}",
            "Start afresh with --fresh.",
        )


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write `content` to `path` whole or not at all. Raises BadOutput where the disk is full or not writable."""
    buffer = io.BytesIO()
    torch.save({"version": VERSION, **content}, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint at `path`, which must be of the same run: recipe, data and objective.

    Raises TrainingStopped where it is damaged or of another run.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file: all mean the same to the user
        raise TrainingStopped(
            f"a whole checkpoint at {path}", str(error).split("\n")[0][:200], "Start afresh with --fresh."
        ) from error
    found = content.get("identity", {})
    differing = [k for k in identity if found.get(k) != identity[k]]
    if content.get("version") != VERSION or differing:
        facts = "; ".join(f"{k} {found.get(k)} instead of {identity[k]}" for k in differing[:2])
        raise TrainingStopped(
            f"a checkpoint of the same run at {path}", facts[:600] or "another version", "Start afresh with --fresh."
        )
    return content


def to_cpu(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict's tensors, copied to the CPU."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in state.items()}
