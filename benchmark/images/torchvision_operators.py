"""The one place that lets torchvision be imported beside a torch that was built without its compiled operators.

Where torch and torchvision come from different builds (a CPU torch with the general torchvision, often), torchvision's own
operators are not loaded, and its import fails with "operator torchvision::nms does not exist" when it registers the shapes
of what these operators return. None of our metrics calls one of them. Declaring the two operators, without code behind
them, is all the import needs.
"""

from __future__ import annotations

from typing import Any

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared: list[Any] = []  # a torch.library.Library takes its declarations back when it is collected


def importable() -> None:
    """Makes `import torchvision` work: declares what is missing only where the real import fails for want of it."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError as problem:
        if "torchvision::" not in str(problem):
            raise
        _declare()


def _declare() -> None:
    import sys

    import torch

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # what a half-done import left behind
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, schema in _SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _declared.append(library)
