"""A U-shaped network on an image that is too large for the memory: the same result, computed in strips of rows.

Tiles would change it, for the attention across channels sums over all pixels of an image. So every block goes over the
image's rows itself: once to sum up queries with keys, and once to add its result to the features, in place. Besides a
strip's own values, only the features that skips and the next block need are kept: 3.5 `width` numbers a pixel at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.networks.drsformer import Compensator, MixedScaleFeedForward
from baselines.networks.fast import fast_inference
from baselines.networks.fast.transformers import ChannelAttention
from baselines.networks.shape.layout import by_pixel, fast_layout, pointwise
from baselines.networks.shape.padding import pad_to_multiple
from baselines.networks.shape.pyramid import STRIDE, Pyramid

DEFAULT_ROWS = 64
_STRIP_WIDTHS = 48  # numbers that a strip needs for each of its pixels at most, in units of the network's width
_EXPERT_REACH = 6  # rows: two 7 x 7 convolutions, or one of dilation 2


class Strip(NamedTuple):
    """Rows `top` to `bottom` of an image, and the rows `first` to `last` around them that decide their result."""

    top: int
    bottom: int
    first: int
    last: int

    def crop(self, window: Tensor, scale: float = 1) -> Tensor:
        """The strip's own rows of `window`, which holds first to last, `scale` times as high."""
        return window[:, :, int((self.top - self.first) * scale) : int((self.bottom - self.first) * scale)]


def strips(height: int, rows: int, reach: int) -> Iterator[Strip]:
    """The strips of `rows` rows of an image, from top to bottom."""
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        yield Strip(top, bottom, max(0, top - reach), min(height, bottom + reach))


def rewrite(x: Tensor, function: Callable[[Tensor], Tensor], reach: int, rows: int) -> None:
    """Replaces `x` (1, C, H, W) by `function` of it, whose every row depends on `reach` rows above and below alone."""
    above: Tensor | None = None  # the rows over the strip as they were
    for strip in strips(x.shape[2], rows, reach):
        below = x[:, :, strip.top : strip.last]
        window = below if above is None else torch.cat((above, below), 2)
        end = strip.bottom - strip.first
        kept = window[:, :, max(0, end - reach) : end].clone()
        x[:, :, strip.top : strip.bottom] = strip.crop(function(window))
        above = kept if reach else None


def attend(x: Tensor, norm: nn.Module, attention: ChannelAttention, rows: int) -> None:
    """Adds the attended features to `x` (1, C, H, W): one pass for the attention map, one for the values."""
    width, heads = x.shape[1], attention.heads
    pairs = width // heads
    into, filters = attention.qkv.weight, attention.qkv_depthwise.weight

    def part(window: Tensor, which: slice) -> Tensor:
        own = filters[which]
        return F.conv2d(pointwise(norm(window), into[which]), own, padding=1, groups=own.shape[0])

    exact = torch.promote_types(x.dtype, torch.float32)
    products = x.new_zeros((heads, pairs, pairs), dtype=exact)
    squares = x.new_zeros((2, heads, pairs), dtype=exact)
    for strip in strips(x.shape[2], rows, 1):
        both = strip.crop(part(x[:, :, strip.first : strip.last], slice(0, 2 * width)))
        q, k = (each.reshape(heads, pairs, -1).to(exact).contiguous() for each in both.chunk(2, 1))
        products += q @ k.mT
        squares += torch.stack([torch.linalg.vector_norm(each, dim=-1).square() for each in (q, k)])
    norms = squares.sqrt().clamp_min(1e-12)
    cosines = products / (norms[0][:, :, None] * norms[1][:, None, :])
    similarity = (cosines * attention.temperature).to(x.dtype)
    projection = attention.project.weight.view(width, heads, pairs).transpose(0, 1) @ attention.map(similarity[None])[0]
    merged = projection.transpose(0, 1).reshape(width, width, 1, 1)
    values = slice(2 * width, 3 * width)
    rewrite(x, lambda window: window + pointwise(part(window, values), merged), 1, rows)


def run_blocks(blocks: nn.Module, x: Tensor, rows: int) -> None:
    """Applies the transformer blocks, or the experts, to `x` (1, C, H, W) in place."""
    if isinstance(blocks, Compensator):
        weights = blocks.router(x.mean((2, 3))).unflatten(1, (len(blocks.steps), -1)).softmax(-1)
        rewrite(x, lambda window: blocks.inlet(window).relu(), 0, rows)
        for i, step in enumerate(blocks.steps):
            rewrite(x, lambda window, i=i, step=step: step(window, weights[:, i]), _EXPERT_REACH, rows)  # type: ignore[misc]
        return
    for child in blocks.children():
        block: Any = child
        attend(x, block.norm1, block.attention, rows)
        reach = 4 if isinstance(block.feed_forward, MixedScaleFeedForward) else 1  # 5 x 5 twice, or 3 x 3 once
        rewrite(x, lambda w, block=block: w + block.feed_forward(block.norm2(w)), reach, rows)  # type: ignore[misc]


