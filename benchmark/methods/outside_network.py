"""The networks of outside methods: an ONNX file as a network, and the check of what somebody's network gives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.shape.padding import pad_to_multiple
from benchmark.core.errors import BadMethod
from benchmark.methods.own import OwnNetwork

_log = logging.getLogger(__name__)
_ASIDE = 0.5  # beyond black and white: overshoot at edges stays below it
_FLOATS = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16, "tensor(double)": torch.float64}


class Checked(nn.Module):
    """A network or callable as the suite calls it: padded, in its range of values, and its output looked at.

    The output must have the shape of its input, a floating dtype and finite values; raises BadMethod naming the method
    otherwise. Values far outside [0, 1] are told once.
    """

    def __init__(self, restore: Callable[[Any], Any], name: str, own: OwnNetwork | None = None) -> None:
        super().__init__()
        self.restore, self.name, self.own = restore, name, own or OwnNetwork()
        self._told = False

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] to the same shape, float32 or wider, on the same device."""
        height, width = image.shape[-2:]
        black, extent = self.own.black, self.own.white - self.own.black
        given = pad_to_multiple(image, self.own.multiple) if self.own.multiple > 1 else image
        plain = (black, extent) == (0.0, 1.0)
        try:
            made = self.restore(given if plain else given * extent + black)
        except SystemExit as problem:  # it would end the whole run, and say nothing
            remedy = "Raise an error instead."
            raise BadMethod(f"{self.name} to restore an image", f"SystemExit: {problem}", remedy) from problem
        restored = self._checked(made, given)
        restored = restored[..., :height, :width]
        restored = restored if plain else (restored - black) / extent
        self._tell_range(restored)
        return restored

    def _checked(self, restored: Any, given: Tensor) -> Tensor:
        if not isinstance(restored, Tensor):
            kind = type(restored).__name__
            raise BadMethod(f"a tensor from {self.name}", f"a {kind}", "Return the restored images alone.")
        if restored.shape != given.shape:
            expected = f"restored images of shape {tuple(given.shape)} from {self.name}"
            remedy = "Pad and crop inside the network, or say --multiple N: images may have any size."
            raise BadMethod(expected, f"shape {tuple(restored.shape)}", remedy)
        if not restored.is_floating_point():
            remedy = "Return values in [0, 1], not bytes."
            raise BadMethod(f"floating-point images from {self.name}", f"{restored.dtype}", remedy)
        if not bool(torch.isfinite(restored).all()):
            count = int((~torch.isfinite(restored)).sum())
            remedy = "Look at its weights, and at what it does with values of exactly 0 and 1."
            raise BadMethod(f"finite values from {self.name}", f"{count} that are NaN or infinite", remedy)
        restored = restored.to(given.device)
        result: Tensor = restored.float() if restored.dtype in (torch.float16, torch.bfloat16) else restored
        return result

    def _tell_range(self, restored: Tensor) -> None:
        if self._told or restored.numel() == 0:
            return
        low, high = (float(value) for value in torch.aminmax(restored.detach()))
        if low < -_ASIDE or high > 1 + _ASIDE:
            self._told = True
            _log.warning(
                "%s gives values from %.3g to %.3g where images in [0, 1] are expected; what lies outside is clamped. "
                "If it works on another range of values, say --range 0..255 or --range -1..1.",
                self.name,
                low,
                high,
            )


def script_network(path: Path) -> Callable[[Tensor], Any]:
    """A TorchScript file as a network on the CPU, in eval mode. Raises BadMethod for a file that is none."""
    try:
        network: nn.Module = torch.jit.load(str(path), map_location="cpu").eval()
        return network
    except (RuntimeError, ValueError, OSError) as problem:
        found = f"{path}: {str(problem).splitlines()[0][:200]}"
        remedy = (
            "Save it with torch.jit.save. A checkpoint goes with its class: NAME=package.module:Class@weights=FILE."
        )
        raise BadMethod("a whole TorchScript file", found, remedy) from problem


class OnnxNetwork:
    """An ONNX file with one input (N, 3, H, W) and the restored images as its first output.

    A fixed batch size is met image by image. Raises BadMethod when onnxruntime is missing, the file is broken, or it
    takes something other than RGB images; at a call, when its fixed size is not that of the images.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as problem:
            raise BadMethod(
                f"onnxruntime, to run {path.name}", str(problem), "Run: pip install 'slkd-bench[onnx]'"
            ) from problem
        self.path = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
        providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as problem:  # its exceptions share no base but this
            found = f"{path}: {str(problem).splitlines()[0]}"
            raise BadMethod("a whole ONNX file that onnxruntime can load", found, "Export it again.") from problem
        inputs = self.session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3) or inputs[0].type not in _FLOATS:
            found = "; ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
            remedy = "Export the network with (N, 3, H, W) float images in [0, 1]."
            raise BadMethod(f"one input (N, 3, H, W) of {path.name}", found, remedy)
        self.input, self.dtype = inputs[0].name, _FLOATS[inputs[0].type]
        self.batch, self.size = shape[0], shape[2:]

    def __call__(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) to the first output, as a CPU tensor."""
        for own, asked in zip(self.size, image.shape[2:], strict=True):
            if isinstance(own, int) and own != asked:
                expected = f"images of {' x '.join(map(str, self.size))} pixels, to which {self.path.name} is fixed"
                found = " x ".join(map(str, image.shape[2:]))
                raise BadMethod(expected, found, "Export it again with dynamic axes for height and width.")
        images = image.detach().cpu().to(self.dtype)
        if not isinstance(self.batch, int):
            return self._run(images)
        return torch.cat([self._run(one.expand(self.batch, -1, -1, -1))[:1] for one in images.split(1)])

    def _run(self, images: Tensor) -> Tensor:
        try:
            result = self.session.run(None, {self.input: images.contiguous().numpy()})[0]
            return torch.from_numpy(result)
        except Exception as problem:  # its exceptions share no base but this
            size = ", ".join(map(str, images.shape))
            found = f"{type(problem).__name__}: {str(problem).strip()[:300]}"
            remedy = "Try a smaller image; else export the network again, with float outputs."
            raise BadMethod(f"{self.path.name} to restore images ({size})", found, remedy) from problem
