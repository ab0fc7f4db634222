"""The words of the laboratory as small frozen dataclasses: the same in code, command line, files and documents.

Nothing here imports torch: listing and planning must stay instant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


class Task(str):
    """What a network is asked to do with an image: a lower-case word. The set is open, the passports say which there are.

    The three tasks that the shipped networks know are constants. Equal tasks are one object, so `is` compares them.
    Raises ValueError for what is no such word.

    >>> Task("deraining") is Task.DERAINING
    True
    """

    __slots__ = ()
    DERAINING: ClassVar[Task]
    DEBLURRING: ClassVar[Task]
    DENOISING: ClassVar[Task]
    _known: ClassVar[dict[str, Task]] = {}

    def __new__(cls, name: str) -> Task:
        """The task of that name, always the same object."""
        if name not in cls._known:
            if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
                raise ValueError(f"'{name}' is no task: expected a lower-case word such as deraining")
            cls._known[str(name)] = super().__new__(cls, name)
        return cls._known[name]


Task.DERAINING, Task.DEBLURRING, Task.DENOISING = map(Task, ("deraining", "deblurring", "denoising"))
ALL_TASKS = (Task.DERAINING, Task.DEBLURRING, Task.DENOISING)  # of the shipped networks


class Scale(StrEnum):
    """`paper`: full-size networks on official data. `mini`: small networks on the embedded data."""

    PAPER = "paper"
    MINI = "mini"


@dataclass(frozen=True)
class Pair:
    """One test image: `degraded` and `clean` are float32 tensors (3, H, W) in [0, 1] of equal size.

    `scene` names the photograph or video the pair comes from; statistics cluster by it.
    """

    name: str
    degraded: Tensor
    clean: Tensor
    scene: str = ""


@dataclass(frozen=True)
class Score:
    """PSNR in dB (infinite for identical images) and SSIM of one restored image under one protocol."""

    psnr: float
    ssim: float
