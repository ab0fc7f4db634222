"""Features of any network by the names of its modules: what a network needs that was not written for distillation.

`with_features(network, encoder=[...], decoder=[...])` wraps it, without a change to it, into what `SLKD` takes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from baselines.networks.shape.features import Features

Pick = Callable[[Any], Tensor]


class WithFeatures(nn.Module):
    """A network that gives the outputs of chosen modules as its features: see `with_features`, which makes it."""

    def __init__(self, network: nn.Module, encoder: Sequence[str], decoder: Sequence[str], restored: Pick) -> None:
        super().__init__()
        self.network = network
        self.encoder_names, self.decoder_names = tuple(encoder), tuple(decoder)
        self.encoder_widths: tuple[int, ...] = ()
        self.decoder_widths: tuple[int, ...] = ()
        self._restored = restored

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W) of (N, 3, H, W) in [0, 1], as the network gives it."""
        return self._restored(self.network(image))

    def features(self, image: Tensor) -> Features:
        """The restored image and the features of one pass over (N, 3, H, W) in [0, 1].

        Raises ValueError where a named module does not run in the pass or gives no feature map (N, C, h, w).
        """
        with _listening(self.network, (*self.encoder_names, *self.decoder_names)) as heard:
            restored = self(image)
        encoder, decoder = (
            tuple(_feature_map(name, heard) for name in names) for names in (self.encoder_names, self.decoder_names)
        )
        return Features(restored, encoder, decoder)


def with_features(
    network: nn.Module, encoder: Sequence[str], decoder: Sequence[str], restored: Pick | None = None, size: int = 64
) -> WithFeatures:
    """`network` with the features that `SLKD(teacher, student)` asks for, taken by forward hooks; it is not changed.

    `encoder` and `decoder` name modules as `network.named_modules()` does, stride 1 first, the bottleneck last in
    `encoder` and absent in `decoder`. Their outputs must be feature maps (N, C, h, w); a module that runs several
    times in a pass counts with its last output. `restored` picks the image (N, 3, H, W) out of what the network
    returns where that is not the image itself, such as `lambda outputs: outputs[0]`. The widths are found by one pass
    over a black image (1, 3, `size`, `size`) in eval mode, which leaves buffers and training modes as they were.

    The hooks exist only while `features` runs. The wrapper shares the network's parameters: train, save and load the
    network itself.
    Raises ValueError for a name that is no module's, a module that does not run or gives no feature map, an image that
    is none, and levels that are not ordered from fine to coarse.
    """
    known = {name for name, _ in network.named_modules() if name}
    for name in (*encoder, *decoder):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)[:8]
            raise ValueError(f"expected the name of a module; found '{name}'. Try {', '.join(near)}.")
    wrapped = WithFeatures(network, encoder, decoder, restored or _as_it_is)
    found = _dry_run(wrapped, size)
    if found.restored.shape != (1, 3, size, size):
        raise ValueError(
            f"expected an image (1, 3, {size}, {size}) from the network; found {tuple(found.restored.shape)}."
            " Give another size, or `restored` that picks the image out of the output."
        )
    for side, names, levels in (("encoder", encoder, found.encoder), ("decoder", decoder, found.decoder)):
        heights = [level.shape[-2] for level in levels]
        if heights != sorted(heights, reverse=True):
            order = ", ".join(f"{name} {height}" for name, height in zip(names, heights, strict=True))
            raise ValueError(f"expected the {side} from fine to coarse; found heights {order}. Turn the list around.")
    wrapped.encoder_widths = tuple(level.shape[1] for level in found.encoder)
    wrapped.decoder_widths = tuple(level.shape[1] for level in found.decoder)
    return wrapped


@torch.no_grad()
def _dry_run(wrapped: WithFeatures, size: int) -> Features:
    """The features of a black image, in eval mode; every module's mode is given back."""
    modes = {module: module.training for module in wrapped.modules()}
    like = next(wrapped.parameters(), torch.zeros(()))
    wrapped.eval()
    try:
        return wrapped.features(torch.zeros(1, 3, size, size, device=like.device, dtype=like.dtype))
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def _listening(network: nn.Module, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What the named modules give while the context is open, by name."""
    heard: dict[str, Any] = {}

    def hear(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            heard[name] = output

        return hook

    handles = [network.get_submodule(name).register_forward_hook(hear(name)) for name in dict.fromkeys(names)]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


def _feature_map(name: str, heard: dict[str, Any]) -> Tensor:
    if name not in heard:
        raise ValueError(
            f"expected '{name}' to run in the network's pass; it did not. Name a module that the forward pass calls."
        )
    output = heard[name]
    if not isinstance(output, Tensor) or output.dim() != 4:
        what = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(
            f"expected a feature map (N, C, h, w) from '{name}'; found {what}. Name a module before or after it."
        )
    return output


def _as_it_is(output: Any) -> Tensor:
    if not isinstance(output, Tensor):
        raise ValueError(
            f"expected an image (N, 3, H, W) from the network; found {type(output).__name__}."
            " Give `restored` that picks it out, such as `lambda outputs: outputs[0]`."
        )
    return output