def rows_within(network: Pyramid, height: int, width: int, memory: float, bytes_each: int = 4) -> int:
    """The strips' rows that keep the tensors of a `height` x `width` image within `memory` bytes.

    Raises ValueError where the features themselves do not fit.
    """
    channels = network.encoder_widths[0]
    height, width = height + -height % STRIDE, width + -width % STRIDE
    kept = (3.5 * channels + 12) * height * width * bytes_each
    row = _STRIP_WIDTHS * channels * width * bytes_each
    around = 2 * _EXPERT_REACH
    rows = int((memory - kept) / row) - around
    if rows < 2:
        raise ValueError(
            f"expected memory for the features of an image of {height} x {width} pixels, found {memory / 2**30:.2f} GiB: "
            f"give at least {(kept + (around + 2) * row) / 2**30:.2f} GiB"
        )
    return min(DEFAULT_ROWS, rows - rows % 2)


@torch.no_grad()
def restore_in_strips(network: Pyramid, image: Tensor, rows: int = DEFAULT_ROWS) -> Tensor:
    """What `network` makes of `image` (N, 3, H, W), one image after another, `rows` rows at a time at every level.

    Equal to the network's own result but for the order of sums. Gives no gradients. Raises ValueError for odd `rows`,
    since halving an image takes rows in pairs.
    """
    if rows < 2 or rows % 2:
        raise ValueError(f"expected strips of an even number of rows, found {rows}: give e.g. {DEFAULT_ROWS}")
    with fast_inference(network):
        return torch.cat([_restore(network, one[None], rows) for one in image])


def _restore(network: Pyramid, image: Tensor, rows: int) -> Tensor:
    skips = _encode(network, image, rows)
    x = skips.pop()
    for k in (2, 1, 0):
        x = _ascend(network, k, x, skips.pop(), rows)
        run_blocks(network.decoder[k], x, rows)
    run_blocks(network.refinement, x, rows)
    restored = image.clone()
    for strip in strips(image.shape[2], rows, 1):
        last = min(x.shape[2], strip.bottom + 1)  # also rows of the padding
        change = strip.crop(network.output(x[:, :, strip.first : last]))
        restored[:, :, strip.top : strip.bottom] += change[..., : image.shape[-1]]
    return restored


def _encode(network: Pyramid, image: Tensor, rows: int) -> list[Tensor]:
    """The four encoder features, stride 1 first."""
    given = fast_layout(pad_to_multiple(image, STRIDE))
    embed: Any = network.embed
    convolution, experts = embed if isinstance(embed, nn.Sequential) else (embed, None)
    x = _features(given, network.encoder_widths[0], 1)
    for strip in strips(x.shape[2], rows, 1):
        x[:, :, strip.top : strip.bottom] = strip.crop(convolution(given[:, :, strip.first : strip.last]))
    if experts is not None:
        run_blocks(experts, x, rows)
    run_blocks(network.encoder[0], x, rows)
    found = [x]
    for k in (1, 2, 3):
        below = _features(x, network.encoder_widths[k], 0.5)
        for strip in strips(x.shape[2], rows, 2):  # one row would do, but rows are halved in pairs
            half = strip.crop(network.down[k - 1](x[:, :, strip.first : strip.last]), 0.5)
            below[:, :, strip.top // 2 : strip.bottom // 2] = half
        x = below
        run_blocks(network.encoder[k], x, rows)
        found.append(x)
    return found


def _ascend(network: Pyramid, k: int, x: Tensor, skip: Tensor, rows: int) -> Tensor:
    """The decoder's input at level k, from its features `x` below and the skip; over the skip where it has room."""
    joined = skip if k else _features(x, 2 * skip.shape[1], 2)
    for strip in strips(x.shape[2], rows, 1):
        own = slice(2 * strip.top, 2 * strip.bottom)
        raised = strip.crop(network.up[k](x[:, :, strip.first : strip.last]), 2)
        joined[:, :, own] = network.reduce[k](torch.cat((raised, skip[:, :, own]), 1))
    return joined


def _features(like: Tensor, channels: int, scale: float) -> Tensor:
    """Room for features of `channels` channels, `scale` times as high and wide as `like`, in its layout."""
    layout = torch.channels_last if by_pixel(like) else torch.contiguous_format
    shape = (like.shape[0], channels, int(like.shape[2] * scale), int(like.shape[3] * scale))
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=layout)
