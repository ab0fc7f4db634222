"""Counting multiply-accumulates on the meta device: full size, in about a second, without computing anything.

The canonical count reproduces the convention behind the "FLOPs" columns of the field: what fvcore counts on the authors'
own code. It is taken operator by operator from the networks as they are written, which follows the publications, so the
fast forms that they restore images in do not change it:

* one per multiply-accumulate of every convolution, matrix product and attention;
* `nn.LayerNorm` 5 and batch normalisation in eval mode 2 per element, nearest and bilinear resizing 1 and 4 per output
  element, adaptive pooling 1 per input element; nothing for softmax, activations, element-wise work and normalisations
  written out by hand;
* plus what the authors' form computes and ours does not (`saved` in its declaration), since a rearrangement spares it.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from baselines.networks.fast import fast_inference
from benchmark.methods.networks import arguments, networks

if TYPE_CHECKING:
    from collections.abc import Mapping

# operator -> fvcore's count per element: of the output, or of the input for pooling
_PER_OUTPUT = {"native_layer_norm": 5, "native_group_norm": 5, "upsample_nearest2d": 1, "upsample_bilinear2d": 4}
_PER_INPUT = {"native_batch_norm": 2, "_native_batch_norm_legit_no_training": 2, "cudnn_batch_norm": 2}

# operators that move or view data and compute nothing; everything else counts one true operation per output element
_NO_ARITHMETIC = {
    "view",
    "_unsafe_view",
    "reshape",
    "permute",
    "transpose",
    "t",
    "expand",
    "clone",
    "copy",
    "detach",
    "alias",
    "slice",
    "select",
    "split",
    "split_with_sizes",
    "unbind",
    "chunk",
    "cat",
    "stack",
    "unsqueeze",
    "squeeze",
    "empty",
    "empty_like",
    "new_empty",
    "new_zeros",
    "zeros",
    "zeros_like",
    "ones",
    "ones_like",
    "full",
    "pixel_shuffle",
    "pixel_unshuffle",
    "roll",
    "as_strided",
    "contiguous",
    "_to_copy",
    "index",
    "gather",
    "constant_pad_nd",
    "reflection_pad2d",
    "replication_pad2d",
    "arange",
    "scalar_tensor",
    "lift_fresh",
    "unfold",
    "flip",
    "repeat",
}


def is_arithmetic(operator: str) -> bool:
    """Whether the operator computes anything, rather than moving or viewing data."""
    return operator.rstrip("_") not in _NO_ARITHMETIC


@dataclass(frozen=True)
class Count:
    """Work of one forward pass of one image.

    `gmacs`: the canonical count in 1e9. `contractions`: what restoring an image
    really computes in convolutions and matrix products, by operator, in 1e9.
    `true_gflops`: additions and multiplications of what is really computed, 2 per multiply-accumulate and 1 per element of
    every other arithmetic operator, in 1e9.
    """

    gmacs: float
    contractions: dict[str, float]
    true_gflops: float


class _Tally(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.contractions: Counter[str] = Counter()
        self.extra = 0
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        out = func(*args, **(kwargs or {}))
        packet, name = func._overloadpacket, func._overloadpacket.__name__
        first = out[0] if isinstance(out, tuple | list) and out else out
        if packet in flop_registry:
            self.contractions[name] += flop_registry[packet](*args, **(kwargs or {}), out_val=out) // 2
        elif isinstance(first, Tensor):
            self.extra += _PER_OUTPUT.get(name, 0) * first.numel()
            self.extra += _PER_INPUT.get(name, 0) * (args[0].numel() if name in _PER_INPUT else 0)
            if is_arithmetic(name) and first.is_floating_point():
                self.elements += first.numel()
        return out


class _Pooling(TorchFunctionMode):
    """Adaptive pooling has to be seen before torch turns it into a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        if getattr(func, "__name__", "") in ("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d"):
            self.elements += args[0].numel()
        return func(*args, **(kwargs or {}))


def count(network: nn.Module, name: str, size: int = 512, chosen: Mapping[str, Any] | None = None) -> Count:
    """Counts one (1, 3, size, size) image through `network`, which may lie on any device and is left as it is.

    `name` and the `chosen` arguments of its constructor say what the authors' form of this network computes beyond ours.
    """
    twin, image = _on_meta(network, size)
    with torch.no_grad(), fast_inference(twin), _Tally() as tally:
        twin(image)
    return Count(
        canonical(network, name, size, chosen),
        {operator: macs / 1e9 for operator, macs in tally.contractions.items()},
        (2 * sum(tally.contractions.values()) + tally.elements) / 1e9,
    )


def canonical(network: nn.Module, name: str, size: int = 512, chosen: Mapping[str, Any] | None = None) -> float:
    """The canonical count of `count` alone, in 1e9: one pass instead of two."""
    twin, image = _on_meta(network, size)
    with torch.no_grad(), _Pooling() as pooling, _Tally() as published:
        twin(image)
    spec = networks().get(name)
    saved: Callable[..., float] | None = spec.find(spec.saved) if spec and spec.saved else None
    macs: float = sum(published.contractions.values()) + published.extra + pooling.elements
    return (macs + (saved(size, **(chosen or {})) if saved else 0)) / 1e9


def _on_meta(network: nn.Module, size: int) -> tuple[nn.Module, Tensor]:
    """A twin that has shapes and no values, and such an image."""
    twin = copy.deepcopy(network).to("meta").eval()
    return twin, torch.empty(1, getattr(network, "image_channels", 3), size, size, device="meta")


def canonical_named(name: str, scale: str, task: str | None = None, size: int = 512, **changed: Any) -> float:
    """The canonical count of a configured network in 1e9; `changed` as in `count_named`."""
    network, chosen = _configured(name, scale, task, changed)
    return canonical(network, name, size, chosen)


def _configured(
    name: str, scale: str, task: str | None, changed: Mapping[str, Any]
) -> tuple[nn.Module, dict[str, Any]]:
    chosen = {**arguments(name, scale, task), **changed}
    with torch.device("meta"):
        return networks()[name].build(scale, task, **chosen), chosen


def count_named(name: str, scale: str, task: str | None = None, size: int = 512, **changed: Any) -> Count:
    """The count of a configured network; `changed` arguments replace configured ones (stages=4, say)."""
    network, chosen = _configured(name, scale, task, changed)
    return count(network, name, size, chosen)


def parameters_used(network: nn.Module, size: int = 64) -> int:
    """How many parameters the restored image depends on: those that get a gradient from it (any device, meta too)."""
    trained = [(p, p.requires_grad) for p in network.parameters()]
    try:
        for parameter, _ in trained:
            parameter.requires_grad_(True)
        with torch.enable_grad():
            restored = network(torch.rand(1, 3, size, size, device=trained[0][0].device))
            gradients = torch.autograd.grad(restored.sum(), [p for p, _ in trained], allow_unused=True)
    finally:
        for parameter, wanted in trained:
            parameter.requires_grad_(wanted)
    return sum(p.numel() for (p, _), gradient in zip(trained, gradients, strict=True) if gradient is not None)
