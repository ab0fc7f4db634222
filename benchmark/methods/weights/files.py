"""Weight files: safetensors with a JSON card beside each, written atomically, read safely, checked by their sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmark.core.errors import BadWeights
from benchmark.core.files import sha256_of, write_atomically
from benchmark.methods.checkpoints.opening import open_checkpoint, whole_tensors
from benchmark.methods.checkpoints.unwrap import read_checkpoint
from benchmark.methods.weights import coding
from benchmark.methods.weights.card import Card, card_path, read_card

__all__ = [
    "Card",
    "card_path",
    "encode_weights",
    "has_whole_weights",
    "load_weights",
    "read_card",
    "read_checkpoint",
    "write_weights",
]

if TYPE_CHECKING:
    from torch import Tensor


def encode_weights(state: Mapping[str, Tensor], form: str = "as trained") -> bytes:
    """A state dict as safetensors bytes, its floating tensors in one of `benchmark.methods.weights.coding.FORMS`.

    Aliases (two names of one tensor) and expanded views are stored as separate whole tensors. Raises BadWeights where a
    value is not finite or does not fit float16.
    """
    import torch
    from safetensors.torch import save

    tensors = coding.encode(state, form)
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise BadWeights(
                f"finite values in '{name}'{'' if form == 'as trained' else ' as float16'}",
                "infinite or NaN values",
                "Train again" + ("." if form == "as trained" else ", or save in full precision."),
            )
    return save(tensors, metadata={"format": "pt"})  # two entries would come in any order


def write_weights(path: Path, state: Mapping[str, Tensor], card: Card, form: str = "as trained") -> Card:
    """Write `state` to `path` (.safetensors) and `card` beside it (.json); returns the card with its added facts.

    Added: `sha256` of the file, `bytes`, `stored` (one of `benchmark.methods.weights.coding.FORMS`). Each file is written whole
    or not at all, the card last, so a card always speaks of a whole file. Raises BadOutput, BadWeights.
    """
    content = encode_weights(state, form)
    card = dict(card) | {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "stored": form}
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    if card_path(path).exists():
        card_path(path).unlink()
    write_atomically(path, content)
    write_atomically(card_path(path), text.encode())
    return card


def has_whole_weights(path: Path) -> bool:
    """Whether weights and card stand at `path` and the file is the one its card speaks of."""
    if not (path.is_file() and card_path(path).is_file()):
        return False
    try:
        return read_card(path).get("sha256") == sha256_of(path)
    except BadWeights:
        return False


def load_weights(path: Path, check: bool = True) -> dict[str, Tensor]:
    """The tensors of a weight file on the CPU, floating ones as float32.

    `path` is a .safetensors file (compared with its card's sha256 where a card stands beside it and `check` is set) or
    a torch checkpoint of tensors by name, in which no code can run. Raises BadWeights.
    """
    if not path.is_file():
        raise BadWeights(f"weights at {path}", "no file", "Train the method first: slkd-bench train.")
    if path.suffix != ".safetensors":
        return read_checkpoint(path).state
    if check and card_path(path).is_file():
        expected, found = read_card(path).get("sha256"), sha256_of(path)
        if expected is not None and expected != found:
            remedy = "The file was changed after training: restore it, or train or import it again."
            raise BadWeights(f"sha256 {expected[:12]} of {path.name}, as its card says", found[:12], remedy)
    held = open_checkpoint(path)
    return coding.decode(whole_tensors(cast("Mapping[str, Tensor]", held), path, path.stat().st_size, keep=True), path)
