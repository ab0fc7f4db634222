"""What an encoder-decoder network gives besides the restored image: its features, level by level."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Features(NamedTuple):
    """The restored image and the features of one forward pass.

    `restored`: (N, 3, H, W), cropped to the size of the input.
    `encoder`: one tensor (N, C_k, H'/2^k, W'/2^k) a level, stride 1 first, the bottleneck last (H', W' padded).
    `decoder`: the same without the bottleneck, stride 1 first, so that `decoder[k]` has the stride of `encoder[k]`.
    """

    restored: Tensor
    encoder: tuple[Tensor, ...]
    decoder: tuple[Tensor, ...]
