"""What the usual counters say of a network, raw, with the operators each of them leaves out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class RawCount:
    """A counter's own number in 1e9 multiply-accumulates, and the operators it met and did not count (calls of each)."""

    gmacs: float
    left_out: Mapping[str, int]


def fvcore_count(network: nn.Module, size: int = 512, measured_at: int = 64) -> RawCount:
    """fvcore's count of one (1, 3, size, size) image, traced at `measured_at` and scaled by area.

    The scaling leaves out what does not grow with the image (squeeze-and-excitation of a pooled vector: below 1e-5).
    """
    import torch
    from fvcore.nn import FlopCountAnalysis

    logging.getLogger("fvcore").setLevel(logging.ERROR)
    with torch.no_grad():
        analysis = FlopCountAnalysis(network.eval(), torch.zeros(1, 3, measured_at, measured_at))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
        total = analysis.total()
    left_out = {name.removeprefix("aten::"): calls for name, calls in analysis.unsupported_ops().items()}
    return RawCount(total * (size / measured_at) ** 2 / 1e9, left_out)


def torch_count(network: nn.Module, size: int = 512) -> RawCount:
    """The count of torch.utils.flop_counter on the meta device at full size, halved to multiply-accumulates."""
    import copy
    from collections import Counter

    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode, flop_registry

    from benchmark.costs.count import is_arithmetic

    uncounted: Counter[str] = Counter()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = func._overloadpacket.__name__
            if func._overloadpacket not in flop_registry and is_arithmetic(name):
                uncounted[name] += 1
            return func(*args, **(kwargs or {}))

    twin = copy.deepcopy(network).to("meta").eval()
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter, Watch():  # type: ignore[no-untyped-call]
        twin(torch.empty(1, 3, size, size, device="meta"))
    return RawCount(counter.get_total_flops() / 2e9, dict(uncounted))
