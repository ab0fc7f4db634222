"""A frozen teacher that several objectives ask about the same batch: what it makes of an image is computed once."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from baselines.networks.shape.features import EncoderDecoder, Features


class SharedTeacher(nn.Module):
    """Stands for `network` in the objectives of one training; its features of the current batch are kept until the next.

    Only passes without gradients over the two images given to `begin` are kept; every other call goes to the network.
    What is kept is read by all and must not be changed in place. Two images of one batch are recognised by being the
    very tensors, so that nothing is read from the device.
    Here: one method trained alone goes through the same keeping, so that it learns the same, bit for bit, as beside others.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = cast("EncoderDecoder", network)
        self._batch: tuple[Tensor, ...] = ()
        self._kept: list[Features | None] = [None, None]
        self.passes = 0

    def begin(self, degraded: Tensor, clean: Tensor) -> None:
        """Forget the last batch: the next passes are over `degraded` and `clean`, (N, 3, H, W) each."""
        self._batch, self._kept = (degraded, clean), [None, None]

    @property
    def encoder_widths(self) -> tuple[int, ...]:
        """Channels of the encoder's levels."""
        return tuple(self.network.encoder_widths)

    @property
    def decoder_widths(self) -> tuple[int, ...]:
        """Channels of the decoder's levels."""
        return tuple(self.network.decoder_widths)

    def features(self, image: Tensor) -> Features:
        """The network's features of `image` (N, 3, H, W)."""
        result: Features
        if torch.is_grad_enabled() or not hasattr(self.network, "features"):
            result = self.network.features(image)
            return result
        for place, known in enumerate(self._batch):
            if image is known:
                return self._of(place)
        result = self.network.features(image)
        return result

    @torch.no_grad()
    def features_of_both(self, degraded: Tensor, clean: Tensor) -> tuple[Features, Features]:
        """The features of two images (N, 3, H, W); on a GPU in one pass where neither is kept yet."""
        images = (degraded, clean)
        known = all(image is mine for image, mine in zip(images, self._batch, strict=False)) and self._batch
        if not known or degraded.device.type == "cpu" or any(self._kept):
            return self.features(degraded), self.features(clean)
        both = self.network.features(torch.cat(images))
        self.passes += 2
        halves = zip(*(level.chunk(2) for level in (both.restored, *both.encoder, *both.decoder)), strict=True)
        count = 1 + len(both.encoder)
        self._kept = [Features(h[0], tuple(h[1:count]), tuple(h[count:])) for h in halves]
        return self._of(0), self._of(1)

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W)."""
        if self._is_kept(image):
            return self.features(image).restored
        result: Tensor = self.network(image)
        return result

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """The encoder's features of `image`."""
        return self.features(image).encoder if self._is_kept(image) else self.network.encode(image)

    def decode(self, encoder: tuple[Tensor, ...], image: Tensor) -> Features:
        """Restores `image` from encoder features, the network's own or another's."""
        if self._is_kept(image) and encoder is self.features(image).encoder:
            return self.features(image)
        result: Features = self.network.decode(encoder, image)
        return result

    def _is_kept(self, image: Tensor) -> bool:
        found = any(image is known for known in self._batch)
        return found and not torch.is_grad_enabled() and hasattr(self.network, "features")

    def _of(self, place: int) -> Features:
        kept = self._kept[place]
        if kept is None:
            kept = self._kept[place] = self.network.features(self._batch[place])
            self.passes += 1
        return kept
