"""Where training pairs come from, as a person asks for it.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class DataSource:
    """The training data a person asked for: photographs to degrade, or pairs, or (both None) what the scale has."""

    photos: Path | None = field(
        default=None,
        metadata={"help": "Train on pairs made from this folder of clean photographs, not from dead leaves."},
    )
    pairs: Path | None = field(
        default=None,
        metadata={
            "help": "Train on pairs: the folder of the official sets, one with input and target, or one of `data prepare`.",
            "flags": ("--data",),
        },
    )
    synthesis: bool = field(
        default=False,
        metadata={
            "help": "Make new pairs while training, in place of crops of pairs that are made once.",
            "flags": ("--synthesis",),
        },
    )
    dataset: str = field(default="", metadata={"help": "Another official training set of the task; see `data list`."})
    validate_on: str = field(
        default="",
        metadata={
            "help": "Draw the validation curve on this data set or folder of pairs, which nothing is trained on."
        },
    )
