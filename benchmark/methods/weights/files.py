"""Weight files: safetensors with a JSON card beside each, written atomically, read safely, checked by their sha256."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BadWeights
from benchmark.core.files import sha256_of, write_atomically
from benchmark.methods.weights import coding

if TYPE_CHECKING:
    from torch import Tensor

Card = dict[str, Any]


def card_path(path: Path) -> Path:
    """Where the card of the weights at `path` lies: the same name with .json."""
    return path.with_suffix(".json")


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


def read_card(path: Path) -> Card:
    """The card of the weights at `path`. Raises BadWeights where it is missing or not JSON."""
    card = card_path(path)
    try:
        return dict(json.loads(card.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise BadWeights(f"a card at {card}", "no file", "Train the method again: slkd-bench train.") from error
    except (ValueError, OSError) as error:
        raise BadWeights(f"a JSON card at {card}", str(error), "Train the method again: slkd-bench train.") from error


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
    a torch checkpoint, which is opened with `weights_only=True` so that no code in it can run. Raises BadWeights.
    """
    import torch

    if not path.is_file():
        raise BadWeights(f"weights at {path}", "no file", "Train the method first: slkd-bench train.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load

            content = path.read_bytes()
            if check and card_path(path).is_file():
                expected, found = read_card(path).get("sha256"), hashlib.sha256(content).hexdigest()
                if expected is not None and expected != found:
                    raise BadWeights(
                        f"sha256 {str(expected)[:12]} of {path.name}, as its card says",
                        found[:12],
                        "The file was changed after training: restore it or train again.",
                    )
            state = load(content)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except BadWeights:
        raise
    except pickle.UnpicklingError as error:
        raise BadWeights(
            f"tensors alone in {path}", "other Python objects, which could run code", "Use a plain state dict."
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BadWeights(f"a whole weight file at {path}", str(error)[:200], "Fetch or train it again.") from error
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise BadWeights(f"a whole safetensors file at {path}", str(error)[:200], "Fetch or train it again.") from error
    if path.suffix == ".safetensors":
        return coding.decode(state)
    return {k: v.float() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in state.items()}
