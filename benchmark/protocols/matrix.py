"""One set of restored images under every protocol, and what rounding, truncation and padding do to its scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.errors import BadImage
from benchmark.core.types import Score
from benchmark.protocols import get_protocol, protocol_ids

if TYPE_CHECKING:
    from torch import Tensor

Triple = tuple["Tensor", "Tensor"] | tuple["Tensor", "Tensor", "Tensor | None"]


@dataclass(frozen=True)
class Row:
    """The mean scores of `images` images under one protocol, with the restored images as they came or changed.

    `variant` says how: "as given", "rounded" or "truncated" to bytes, or "padded" (restored from a padded input, then
    cropped). `psnr` is the mean of the images' PSNR, infinite if one image is perfect.
    """

    protocol: str
    variant: str
    images: int
    psnr: float
    ssim: float


def _as_given(image: Tensor) -> Tensor:
    return image


def _rounded(image: Tensor) -> Tensor:
    return image.clamp(0, 1).mul(255).round().div(255)


def _truncated(image: Tensor) -> Tensor:
    # a byte stored in single precision may lie just below itself: what is a byte stays that byte
    return image.clamp(0, 1).mul(255).add(1e-3).floor().div(255)


_VARIANTS: dict[str, Callable[[Tensor], Tensor]] = {"as given": _as_given, "rounded": _rounded, "truncated": _truncated}


def matrix(triples: Iterable[Triple], protocols: Iterable[str] | None = None) -> list[Row]:
    """Scores under every protocol and variant, protocol by protocol; every image is read once.

    `triples` are (restored, clean) or (restored, clean, padded), tensors (3, H, W) in [0, 1]; `padded` is the same image
    restored in another way (from a padded input, and cropped), compared as the variant "padded" if every image has it.
    Raises BadImage if there is no image, or if only some have a padded form, and what `Protocol.score` raises.
    """

    chosen = [get_protocol(id) for id in (protocol_ids() if protocols is None else protocols)]
    scores: dict[tuple[str, str], list[Score]] = {}
    images = 0
    for triple in triples:
        images += 1
        for variant, restored in _variants(triple):
            for protocol in chosen:
                scores.setdefault((protocol.id, variant), []).append(protocol.score(restored, triple[1]))
    if not images:
        raise BadImage("restored images", "none", "Name the folder that holds them.")
    if any(len(found) != images for found in scores.values()):
        raise BadImage("a padded form of every image, or of none", "one of some", "Leave it out or make it for all.")
    order = {protocol.id: place for place, protocol in enumerate(chosen)}
    return [_row(*key, found) for key, found in sorted(scores.items(), key=lambda item: order[item[0][0]])]


def _variants(triple: Triple) -> Iterator[tuple[str, Tensor]]:
    for name, change in _VARIANTS.items():
        yield name, change(triple[0])
    if len(triple) == 3 and triple[2] is not None:
        yield "padded", triple[2]


def _row(protocol: str, variant: str, scores: list[Score]) -> Row:
    count = len(scores)
    return Row(
        protocol,
        variant,
        count,
        sum(score.psnr for score in scores) / count,
        sum(score.ssim for score in scores) / count,
    )
