"""What an encoder-decoder network gives besides the restored image: its features, level by level."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn


class Features(NamedTuple):
    """The restored image and the features of one forward pass.

    `restored`: (N, 3, H, W), cropped to the size of the input.
    `encoder`: one tensor (N, C_k, H'/2^k, W'/2^k) a level, stride 1 first, the bottleneck last (H', W' padded).
    `decoder`: the same without the bottleneck, stride 1 first, so that `decoder[k]` has the stride of `encoder[k]`.
    """

    restored: Tensor
    encoder: tuple[Tensor, ...]
    decoder: tuple[Tensor, ...]


class EncoderDecoder(nn.Module, ABC):
    """A network that restores an image from features that it makes level by level, and gives both.

    Images are (N, 3, H, W) in [0, 1], of any size; what is restored is not clamped. `encoder_widths` and `decoder_widths`
    count the channels of the levels of `Features`, stride 1 first.
    """

    encoder_widths: tuple[int, ...]
    decoder_widths: tuple[int, ...]

    @abstractmethod
    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """The encoder's features, stride 1 first, the bottleneck last."""

    @abstractmethod
    def decode(self, encoder: tuple[Tensor, ...], image: Tensor) -> Features:
        """Restores `image` from encoder features, its own or another network's of the same widths."""

    def features(self, image: Tensor) -> Features:
        """The restored image with the encoder's and decoder's features, in one pass."""
        return self.decode(self.encode(image), image)

    def forward(self, image: Tensor) -> Tensor:
        """The restored image (N, 3, H, W)."""
        return self.features(image).restored
