"""The authors' names for the parts of Restormer's U, as patterns, and ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

Names = Sequence[tuple[str, str | Callable[[re.Match[str]], str]]]

SHARED_NAMES = (
    (r"patch_embed\.proj\.", "embed."),
    (r"encoder_level(\d)\.", lambda m: f"encoder.{int(m[1]) - 1}."),
    (r"latent\.", "encoder.3."),
    (r"decoder_level(\d)\.", lambda m: f"decoder.{int(m[1]) - 1}."),
    (r"down(\d)_\d\.body\.", lambda m: f"down.{int(m[1]) - 1}."),
    (r"up\d_(\d)\.body\.", lambda m: f"up.{int(m[1]) - 1}."),
    (r"reduce_chan_level(\d)\.", lambda m: f"reduce.{int(m[1]) - 1}."),
    (r"(norm[12])\.body\.", r"\1."),
    (r"attn\.qkv_dwconv\.", "attention.qkv_depthwise."),
    (r"attn\.project_out\.", "attention.project."),
    (r"attn\.", "attention."),
)


_KNOWN = re.compile(r"(embed|encoder\.\d|decoder\.\d|down\.\d|up\.\d|reduce\.\d|refinement|output)\.")


def rename(key: str, names: Names) -> str:
    """`key` with each pattern of `names`, at the start of a part of the key, replaced in turn."""
    for pattern, name in names:
        key = re.sub(r"(?:(?<=^)|(?<=\.))" + pattern, name, key)
    return key


def renamed(state: Mapping[str, Tensor], names: Names, network: str) -> dict[str, Tensor]:
    """The authors' state dict under our names. Raises ValueError where keys are left over or the ends are missing."""
    ours = {rename(key, names): value for key, value in state.items()}
    strange = [theirs for theirs in state if not _KNOWN.match(rename(theirs, names))]
    missing = [end for end in ("embed.", "output.weight") if not any(name.startswith(end) for name in ours)]
    if strange or missing:
        raise ValueError(
            f"expected the state dict of a {network}, found keys left over {strange[:5]} and missing {missing}: "
            f"pass the authors' `params` entry of a {network} checkpoint"
        )
    return ours
