"""What surrounds a training without deciding what is learnt.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """Where a training runs, how often it looks, how loud it is.

    But for `device` and `accumulate` nothing here changes what is learnt.

    `validate_every`, `log_every` and `norms_every` count steps (0: only at the end, or never for norms after step 0);
    `checkpoint_seconds` is the time between two checkpoints. `threads` is torch's number of threads (None: as it is).
    `plain` prints lines even on a terminal, for several processes that share one.
    """

    device: str = field(default="cpu", metadata={"help": "auto, cpu, cuda, cuda:1, mps."})
    threads: int | None = field(default=None, metadata={"help": "CPU threads.", "min": 1})
    channels_last: bool = field(default=False, metadata={"help": "Channels-last memory: faster on GPUs."})
    compile: bool = field(default=False, metadata={"help": "Compile the step; the first step then takes minutes."})
    accumulate: int = field(
        default=1,
        metadata={
            "help": "Compute each batch in that many parts, for less memory; a loss over a batch sees a part.",
            "min": 1,
        },
    )
    tf32: bool = field(
        default=True, metadata={"help": "Let a GPU compute products in TF32.", "flags": ("--tf32/--no-tf32",)}
    )
    tensorboard: bool = field(default=False, metadata={"help": "Also write TensorBoard logs, where it is installed."})
    quiet: bool = field(default=False, metadata={"help": "Show nothing while training."})
    validate_every: int = field(default=500, metadata={"help": "Steps between two validations.", "min": 0})
    log_every: int = field(default=20, metadata={"help": "Steps between two lines of the log.", "min": 1})
    norms_every: int = 500
    checkpoint_seconds: float = 60.0
    prefetch: int = 4
    resume: bool = True
    plain: bool = False
    title: str = "training"
