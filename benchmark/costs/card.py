"""The device card: everything beside the network that decides a time. Importing this module does not import torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from benchmark.core.models import CLOSED

Precision = Literal["fp32", "bf16", "fp16"]
Mode = Literal["eager", "compiled", "graph"]
Tf32 = Literal["off", "convolutions", "everywhere", ""]


@dataclass(frozen=True)
class DeviceCard:
    """What was measured on, and how.

    `tf32` says which fp32 operations a GPU may shorten to TF32, empty where there is no such choice; `cudnn_benchmark`
    whether cuDNN tried its algorithms first (None off a GPU). `warm_up` and `warm_up_s` are the passes and the seconds
    before the first timed pass; `commit` is the code's; `clocks` are those of the card, where it tells them.
    """

    device: str
    kind: str
    torch: str
    precision: Precision
    mode: Mode
    driver: str = ""
    tf32: Tf32 = ""
    cudnn_benchmark: bool | None = None
    batch: int = 1
    threads: int | None = None
    warm_up: int | None = None
    warm_up_s: float | None = None
    timer: str = ""
    clocks: str = ""
    python: str = ""
    commit: str = ""
    note: str = ""
    __pydantic_config__: ClassVar[Any] = CLOSED

    @property
    def file_name(self) -> str:
        """A name for the card's file; two cards that differ in anything that matters have two names."""
        parts = [self.device, self.precision, self.mode, f"torch{self.torch}"]
        parts += [f"tf32 {self.tf32}"] if self.tf32 else []
        parts += [f"{self.threads}threads"] if self.threads else []
        return re.sub(r"[^a-z0-9.]+", "-", "-".join(parts).lower()).strip("-")

    @property
    def words(self) -> str:
        """The card in a phrase, for a footnote or a reason."""
        tf32 = {"off": "", "": ""}.get(self.tf32, f" with TF32 in {self.tf32}".replace("in everywhere", "everywhere"))
        return f"{self.device}, {self.precision}{tf32}, {self.mode}"


def preferred(cards: Mapping[str, tuple[DeviceCard, int]]) -> str:
    """The card that tables show where none is asked for, of cards with the number of their records; empty for none.

    A GPU before a CPU, since the field's times are a GPU's; then fp32 eager without TF32, as everything is scored here;
    then most records.
    """

    def order(name: str) -> tuple[bool, bool, bool, bool, int, str]:
        card, records = cards[name]
        return (
            card.kind != "cuda",
            card.precision != "fp32",
            card.mode != "eager",
            card.tf32 not in ("off", ""),
            -records,
            name,
        )

    return min(cards, key=order, default="")
