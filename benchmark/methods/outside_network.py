"""The networks of outside methods: an ONNX file as a network, and the check of what somebody's network gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.core.errors import BadMethod

_FLOATS = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16, "tensor(double)": torch.float64}


class Checked(nn.Module):
    """A network or callable whose output must have the shape of its input, a floating dtype and finite values.

    Raises BadMethod naming the method otherwise.
    """

    def __init__(self, restore: Callable[[Any], Any], name: str) -> None:
        super().__init__()
        self.restore, self.name = restore, name

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] to the same shape, float32 or wider, on the same device."""
        restored = self.restore(image)
        if not isinstance(restored, Tensor):
            kind = type(restored).__name__
            raise BadMethod(f"a tensor from {self.name}", f"a {kind}", "Return the restored images alone.")
        if restored.shape != image.shape:
            expected = f"restored images of shape {tuple(image.shape)} from {self.name}"
            remedy = "Pad and crop inside the network: images may have any size."
            raise BadMethod(expected, f"shape {tuple(restored.shape)}", remedy)
        if not restored.is_floating_point():
            remedy = "Return values in [0, 1], not bytes."
            raise BadMethod(f"floating-point images from {self.name}", f"{restored.dtype}", remedy)
        if not bool(torch.isfinite(restored).all()):
            count = int((~torch.isfinite(restored)).sum())
            remedy = "Look at its weights, and at what it does with values of exactly 0 and 1."
            raise BadMethod(f"finite values from {self.name}", f"{count} that are NaN or infinite", remedy)
        restored = restored.to(image.device)
        return restored.float() if restored.dtype in (torch.float16, torch.bfloat16) else restored


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
        result = self.session.run(None, {self.input: images.contiguous().numpy()})[0]
        return torch.from_numpy(result)
