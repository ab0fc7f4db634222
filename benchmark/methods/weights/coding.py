"""How the tensors of a weight file are stored: as trained, as float16, or as 8-bit integers with a scale a row.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import BadWeights

if TYPE_CHECKING:
    from torch import Tensor

FORMS = ("int8", "float16", "float16 but attention", "as trained")  # the smallest first
ATTENTION = "qkv"  # in the names of the projections whose last digits decide what a sparse attention keeps
SCALE = "::scale"  # behind a tensor's name: the scales of its rows
_LEAST, _LEVELS = 64, 127  # elements below which a tensor stays float16; largest integer


def encode(state: Mapping[str, Tensor], form: str) -> dict[str, Tensor]:
    """The tensors of `state` on the CPU in one of `FORMS`, contiguous and apart; whole numbers stay as they are.

    "int8": a tensor of two axes or more becomes round(w / s) with s = max|w| / 127 of each row (first axis), s float16,
    w first rounded to float16; smaller tensors become float16. "float16 but attention" leaves `ATTENTION` as trained.
    """
    import torch

    coded: dict[str, Tensor] = {}
    for name, tensor in state.items():
        copy = tensor.detach().to("cpu", copy=True).contiguous().clone()
        kept = form == "as trained" or (form == "float16 but attention" and ATTENTION in name)
        if not copy.is_floating_point() or kept:
            coded[name] = copy
            continue
        half = copy.to(torch.float16)
        if form != "int8" or half.ndim < 2 or half.numel() < _LEAST or not bool(torch.isfinite(half).all()):
            coded[name] = half
            continue
        rows = half.float().flatten(1)
        scale = (rows.abs().amax(1) / _LEVELS).to(torch.float16)
        scale = scale.clamp_min(torch.finfo(torch.float16).smallest_normal)
        integers = (rows / scale.float()[:, None]).round().clamp(-_LEVELS, _LEVELS)
        coded[name] = integers.to(torch.int8).view(half.shape)
        coded[name + SCALE] = scale
    return coded


def decode(coded: Mapping[str, Tensor], file: Path | None = None) -> dict[str, Tensor]:
    """The tensors that `encode` stored, floating ones as float32.

    Raises BadWeights naming `file` where scales do not fit the rows that they are of.
    """
    state: dict[str, Tensor] = {}
    for name, tensor in coded.items():
        if name.endswith(SCALE):
            if name.removesuffix(SCALE) not in coded:
                raise _bad(name, "scales of a tensor that is not there", file)
            continue
        scale = coded.get(name + SCALE)
        if scale is not None:
            if tensor.ndim < 2 or scale.shape != tensor.shape[:1] or not scale.is_floating_point():
                raise _bad(name, f"{scale.dtype} scales {tuple(scale.shape)} of {tuple(tensor.shape)} values", file)
            state[name] = (tensor.float().flatten(1) * scale.float()[:, None]).view(tensor.shape)
        else:
            state[name] = tensor.float() if tensor.is_floating_point() else tensor
    return state


def _bad(name: str, found: str, file: Path | None) -> BadWeights:
    where = f" of {file}" if file else ""
    remedy = "Restore the file, or train or import it again."
    return BadWeights(f"one floating scale for each row of '{name}'{where}", found, remedy)
