"""Opening somebody else's checkpoint: no code in it runs, and what it asks for in memory is bounded by its own size."""

from __future__ import annotations

import codecs
import contextlib
import importlib.util
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark.core.errors import BadWeights
from benchmark.core.files import is_lfs_pointer, is_web_page

PICKLED = "Give the file of the network's weights, not of the optimiser or a whole pickled model."
_FETCH = "Fetch the file again from the authors' release, as a file and not as the page that links to it."
_SLACK = 64 << 20  # bytes that tensors may take beyond what their file holds
_KINDS = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")


def open_checkpoint(file: Path) -> object:
    """What a torch checkpoint or a safetensors file holds, on the CPU. Raises BadWeights naming the file."""
    if not file.is_file():
        found = f"no file {file}" if not file.is_dir() else f"a folder {file}"
        raise BadWeights("the authors' checkpoint", found, "Check the path.")
    with file.open("rb") as stream:
        start = stream.read(512)
    if not start.strip():
        raise BadWeights("a checkpoint", f"{file} is empty", _FETCH)
    if is_web_page(start) or b"<html" in start.lower():
        raise BadWeights("a checkpoint", f"{file} is a web page", _FETCH)
    if is_lfs_pointer(start):
        raise BadWeights("a checkpoint", f"{file} is a Git LFS pointer", "Run 'git lfs pull' where it came from.")
    return _safetensors(file) if file.suffix == ".safetensors" else _torch(file)


def whole_tensors(named: Mapping[Any, Any], file: Path, size: int, keep: bool = False) -> dict[str, Any]:
    """The tensors of `named`, floating ones as float32, after a look at their kinds and at the memory they ask for.

    `size` is the file's; `keep` leaves floating ones as they are. Raises BadWeights for a tensor that is sparse, quantized,
    without values or of a strange type, and for few stored values that stand for many.
    """
    import torch

    asked = 0
    for name, tensor in named.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        strange = (
            "sparse"
            if tensor.layout is not torch.strided
            else "nested"
            if tensor.is_nested
            else "quantized"
            if tensor.is_quantized
            else f"without values (device {tensor.device})"
            if tensor.device.type != "cpu"
            else f"of the type {kind}"
            if kind not in _KINDS
            else ""
        )
        if strange:
            remedy = "Save it as a dense float tensor: tensor.dequantize(), .to_dense() or .float()."
            raise BadWeights(f"dense tensors in {file}", f"{_short(name)} is {strange}", remedy)
        asked += tensor.numel() * 4
        if asked > 8 * size + _SLACK:
            found = (
                f"{_short(name)} of shape {tuple(tensor.shape)} asks for far more than the {size:,} bytes of the file"
            )
            raise BadWeights(f"tensors whose values are all in {file}", found, PICKLED)
    return {str(name): t.float() if t.is_floating_point() and not keep else t for name, t in named.items()}


def _safetensors(file: Path) -> object:
    from safetensors.torch import load

    try:
        return load(file.read_bytes())
    except Exception as error:  # of a type of its own
        raise BadWeights(f"a whole safetensors file at {file}", str(error)[:200], "Fetch or train it again.") from error


def _torch(file: Path) -> object:
    import torch

    _check_archive(file)
    try:
        with _allowed():
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises every type there is on damaged files
        raise _refusal(file, error) from error


def _refusal(file: Path, error: Exception) -> BadWeights:
    text = str(error)
    named = re.search(r"(?:Unsupported global: GLOBAL|Unsupported class|GLOBAL) ([\w.]+)", text)
    if type(error).__name__ == "UnpicklingError":
        what = f" ({named[1]})" if named else ""
        return BadWeights(f"tensors alone in {file}", f"other Python objects{what}, which could run code", PICKLED)
    if "TorchScript" in text:
        return BadWeights(f"tensors alone in {file}", "a TorchScript program", "Save its state_dict().")
    found = f"a damaged or truncated file ({type(error).__name__}: {text[:160]})"
    return BadWeights(f"a whole weight file at {file}", found, "Fetch or train it again.")


def _check_archive(file: Path) -> None:
    """Refuse a torch archive whose members unpack to more than the file holds: torch itself never compresses."""
    if not zipfile.is_zipfile(file):
        return
    try:
        with zipfile.ZipFile(file) as archive:
            whole = sum(member.file_size for member in archive.infolist())
    except Exception as error:
        raise _refusal(file, error) from error
    if whole > file.stat().st_size + _SLACK:
        found = f"{whole:,} bytes packed into {file.stat().st_size:,}"
        raise BadWeights(f"an archive as torch writes it at {file}", found, "Fetch it again from the authors' release.")


@contextlib.contextmanager
def _allowed() -> Iterator[None]:
    """Lets a checkpoint hold numpy's numbers and arrays (a best PSNR, a mean image), which run no code."""
    import numpy as np
    import torch

    core = "_core" if importlib.util.find_spec("numpy._core") else "core"  # numpy 2, numpy 1
    multiarray = importlib.import_module(f"numpy.{core}.multiarray")
    names: list[Any] = [np.ndarray, np.dtype, codecs.encode]  # the last makes the bytes of a number
    names += [type(np.dtype(kind)) for kind in (*"?bhilqBHILQefdFD", "S", "U")]
    for function in (multiarray.scalar, multiarray._reconstruct):
        names += [(function, f"numpy.{place}.multiarray.{function.__name__}") for place in ("core", "_core")]
    safe = getattr(torch.serialization, "safe_globals", None)
    if safe is not None:
        with safe(names):
            yield
        return
    before = torch.serialization.get_safe_globals()  # torch 2.4: no context, and an object's name is its own
    torch.serialization.add_safe_globals([_renamed(*n) if isinstance(n, tuple) else n for n in names])
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def _renamed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function as one that says of itself that it is `name`, under which a checkpoint may ask for it."""

    def called(*arguments: Any) -> Any:
        return function(*arguments)

    called.__module__, _, called.__name__ = name.rpartition(".")
    return called


def _short(name: object) -> str:
    return repr(name)[:80]
