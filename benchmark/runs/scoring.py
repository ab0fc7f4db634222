"""Scoring restored images beside their clean ones, and saying what is wrong with one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from benchmark.core.devices import kind
from benchmark.core.errors import BadImage, BadMethod, SlkdBenchError
from benchmark.core.types import Pair, Score
from benchmark.protocols.choices import Rounding

if TYPE_CHECKING:
    import torch

    from benchmark.protocols import Protocol

Scored = Score | SlkdBenchError


def a_number(score: Scored, name: str) -> Scored:
    """`score` itself, or an error where it is no number: such a score must stand in no result."""
    if isinstance(score, SlkdBenchError) or not (math.isnan(score.psnr) or math.isnan(score.ssim)):
        return score
    remedy = "Look at the protocol, and at the values of the restored image."
    return BadImage(f"scores of {name} that are numbers", f"PSNR {score.psnr}, SSIM {score.ssim}", remedy)


def broken(problem: Exception, name: str, width: int, height: int) -> SlkdBenchError:
    """The error that tells of what a network raised at an image."""
    said = str(problem).splitlines()[0].rstrip(".") if str(problem) else "no reason given"
    odd = width % 8 or height % 8
    remedy = (
        "If it needs sides divisible by a number, say --multiple N: images are padded and cropped again. "
        if odd and isinstance(problem, RuntimeError | ValueError)
        else ""
    )
    remedy += "--keep-going scores the images that work and names the others."
    found = f"{type(problem).__name__}: {said}"
    return BadMethod(f"a network that restores {name}, {width}x{height} pixels", found, remedy)


def moved(batch: torch.Tensor, device: str) -> torch.Tensor:
    """`batch` on `device`; to CUDA from pinned memory, so that the copy runs beside the last batch's network."""
    if kind(device) == "cuda":
        return batch.pin_memory().to(device, non_blocking=True)
    return batch.to(device)


def score_images(
    protocol: Protocol,
    restored: torch.Tensor,
    batch: Sequence[Pair],
    on_restored: Callable[[Pair, torch.Tensor], None] | None,
) -> list[Scored]:
    """The score of every image of a batch, or what is wrong with it: one bad image leaves the others theirs."""
    import torch

    for pair, image in zip(batch, restored, strict=True) if on_restored else ():
        assert on_restored
        on_restored(pair, image)
    clean = moved(torch.stack([pair.clean for pair in batch]), str(restored.device))
    if protocol.rounding is Rounding.NONE and restored.device.type != "mps":
        restored, clean = restored.double(), clean.double()  # single precision errs by 1e-6 in the SSIM of flat images
    with torch.inference_mode():
        try:
            return [*protocol.score_batch(restored, clean)]
        except SlkdBenchError as problem:
            if len(batch) == 1:
                return [problem]
            return [
                one
                for i in range(len(batch))
                for one in score_images(protocol, restored[i : i + 1], batch[i : i + 1], None)
            ]
