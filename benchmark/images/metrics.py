"""Further image metrics by their pyiqa names (lpips, niqe, brisque, piqe, ...), made when they are first needed.

PSNR and SSIM are not among them: the protocols give those. pyiqa's take another luma (YIQ), and its PSNR stops at 80 dB.
"""

from __future__ import annotations

import math
import pickle  # nosec B403  # for the name of its error alone
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadImage, SlkdBenchError, UnknownName
from benchmark.images.torchvision_operators import importable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_GIVEN_BY_PROTOCOLS = ("psnr", "psnry", "ssim", "ssimc")
_OF_FOLDERS = ("fid", "fid_dinov2", "inception_score", "sfid")  # statistics of many images, not a number per image
_PATIENCE = 30.0  # seconds without an answer after which a download is given up
_FAILURES = (OSError, HTTPException, RuntimeError, ImportError, EOFError, ValueError, pickle.UnpicklingError)


class MetricUnavailable(SlkdBenchError):
    """A metric that exists but cannot be computed here: its weights cannot be fetched, or a package is missing."""

    def __init__(self, name: str, cause: Exception) -> None:
        self.name = name
        super().__init__(
            f"the weights of metric '{name}', which pyiqa fetches when it is first used",
            f"{type(cause).__name__}: {cause}",
            "Run it once where there is a network and bring the folder ~/.cache/torch/hub here (TORCH_HOME moves it), "
            f"or leave '{name}' out: no other metric needs these weights.",
        )


@dataclass(frozen=True)
class Metric:
    """One metric: called with restored and clean, (3, H, W) or (N, 3, H, W) in [0, 1], it gives one value an image.

    `reference` says whether it looks at the clean image. Values outside [0, 1] are clamped. Raises BadImage for NaN,
    unequal sizes, and images that the metric cannot take (too small, most often).
    """

    name: str
    reference: bool
    lower_is_better: bool
    network: Any = field(repr=False, compare=False)

    def __call__(self, restored: Tensor, clean: Tensor) -> list[float]:
        """The value of each image."""
        if restored.shape != clean.shape:
            found = f"{tuple(restored.shape)} and {tuple(clean.shape)}"
            raise BadImage("restored and clean images of equal shape", found, "Pair the right files.")
        images = restored if restored.ndim == 4 else restored[None]
        others = clean if clean.ndim == 4 else clean[None]
        return [self._value(one[None], two[None]) for one, two in zip(images, others, strict=True)]

    def _value(self, restored: Tensor, clean: Tensor) -> float:
        both = [image.float().clamp(0, 1) for image in ((restored, clean) if self.reference else (restored,))]
        if any(bool(image.isnan().any()) for image in both):
            raise BadImage("numbers", "NaN in an image", "Look at the network or the file the image comes from.")
        try:
            value = float(self.network(*both))
        except (RuntimeError, ValueError, AssertionError, IndexError) as problem:
            size = f"{restored.shape[-2]} x {restored.shape[-1]}"
            raise BadImage(f"an image that {self.name} can take", f"{size}: {problem}", "Leave it out.") from problem
        return value if math.isfinite(value) else math.nan


def metric_names() -> list[str]:
    """Every metric that can be asked for; some need weights that pyiqa fetches."""
    importable()
    from pyiqa import list_models

    return [name for name in list_models() if name not in (*_GIVEN_BY_PROTOCOLS, *_OF_FOLDERS)]


def get_metric(name: str, device: str | torch.device = "cpu") -> Metric:
    """The metric of a pyiqa name; raises UnknownName, or MetricUnavailable with what to do."""
    if name.lower() in _GIVEN_BY_PROTOCOLS:
        raise SlkdBenchError(
            "a metric beside PSNR and SSIM", f"'{name}'", "PSNR and SSIM follow a protocol: choose it with --protocol."
        )
    known = metric_names()
    if name.lower() not in known:
        raise UnknownName("metric", name, known)
    from pyiqa import create_metric

    try:
        with _impatient():
            network = create_metric(name.lower(), device=device)
    except _FAILURES as problem:
        raise MetricUnavailable(name.lower(), problem) from problem
    return Metric(name.lower(), network.metric_mode == "FR", bool(network.lower_better), network)


def open_metrics(
    names: str | Iterable[str], device: str | torch.device = "cpu"
) -> tuple[list[Metric], list[MetricUnavailable]]:
    """The metrics of `"lpips,niqe"` or of a list of names, and why those that are missing are; unknown names raise."""
    wanted = names.split(",") if isinstance(names, str) else names
    ready: list[Metric] = []
    missing: list[MetricUnavailable] = []
    for name in dict.fromkeys(name.strip() for name in wanted if name.strip()):
        try:
            ready.append(get_metric(name, device))
        except MetricUnavailable as problem:
            missing.append(problem)
    return ready, missing


@contextmanager
def _impatient() -> Iterator[None]:
    """A network that swallows packets must not hold the run: connections give up after a while."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
